import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { Input } from '../input.ts'
import { type FakeInputHost, type FakeInputOptions, fakeInputHost } from '../input-fakes.ts'
import { checkInput, inputSchema, startInput } from '../kinds.ts'

export interface Bed {
  readonly host: FakeInputHost
  readonly input: Input
  readonly port: number
  /** Resolves with the texts of the records that were taken, once there are so many. */
  texts(count: number): Promise<string[]>
  dial(): Promise<Socket>
}

/** For tests: an input of a kind, as a user configures it, on a free port. */
export async function bedOf(
  t: TestContext,
  kind: string,
  config: object = {},
  options: Partial<FakeInputOptions> = {},
): Promise<Bed> {
  const host = fakeInputHost({ kind, ...options })
  t.after(() => host.close())
  const decoded = inputSchema.decode({ [kind]: config })
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
  const problems = checkInput(decoded.value, [])
  if (problems.length > 0) throw new Error(JSON.stringify(problems))
  const input = await startInput(decoded.value, { ...host, application: undefined })
  const port = host.ports[0] ?? 0
  return {
    host,
    input,
    port,
    async texts(count) {
      await until(() => host.taken.length >= count)
      return host.taken.map(({ text }) => text)
    },
    async dial() {
      const socket = connect(port, '127.0.0.1')
      t.after(() => socket.destroy())
      socket.on('error', () => {})
      await once(socket, 'connect')
      return socket
    },
  }
}

/** Turns the loop until it is so; the test's own time limit is the end of it. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 1))
}

/** Resolves with all that comes until the connection ends, however it ends. */
export async function heard(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of socket) chunks.push(chunk)
  } catch {
    // Reset.
  }
  return Buffer.concat(chunks).toString()
}

export async function sendUdp(port: number, ...datagrams: (string | Buffer)[]): Promise<void> {
  const socket = createSocket('udp4')
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  for (const datagram of datagrams) await new Promise(done => socket.send(datagram, done))
  socket.close()
}
