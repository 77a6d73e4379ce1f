/** Clients of TLS that ask without pause, on new connections again and again, and what they were shown and told. */
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { Agent, request } from 'node:https'
import { connect, type TLSSocket } from 'node:tls'

export interface ClientKeys {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** Requests on one connection before the next one is made. */
const PER_CONNECTION = 10

export class SecureLoad implements AsyncDisposable {
  /** Requests that were answered. */
  answered = 0
  /** What went wrong, in words. */
  readonly failed: string[] = []
  /** Serial numbers of the certificates that connections were shown, by the version of HTTP; the last one is the newest. */
  readonly shown = { http1: [] as string[], http2: [] as string[] }
  readonly #port: number
  readonly #keys: ClientKeys
  readonly #workers: Promise<void>[]
  #over = false

  constructor(port: number, keys: ClientKeys, clients: number) {
    this.#port = port
    this.#keys = keys
    this.#workers = Array.from({ length: clients }, async (_, client) => {
      for (let turn = 0; !this.#over; turn++) {
        const round =
          (client + turn) % 2 === 0 ? this.#http1(`${client}-${turn}`) : this.#http2(`${client}-${turn}`)
        await round.catch((error: Error) => this.failed.push(error.message))
      }
    })
  }

  /** Resolves once both versions of HTTP are shown this certificate, and no other, on three connections in a row. */
  async sees(certificate: string): Promise<void> {
    const { serialNumber } = new X509Certificate(certificate)
    const isNew = (serials: readonly string[]) => {
      const last = serials.slice(-3)
      return last.length === 3 && last.every(serial => serial === serialNumber)
    }
    while (!isNew(this.shown.http1) || !isNew(this.shown.http2)) await this.more(1)
  }

  /** Resolves after so many more answers. */
  async more(count: number): Promise<void> {
    const until = this.answered + count
    while (this.answered < until) await new Promise(resolve => setTimeout(resolve, 5))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true
    await Promise.all(this.#workers)
  }

  async #http1(name: string): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ...this.#keys })
    try {
      for (let at = 0; at < PER_CONNECTION; at++) {
        const path = `/${name}-${at}`
        const call = request({ agent, host: '127.0.0.1', port: this.#port, path, servername: 'localhost' })
        call.end()
        const [response] = await once(call, 'response')
        if (at === 0) this.#see('http1', response.socket)
        let body = ''
        for await (const part of response) body += part
        this.#take(response.statusCode, body, path)
      }
    } finally {
      agent.destroy()
    }
  }

  async #http2(name: string): Promise<void> {
    const session = connectHttp2(`https://127.0.0.1:${this.#port}`, {
      ...this.#keys,
      servername: 'localhost',
    })
    try {
      await once(session, 'connect')
      this.#see('http2', session.socket as TLSSocket)
      for (let at = 0; at < PER_CONNECTION; at++) {
        const path = `/${name}-${at}`
        const stream = session.request({ ':path': path })
        const [headers] = await once(stream, 'response')
        let body = ''
        for await (const part of stream) body += part
        this.#take(headers[':status'], body, path)
      }
    } finally {
      session.close()
    }
  }

  #see(version: 'http1' | 'http2', socket: TLSSocket): void {
    this.shown[version].push(new X509Certificate(socket.getPeerCertificate().raw).serialNumber)
  }

  #take(status: number, body: string, path: string): void {
    if (status === 200 && body === path) this.answered++
    else this.failed.push(`${status} ${body}`)
  }
}

/** A connection of TLS that gives its session away; resolves with it and whether it went on with the one that is given. */
export async function visit(
  port: number,
  keys: ClientKeys,
  maxVersion: 'TLSv1.2' | 'TLSv1.3',
  session?: Buffer,
): Promise<{ readonly session: Buffer; readonly resumed: boolean }> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    ...keys,
    maxVersion,
    servername: 'localhost',
    ...(session && { session }),
  })
  const sessions: Buffer[] = []
  socket.on('session', next => sessions.push(next))
  await once(socket, 'secureConnect')
  socket.write('GET /visit HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'data')
  const resumed = socket.isSessionReused()
  const last = sessions.at(-1) ?? socket.getSession()!
  socket.destroy()
  return { session: last, resumed }
}
