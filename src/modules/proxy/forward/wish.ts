import type { Endpoint, Wish } from '../clusters/cluster.ts'
import { requestHash } from '../clusters/request-hash.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import type { RequestView } from '../request.ts'
import { endpointOf } from './session.ts'

const ANY: Wish = {}

/** Which endpoint a try should go to: that of its session, else by what the cluster goes by; `avoid` were tried already. */
export function wishOf(
  { config: { hashOn } }: RunningCluster,
  view: RequestView,
  session: string | undefined,
  avoid: ReadonlySet<Endpoint> | undefined,
): Wish {
  if (session !== undefined) return { session: endpointOf(session), ...(avoid && { avoid }) }
  const hash = hashOn && requestHash(hashOn, view)
  if (hash === undefined) return avoid === undefined ? ANY : { avoid }
  return avoid === undefined ? { hash } : { hash, avoid }
}
