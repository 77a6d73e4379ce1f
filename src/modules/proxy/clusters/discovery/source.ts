import type { Clock } from '../../../../kernel/clock/clock.ts'
import type { EndpointSpec } from '../member.ts'

/** The contract between a cluster and its source of endpoints. */
export interface EndpointSink {
  /** `clusterIPs` are those of the Service, where the source knows them. */
  found(endpoints: readonly EndpointSpec[], clusterIPs?: readonly string[]): void
  /** One line for people, naming the source. What was found before stays in use. */
  failed(reason: string): void
}

export interface DiscoveryWorld {
  readonly clock: Clock
  readonly random: () => number
}
