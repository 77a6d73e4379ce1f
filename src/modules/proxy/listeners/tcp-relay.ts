import { connect, type Socket } from 'node:net'
import type { Clock } from '../../../kernel/clock/clock.ts'
import type { Counter, Gauge } from '../../../kernel/metrics/metrics.ts'
import type { Deadline } from '../../../kernel/module.ts'
import type { Cluster, Endpoint, Lease } from '../clusters/cluster.ts'
import { TargetMetrics } from '../forward/metrics.ts'
import { joinSockets } from '../forward/tunnel.ts'
import type { ListenerParts } from './listener.ts'

const CONNECT_MS = 5000

/** Passes connections on as they are. */
export class TcpRelay {
  readonly #clock: Clock
  readonly #parts: ListenerParts
  readonly #name: string
  readonly #open = new Set<Socket>()
  readonly #connections: Gauge
  readonly #received: Counter
  readonly #sent: Counter
  #cluster: Cluster
  #empty: (() => void) | undefined

  constructor(name: string, parts: ListenerParts, cluster: Cluster) {
    this.#name = name
    this.#parts = parts
    this.#clock = parts.host.clock
    this.#cluster = cluster
    this.#connections = parts.metrics.connections.with(name)
    this.#received = parts.metrics.bytes.with(name, 'received')
    this.#sent = parts.metrics.bytes.with(name, 'sent')
  }

  update(cluster: Cluster): void {
    this.#cluster = cluster
  }

  /** Bound; for `listen`. */
  readonly accept = (client: Socket): void => {
    const counts = new TargetMetrics(this.#parts.metrics, this.#name, '', this.#cluster.name)
    client.on('error', () => {})
    client.allowHalfOpen = true
    const lease = this.#cluster.acquire({})
    if (typeof lease === 'string') {
      counts.count(503, lease)
      client.destroy()
      return
    }
    this.#open.add(client)
    this.#connections.inc()
    client.pause()
    this.#dial(client, lease, counts)
  }

  async drain(deadline: Deadline): Promise<void> {
    if (this.#open.size === 0) return
    deadline.signal.addEventListener('abort', () => this.close(), { once: true })
    if (deadline.signal.aborted) this.close()
    await new Promise<void>(resolve => {
      this.#empty = resolve
      if (this.#open.size === 0) resolve()
    })
  }

  close(): void {
    for (const client of this.#open) client.destroy()
  }

  #dial(client: Socket, lease: Lease, counts: TargetMetrics): void {
    const startMs = this.#clock.monotonic()
    const upstream = dial(lease.endpoint)
    let connected = false
    const timer = this.#clock.timeout(CONNECT_MS, () => upstream.destroy())
    const giveUp = (): void => {
      upstream.destroy()
    }
    client.once('close', giveUp)
    upstream.on('error', () => {})
    upstream.once('connect', () => {
      connected = true
      timer.cancel()
      client.off('close', giveUp)
      const latencyMs = this.#clock.monotonic() - startMs
      joinSockets(client, upstream, bytes => {
        this.#received.inc(bytes)
        this.#sent.inc(upstream.bytesRead)
        lease.done({ outcome: 'answered', latencyMs })
        counts.count(200, undefined)
        this.#closed(client)
      })
    })
    upstream.once('close', () => {
      if (connected) return
      timer.cancel()
      const gone = client.destroyed
      lease.done({
        outcome: gone ? 'cancelled' : 'connect_failed',
        latencyMs: this.#clock.monotonic() - startMs,
      })
      counts.count(502, gone ? 'client_gone' : 'upstream_connect_failed')
      client.destroy()
      this.#closed(client)
    })
  }

  #closed(client: Socket): void {
    this.#open.delete(client)
    this.#connections.dec()
    if (this.#open.size === 0) this.#empty?.()
  }
}

function dial({ socketPath, host, port }: Endpoint): Socket {
  const socket = connect(
    socketPath === undefined
      ? { host, port, allowHalfOpen: true }
      : { path: socketPath, allowHalfOpen: true },
  )
  socket.setNoDelay(true)
  return socket
}
