import type { Socket } from 'node:net'
import type { Counter } from '../../../kernel/metrics/metrics.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import { FAILURES, type FailureCode } from '../failure.ts'
import { Dial, type DialOwner } from '../forward/dial.ts'
import { TargetMetrics } from '../forward/metrics.ts'
import { NOTHING, type Tunnel, type TunnelSide, type Tunnels } from '../forward/tunnels.ts'
import type { ListenerParts } from './listener.ts'

interface ClientSide extends TunnelSide {
  readonly stream: Socket
}

/** Passes connections on as they are. */
export class TcpRelay {
  /** Those that are open. */
  connections = 0
  readonly #parts: ListenerParts
  readonly #name: string
  readonly #tunnels: Tunnels
  readonly #received: Counter
  readonly #sent: Counter

  constructor(name: string, parts: ListenerParts, tunnels: Tunnels) {
    this.#name = name
    this.#parts = parts
    this.#tunnels = tunnels
    this.#received = parts.metrics.bytes.with(name, 'received')
    this.#sent = parts.metrics.bytes.with(name, 'sent')
  }

  /**
   * Passes a connection on to a cluster, which metrics know by `label`; without one it is closed. `rest` is what it has
   * said and cannot be read from it again; `begun`: that is TLS with whom the client means to reach.
   */
  carry(
    client: Socket,
    cluster: RunningCluster | undefined,
    label = cluster?.name ?? '',
    rest: Buffer = NOTHING,
    begun = false,
  ): void {
    client.on('error', ignore)
    client.allowHalfOpen = true
    client.pause()
    if (cluster === undefined) {
      this.refuse(client, 'route_not_found', FAILURES.route_not_found.about)
      return
    }
    const tunnel = this.#tunnels.reserve()
    if (tunnel === undefined) {
      this.refuse(client, 'circuit_open', 'as many tunnels as are allowed', label)
      return
    }
    this.connections++
    this.#dial({ stream: client, rest }, cluster, label, tunnel, begun)
  }

  refuse(client: Socket, code: FailureCode, detail: string, label = ''): void {
    this.#counts(label).count(FAILURES[code].status, code)
    this.#tell(client, label, undefined, code, detail)
    client.destroy()
  }

  #counts(label: string): TargetMetrics {
    return new TargetMetrics(this.#parts.metrics, this.#name, '', label)
  }

  #dial(side: ClientSide, cluster: RunningCluster, label: string, tunnel: Tunnel, begun: boolean): void {
    const client = side.stream
    const over = (status: number, code?: FailureCode): void => {
      this.#counts(label).count(status, code)
      this.connections--
    }
    const { host, clients } = this.#parts
    const owner: DialOwner = {
      connected: (upstream, release) => {
        client.off('close', gone)
        tunnel.join(side, { stream: upstream, rest: NOTHING }, () => {
          release()
          this.#received.inc(tunnel.received)
          this.#sent.inc(tunnel.sent)
          over(200)
        })
      },
      failed: (code, detail, endpoint) => {
        client.off('close', gone)
        this.#tell(client, cluster.name, endpoint?.key, code, detail)
        client.destroy()
        tunnel.giveUp()
        over(FAILURES[code].status, code)
      },
    }
    const dial = new Dial(cluster, host.clock, owner, endpoint => clients.dialer(cluster, endpoint, begun))
    const gone = (): void => {
      dial.cancel()
      tunnel.giveUp()
      over(FAILURES.client_gone.status, 'client_gone')
    }
    client.once('close', gone)
    tunnel.onBreak(() => client.destroy())
    dial.begin()
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
}

function ignore(): void {}
