import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** An HTTP proxy on the way to a server. */
export interface ForwardProxy {
  readonly host: string
  readonly port: number
  /** The value of Proxy-Authorization, where the proxy asks for it. Never shown. */
  readonly authorization?: string
}

/** The head of the answer to CONNECT. */
const MAX_HEAD_BYTES = 16 * 1024
const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * A connection to a server through a proxy (RFC 9110, section 9.3.6). What is written before the tunnel stands waits
 * for it. It fails with `ERR_PROXY` and words of its own when the proxy cannot be reached, or does not let it pass.
 */
export class Tunnel extends Duplex {
  readonly #socket: Socket
  readonly #proxy: ForwardProxy
  readonly #target: string
  /** Resolves what was written while the tunnel was not there. */
  #held: (() => void) | undefined
  #head: Buffer | undefined = Buffer.alloc(0)

  /** `target`: `vault.internal:8200`. */
  constructor(proxy: ForwardProxy, target: string) {
    super({ allowHalfOpen: true })
    this.#proxy = proxy
    this.#target = target
    const { host, port } = proxy
    this.#socket = connect({ host, port })
    this.#socket.setNoDelay(true)
    this.#socket.once('connect', () => this.#ask())
    this.#socket.on('data', (data: Buffer) => this.#took(data))
    this.#socket.on('end', () =>
      this.#head === undefined ? this.push(null) : this.#fail('closed the connection'),
    )
    this.#socket.on('error', (error: NodeJS.ErrnoException) =>
      this.destroy(this.#head === undefined ? error : this.#error(reachedWords(error))),
    )
    this.#socket.on('close', () => this.destroy())
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#head === undefined) this.#socket.write(chunk, done)
    else this.#held = () => this.#socket.write(chunk, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }

  setTimeout(): this {
    return this
  }

  #ask(): void {
    const { authorization } = this.#proxy
    const fields = [
      `Host: ${this.#target}`,
      ...(authorization === undefined ? [] : [`Proxy-Authorization: ${authorization}`]),
    ]
    this.#socket.write(`CONNECT ${this.#target} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`)
  }

  #took(data: Buffer): void {
    if (this.#head === undefined) {
      if (!this.push(data)) this.#socket.pause()
      return
    }
    this.#head = Buffer.concat([this.#head, data])
    const end = this.#head.indexOf(HEAD_END)
    if (end === -1) {
      if (this.#head.length > MAX_HEAD_BYTES) this.#fail('sent no answer that ends')
      return
    }
    const rest = this.#head.subarray(end + HEAD_END.length)
    const [, status, words = ''] =
      /^HTTP\/1\.[01] (\d{3})(?: ([\x20-\x7e]*))?/.exec(this.#head.subarray(0, end).toString('latin1')) ?? []
    if (status === undefined) this.#fail('did not answer as an HTTP proxy does')
    else if (!status.startsWith('2')) this.#fail(`answered ${status} ${words}`.trimEnd())
    else this.#open(rest)
  }

  #open(rest: Buffer): void {
    this.#head = undefined
    this.emit('connect')
    if (rest.length > 0) this.push(rest)
    this.#held?.()
    this.#held = undefined
  }

  #fail(why: string): void {
    this.destroy(this.#error(why))
  }

  #error(why: string): Error {
    const { host, port } = this.#proxy
    const error = new Error(`the proxy ${host}:${port} ${why}`)
    return Object.assign(error, { code: 'ERR_PROXY' })
  }
}

function reachedWords({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ECONNREFUSED') return 'refused the connection'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'has a name that cannot be resolved'
  return `cannot be reached: ${message}`
}
