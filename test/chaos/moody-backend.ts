/** A backend that can be put into every kind of trouble, and that knows which requests it has seen. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

export type Mood = 'good' | 'slow' | 'hung' | 'reset' | 'killed' | 'error' | 'nonsense' | 'cut'

const SLOW_MS = 30
const ANSWER: Readonly<Partial<Record<Mood, (socket: Socket, id: string) => void>>> = {
  good: (socket, id) => void socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${id.length}\r\n\r\n${id}`),
  slow: (socket, id) => void setTimeout(() => ANSWER.good!(socket, id), SLOW_MS),
  reset: socket => void socket.resetAndDestroy(),
  error: socket => void socket.write('HTTP/1.1 503 no\r\nContent-Length: 0\r\n\r\n'),
  nonsense: socket => void socket.end('SSH-2.0-OpenSSH\r\n\r\n'),
  cut: socket => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nhalf'),
}

export class MoodyBackend implements AsyncDisposable {
  mood: Mood = 'good'
  /** How often each request was seen, by the id in its path. */
  readonly seen = new Map<string, number>()
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  port = 0

  static async start(): Promise<MoodyBackend> {
    const backend = new MoodyBackend()
    await backend.#listen()
    return backend
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  get connections(): number {
    return this.#sockets.size
  }

  async become(mood: Mood): Promise<void> {
    if (mood === 'killed') await this.#close()
    // What hung so far hangs on: nobody answers it now.
    this.mood = mood
    if (mood !== 'killed' && this.#server === undefined) await this.#listen()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
  }

  async #listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: false }, socket => this.#accept(socket))
    server.listen(this.port, '127.0.0.1')
    await once(server, 'listening')
    this.port = (server.address() as AddressInfo).port
    this.#server = server
  }

  async #close(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    const closed = once(server, 'close')
    server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {})
    let text = ''
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end === -1) return
      const id = /^\S+ \/(\S*) /.exec(text)?.[1] ?? ''
      text = text.slice(end + 4)
      this.seen.set(id, (this.seen.get(id) ?? 0) + 1)
      ANSWER[this.mood]?.(socket, id)
    })
  }
}
