import { connect, type Socket } from 'node:net'
import type { Clock } from '../../../kernel/clock/clock.ts'
import type { Counter, Gauge } from '../../../kernel/metrics/metrics.ts'
import type { Deadline } from '../../../kernel/module.ts'
import type { Endpoint, Lease, Wish } from '../clusters/cluster.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import { FAILURES, type FailureCode } from '../failure.ts'
import { TargetMetrics } from '../forward/metrics.ts'
import { joinStreams } from '../forward/tunnel.ts'
import type { ListenerParts } from './listener.ts'

const ANY: Wish = {}

/** Passes connections on as they are. */
export class TcpRelay {
  readonly #clock: Clock
  readonly #parts: ListenerParts
  readonly #name: string
  readonly #open = new Set<Socket>()
  readonly #connections: Gauge
  readonly #received: Counter
  readonly #sent: Counter
  readonly #cluster: () => RunningCluster | undefined
  #empty: (() => void) | undefined

  constructor(name: string, parts: ListenerParts, cluster: () => RunningCluster | undefined) {
    this.#name = name
    this.#parts = parts
    this.#clock = parts.host.clock
    this.#cluster = cluster
    this.#connections = parts.metrics.connections.with(name)
    this.#received = parts.metrics.bytes.with(name, 'received')
    this.#sent = parts.metrics.bytes.with(name, 'sent')
  }

  /** Bound; for `listen`. */
  readonly accept = (client: Socket): void => {
    const cluster = this.#cluster()
    client.on('error', () => {})
    client.allowHalfOpen = true
    client.pause()
    this.#open.add(client)
    this.#connections.inc()
    if (cluster === undefined)
      this.#refuse(client, '', 'route_not_found', new TargetMetrics(this.#parts.metrics, this.#name, '', ''))
    else if (cluster.discovered) this.#begin(client, cluster)
    else cluster.ready.then(() => this.#begin(client, cluster))
  }

  #begin(client: Socket, cluster: RunningCluster): void {
    const counts = new TargetMetrics(this.#parts.metrics, this.#name, '', cluster.name)
    const { connections } = cluster.breakers
    if (client.destroyed) {
      counts.count(FAILURES.client_gone.status, 'client_gone')
      this.#closed(client)
      return
    }
    if (!connections.tryAcquire()) {
      this.#refuse(client, cluster.name, 'circuit_open', counts)
      return
    }
    const lease = cluster.acquire(ANY)
    if (typeof lease === 'string') {
      connections.release()
      this.#refuse(client, cluster.name, lease, counts)
    } else this.#dial(client, cluster, lease, counts)
  }

  #refuse(client: Socket, upstream: string, code: FailureCode, counts: TargetMetrics): void {
    counts.count(FAILURES[code].status, code)
    this.#tell(client, upstream, undefined, code, '')
    client.destroy()
    this.#closed(client)
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

  #dial(client: Socket, cluster: RunningCluster, lease: Lease, counts: TargetMetrics): void {
    const startMs = this.#clock.monotonic()
    const upstream = dial(lease.endpoint)
    let connected = false
    const timer = this.#clock.timeout(cluster.config.connectTimeoutMs, () => upstream.destroy())
    const giveUp = (): void => {
      upstream.destroy()
    }
    client.once('close', giveUp)
    let reason = 'the endpoint did not take the connection in time'
    upstream.on('error', error => {
      reason = error.message
    })
    upstream.once('connect', () => {
      connected = true
      timer.cancel()
      client.off('close', giveUp)
      const latencyMs = this.#clock.monotonic() - startMs
      joinStreams(client, upstream, bytes => {
        this.#received.inc(bytes)
        this.#sent.inc(upstream.bytesRead)
        lease.done({ outcome: 'answered', latencyMs })
        cluster.breakers.connections.release()
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
      cluster.breakers.connections.release()
      counts.count(502, gone ? 'client_gone' : 'upstream_connect_failed')
      if (!gone) this.#tell(client, cluster.name, lease.endpoint.key, 'upstream_connect_failed', reason)
      client.destroy()
      this.#closed(client)
    })
  }

  #tell(
    client: Socket,
    upstream: string,
    endpoint: string | undefined,
    code: FailureCode,
    detail: string,
  ): void {
    const scene = { listener: this.#name, upstream, endpoint, client: client.remoteAddress ?? 'unix' }
    this.#parts.failures.tell(scene, code, detail)
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
