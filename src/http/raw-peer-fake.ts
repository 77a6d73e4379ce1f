import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** For tests: one end of a TCP connection that says and hears bytes, as latin1 text. */
export class RawPeer {
  readonly socket: Socket
  heardBytes = 0
  #parts: string[] = []
  ended = false
  closed = false
  #wake: (() => void) | undefined

  constructor(socket: Socket) {
    this.socket = socket
    const wake = (): void => this.#wake?.()
    socket.on('data', chunk => {
      this.#parts.push(chunk.toString('latin1'))
      this.heardBytes += chunk.length
      wake()
    })
    socket.on('end', () => {
      this.ended = true
      wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
      wake()
    })
  }

  static async connect(port: number): Promise<RawPeer> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    await once(socket, 'connect')
    return new RawPeer(socket)
  }

  get heard(): string {
    if (this.#parts.length > 1) this.#parts = [this.#parts.join('')]
    return this.#parts[0] ?? ''
  }

  forget(): void {
    this.#parts = []
    this.heardBytes = 0
  }

  say(text: string): void {
    this.socket.write(text, 'latin1')
  }

  /** Resolves with all that was heard, once it fits or no more can come. */
  async hears(condition: RegExp | ((peer: RawPeer) => boolean)): Promise<string> {
    const fits = (): boolean => (condition instanceof RegExp ? condition.test(this.heard) : condition(this))
    while (!fits()) {
      if (this.closed || (this.ended && !fits()))
        throw new Error(`closed after ${JSON.stringify(this.heard.slice(-500))}`)
      await this.#change()
    }
    return this.heard
  }

  /** Resolves with all that was heard when the other side has ended. */
  async end(): Promise<string> {
    while (!this.ended && !this.closed) await this.#change()
    return this.heard
  }

  async gone(): Promise<void> {
    while (!this.closed) await this.#change()
  }

  #change(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = resolve
    })
  }
}

/** For tests: a listener on a free loopback port. */
export async function listen(
  onConnection: (socket: Socket) => void,
): Promise<{ port: number; server: Server }> {
  const server = createServer({ allowHalfOpen: true }, onConnection).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, server }
}

/** For tests: a few turns of the event loop, so that what has been sent inside this process has arrived. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>(resolve => setImmediate(resolve))
}
