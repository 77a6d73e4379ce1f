import type { Endpoint, Wish } from '../clusters/cluster.ts'
import { requestHash } from '../clusters/request-hash.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import type { RequestView } from '../request.ts'

const ANY: Wish = {}

/** Which endpoint a request would like: the one of its hash, and none of those that were tried. */
export function wishOf(
  { config: { hashOn } }: RunningCluster,
  view: RequestView,
  avoid: ReadonlySet<Endpoint> | undefined,
): Wish {
  const hash = hashOn && requestHash(hashOn, view)
  if (hash === undefined) return avoid === undefined ? ANY : { avoid }
  return avoid === undefined ? { hash } : { hash, avoid }
}
