import type { Counter, Family } from '../../../kernel/metrics/metrics.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import { securedCluster } from '../clusters/secured-cluster.ts'
import type { MutualTls } from './config.ts'
import type { PeerBook } from './peer-book.ts'

/** The mutual TLS of a listener whose clients name their destinations. */
export interface PeersOnDemand {
  readonly book: PeerBook
  /** Counts what goes without TLS. */
  readonly plain: Counter
}

/** Undefined where places are reached as clients would reach them. */
export function peersOnDemand(
  mode: MutualTls,
  book: PeerBook,
  plain: Family<Counter>,
  listener: string,
): PeersOnDemand | undefined {
  return mode === 'off' ? undefined : { book, plain: plain.with(listener) }
}

/** The cluster as a listener of this mode may use it for what its clients send without TLS. */
export function forPlainClients(
  mode: MutualTls,
  cluster: RunningCluster | undefined,
): RunningCluster | undefined {
  return mode === 'strict' && cluster !== undefined ? securedCluster(cluster) : cluster
}
