import type { Socket } from 'node:net'
import { loadTls, type TlsConfig, UnusableFile } from '../../../../backends/http/tls-files.ts'
import { createDialer } from '../../../../http/client/dial.ts'
import { formatAddress } from '../../../../kernel/config/address.ts'
import type { Address } from '../../../../kernel/module.ts'
import type { FailedOutcome, OutputHost } from '../output.ts'

export interface StreamLinkOptions {
  readonly address: Address
  readonly tls?: TlsConfig | undefined
  readonly timeoutMs: number
}

/** After a write the receiver has so long to say that it is not there any more. */
const SETTLE_MS = 20

/** One connection that is open. */
export interface Connected {
  readonly socket: Socket
  /** Resolves with the reason once it is over. */
  readonly over: Promise<string>
}

/** A connection to a receiver; it is made again when it is lost. */
export class StreamLink {
  readonly #options: StreamLinkOptions
  readonly #host: OutputHost
  #connected: Connected | undefined

  constructor(options: StreamLinkOptions, host: OutputHost) {
    this.#options = options
    this.#host = host
    host.scope.defer(() => this.close())
  }

  /**
   * Writes what nobody acknowledges, and tells what went wrong. It is taken for delivered when the system has it all and
   * no reset came: what a dying receiver has taken and not worked on is lost.
   */
  async write(bytes: Buffer, signal: AbortSignal): Promise<FailedOutcome | undefined> {
    const connected = await this.connect(signal)
    if ('kind' in connected) return connected
    const { socket, over } = connected
    const written = new Promise<string | undefined>(resolve =>
      socket.write(bytes, error => resolve(error?.message)),
    )
    const reason =
      (await this.within(Promise.race([written, over]), signal)) ??
      (await Promise.race([over, this.#settled(signal)]))
    if (reason === undefined) return undefined
    this.close()
    return this.failure(reason)
  }

  /** The open connection, or a new one. */
  async connect(signal: AbortSignal): Promise<Connected | FailedOutcome> {
    if (this.#connected) return this.#connected
    const { address, tls } = this.#options
    try {
      const files = tls && (await loadTls(tls, `${this.#host.key}.tls`))
      const dialer = createDialer(originOf(address, tls !== undefined), files ?? {}, [])
      const socket = dialer.dial()
      const over = new Promise<string>(resolve => {
        socket.once('error', error => resolve(error.message))
        socket.once('end', () => resolve('the receiver has closed the connection'))
        socket.once('close', () => resolve('the connection is closed'))
      })
      const ready = new Promise<undefined>(resolve =>
        socket.once(dialer.readyEvent, () => resolve(undefined)),
      )
      const reason = await this.within(Promise.race([ready, over]), signal)
      if (reason !== undefined) {
        socket.on('error', () => {})
        socket.destroy()
        return this.failure(`no connection: ${reason}`)
      }
      return this.#keep(socket, over)
    } catch (error) {
      const refused = error instanceof UnusableFile
      return { ...this.failure((error as Error).message), ...(refused && { refused }) }
    }
  }

  /** Ends the connection; the next write makes another one. */
  close(): void {
    this.#connected?.socket.destroy()
    this.#connected = undefined
  }

  failure(reason: string): FailedOutcome {
    const { address } = this.#options
    return { kind: 'failed', reason: `${formatAddress(address)}: ${reason}; check ${this.#host.key}.servers` }
  }

  /** The reason, or that the time is up. */
  async within(reason: Promise<string | undefined>, signal: AbortSignal): Promise<string | undefined> {
    if (signal.aborted) return 'stopped'
    const late = Promise.withResolvers<string>()
    const onAbort = () => late.resolve('stopped')
    const timer = this.#host.clock.timeout(this.#options.timeoutMs, () => late.resolve('the time is up'))
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([reason, late.promise])
    } finally {
      timer.cancel()
      signal.removeEventListener('abort', onAbort)
    }
  }

  #keep(socket: Socket, over: Promise<string>): Connected {
    const connected = { socket, over }
    this.#connected = connected
    socket.on('error', () => {})
    socket.setKeepAlive(true, 60_000)
    // Whoever listens for data is told of it too; nobody else would notice the end.
    socket.resume()
    void over.then(() => {
      socket.destroy()
      if (this.#connected === connected) this.#connected = undefined
    })
    return connected
  }

  #settled(signal: AbortSignal): Promise<undefined> {
    return new Promise(resolve => {
      const timer = this.#host.clock.timeout(SETTLE_MS, () => resolve(undefined))
      if (!signal.aborted) return
      timer.cancel()
      resolve(undefined)
    })
  }
}

function originOf(address: Address, secure: boolean): Parameters<typeof createDialer>[0] {
  if ('path' in address) return { path: address.path, secure }
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return new URL(`${secure ? 'https' : 'http'}://${host}:${address.port}`)
}
