import type { Counter } from '../../../kernel/metrics/metrics.ts'
import { TargetMetrics } from '../forward/metrics.ts'
import type { Tunnels } from '../forward/tunnels.ts'
import type { Watchable } from '../observation/observation.ts'
import type { Refusal } from '../refusal.ts'
import type { ListenerParts } from './listener.ts'
import { type ConnectionGate, type Passed, PassedConnection, type Target } from './passed-connection.ts'

/** Passes connections of one listener on as they are. */
export class TcpRelay {
  /** Those that are open. */
  connections = 0
  readonly name: string
  readonly parts: Pick<ListenerParts, 'host' | 'metrics' | 'failures' | 'clients'>
  readonly tunnels: Tunnels
  readonly watched: Watchable
  readonly received: Counter
  readonly sent: Counter

  /** `watched`: its observer hears of the connections. */
  constructor(name: string, parts: TcpRelay['parts'], tunnels: Tunnels, watched: Watchable) {
    this.name = name
    this.parts = parts
    this.tunnels = tunnels
    this.watched = watched
    this.received = parts.metrics.bytes.with(name, 'received')
    this.sent = parts.metrics.bytes.with(name, 'sent')
  }

  /** Passes a connection on, when the gate lets it; without a target it is closed. */
  carry(passed: Passed, target: Target | undefined, gate: ConnectionGate | undefined): void {
    new PassedConnection(this, passed).begin(target, gate)
  }

  refuse(passed: Passed, refused: Pick<Refusal, 'code' | 'detail'>): void {
    new PassedConnection(this, passed).refuse(refused)
  }

  counts(label: string): TargetMetrics {
    return new TargetMetrics(this.parts.metrics, this.name, '', label)
  }
}
