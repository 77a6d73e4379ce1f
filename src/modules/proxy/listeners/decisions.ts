import type { ClusterPool } from '../clusters/cluster-pool.ts'
import type { ListenerConfig } from '../config.ts'
import type { Decisions } from '../forward/forwarder.ts'
import type { Match } from '../routing/route.ts'

/** Everything to one upstream. `token` names this process and listener in Via. */
export function singleUpstream(config: ListenerConfig, token: string, clusters: ClusterPool): Decisions {
  const { requestTimeoutMs, tryTimeoutMs, retry } = config
  const match: Match = {
    prefix: '/',
    rule: {
      name: '',
      backends: [{ cluster: config.upstream, weight: 1, filters: [] }],
      totalWeight: 1,
      filters: [],
      ...(requestTimeoutMs !== undefined && { requestTimeoutMs }),
      ...(tryTimeoutMs !== undefined && { backendTimeoutMs: tryTimeoutMs }),
      ...(retry !== undefined && { retry }),
    },
  }
  return {
    hop: { forwarded: config.forwarded, scheme: 'http', via: config.via ? `1.1 ${token}` : undefined },
    encodedSlashes: config.encodedSlashes,
    find: () => match,
    cluster: name => clusters.get(name),
    admit: () => undefined,
  }
}
