import type { FailureCode } from '../failure.ts'
import type { Endpoint, Lease, Wish } from './cluster.ts'
import type { RunningCluster } from './running-cluster.ts'

const secured = new WeakMap<RunningCluster, RunningCluster>()

/** The same cluster, of which only endpoints are used that are reached by TLS. */
export function securedCluster(cluster: RunningCluster): RunningCluster {
  let known = secured.get(cluster)
  if (known === undefined) {
    known = new SecuredCluster(cluster)
    secured.set(cluster, known)
  }
  return known
}

class SecuredCluster implements RunningCluster {
  readonly #cluster: RunningCluster

  constructor(cluster: RunningCluster) {
    this.#cluster = cluster
  }

  /** `identity_unknown` when there is an endpoint, but none that is reached by TLS. */
  acquire(wish: Wish): Lease | FailureCode {
    let avoid: Set<Endpoint> | undefined
    for (;;) {
      const tried = avoid ?? wish.avoid
      const lease = this.#cluster.acquire({ ...wish, securely: true, ...(tried && { avoid: tried }) })
      if (typeof lease === 'string' || this.#cluster.isSecure(lease.endpoint)) return lease
      lease.done({ outcome: 'cancelled', latencyMs: 0 })
      // It comes again only when there is no other.
      if (avoid?.has(lease.endpoint)) return 'identity_unknown'
      avoid ??= new Set(wish.avoid)
      avoid.add(lease.endpoint)
    }
  }

  get name() {
    return this.#cluster.name
  }

  get config() {
    return this.#cluster.config
  }

  get breakers() {
    return this.#cluster.breakers
  }

  get retryBudget() {
    return this.#cluster.retryBudget
  }

  get hedging() {
    return this.#cluster.hedging
  }

  get discovered() {
    return this.#cluster.discovered
  }

  get ready() {
    return this.#cluster.ready
  }

  health() {
    return this.#cluster.health()
  }

  isSecure(endpoint: Endpoint) {
    return this.#cluster.isSecure(endpoint)
  }

  endpoints() {
    return this.#cluster.endpoints()
  }

  foresee(wish: Pick<Wish, 'hash' | 'session'>) {
    return this.#cluster.foresee(wish)
  }

  update(config: RunningCluster['config']) {
    this.#cluster.update(config)
  }

  identityChanged() {
    this.#cluster.identityChanged()
  }

  showInUse() {
    this.#cluster.showInUse()
  }

  [Symbol.dispose]() {
    this.#cluster[Symbol.dispose]()
  }
}
