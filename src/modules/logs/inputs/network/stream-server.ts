import type { Socket } from 'node:net'
import { DeadlineWheel } from '../../../../http/deadline-wheel.ts'
import { formatAddress } from '../../../../kernel/config/address.ts'
import type { Address, Deadline, Listening } from '../../../../kernel/module.ts'
import type { ServerTlsConfig } from '../../../../kernel/server-tls/config.ts'
import type { InputHost } from '../input.ts'
import { Connection, type Peer, type Session } from './connection.ts'
import { openInputTls } from './handshakes.ts'
import { NetworkMeters } from './meters.ts'

export interface StreamServerOptions {
  readonly listen: Address
  readonly tls?: ServerTlsConfig | undefined
  readonly maxConnections: number
  readonly timeoutMs: number
  readonly idleTimeoutMs?: number | undefined
  /** A protocol's side of each connection. */
  open(peer: Peer): Session
}

/** Between two signs that the other side lives, for senders that are quiet: who is gone must not keep a connection. */
const KEEP_ALIVE_MS = 60_000

/** What is left to do with a server until its scope closes. */
export interface Server {
  /** Lets nobody in any more, and takes what is on its way. */
  drain(deadline: Deadline): Promise<void>
}

/** Listens for connections and reads each of them, as far as the limits allow. */
export async function serveStreams(
  options: StreamServerOptions,
  host: InputHost,
  meters = new NetworkMeters(host),
): Promise<Server> {
  const server = new StreamServer(options, host, meters)
  host.scope.defer(() => server.close())
  await server.listen()
  return server
}

class StreamServer implements Server {
  readonly #options: StreamServerOptions
  readonly #host: InputHost
  readonly #meters: NetworkMeters
  readonly #wheel: DeadlineWheel
  readonly #running = new Map<Connection, Promise<void>>()
  #open = 0
  #served = 0
  #listening: Listening | undefined

  constructor(options: StreamServerOptions, host: InputHost, meters: NetworkMeters) {
    this.#options = options
    this.#host = host
    this.#meters = meters
    this.#wheel = new DeadlineWheel(host.clock)
  }

  async listen(): Promise<void> {
    const { tls, listen } = this.#options
    const host = this.#host
    const acceptor =
      tls && (await openInputTls({ tls, alpn: [], metric: 'network_handshakes_failed_total' }, host))
    this.#listening = await host.listen(listen, raw => {
      if (!this.#admit(raw)) return
      const from = raw.remoteAddress ?? ''
      if (acceptor) acceptor.accept(raw, socket => this.#serve(socket, from))
      else this.#serve(raw, from)
    })
    const address = formatAddress(this.#listening.address)
    host.log.info('listening', `input ${host.name} takes records at ${address}`, {
      input: host.name,
      address,
    })
  }

  #admit(raw: Socket): boolean {
    const { maxConnections } = this.#options
    if (this.#open >= maxConnections) {
      const message = `${this.#host.key}: there are ${maxConnections} connections already (maxConnections)`
      this.#meters.refused('connections', message, raw.remoteAddress ?? '')
      raw.destroy()
      return false
    }
    this.#open++
    this.#meters.connections.inc()
    raw.once('close', () => {
      this.#open--
      this.#meters.connections.dec()
    })
    raw.setKeepAlive(true, KEEP_ALIVE_MS)
    return true
  }

  #serve(socket: Socket, from: string): void {
    const { timeoutMs, idleTimeoutMs, open } = this.#options
    const options = { host: this.#host, meters: this.#meters, timer: this.#wheel, timeoutMs, idleTimeoutMs }
    const connection = new Connection(socket, { number: ++this.#served, remoteAddress: from }, options)
    const over = connection.run(open).finally(() => {
      this.#wheel.remove(connection)
      this.#running.delete(connection)
    })
    this.#running.set(connection, over)
  }

  async drain(deadline: Deadline): Promise<void> {
    await this.#listening?.close()
    for (const connection of this.#running.keys()) connection.drain()
    const late = Promise.withResolvers<void>()
    const onLate = () => late.resolve()
    deadline.signal.addEventListener('abort', onLate, { once: true })
    if (deadline.signal.aborted) onLate()
    await Promise.race([Promise.all(this.#running.values()), late.promise])
    deadline.signal.removeEventListener('abort', onLate)
  }

  close(): void {
    for (const connection of this.#running.keys()) connection.destroy()
  }
}
