import type { RequestView } from '../request.ts'
import type { RouteScope } from './attachment.ts'
import { serviceUpstreams } from './references.ts'
import type { Match, Rule } from './route.ts'

/** What a rule that no document has is made from. */
export type RuleDefaults = Pick<Rule, 'requestTimeoutMs' | 'backendTimeoutMs' | 'retry'>

/** A rule that sends everything to one cluster. */
export function ruleTo(cluster: string, name: string, defaults: RuleDefaults): Rule {
  return {
    name,
    backends: [{ cluster, weight: 1, filters: [] }],
    totalWeight: 1,
    filters: [],
    ...defaults,
  }
}

/** Where requests go that no route governs: to the upstream that they name. */
export class ImplicitRoutes {
  readonly #scope: RouteScope
  readonly #has: (cluster: string) => boolean
  readonly #defaults: RuleDefaults
  /** By `host:port`, of those that exist: as many as there are upstreams, under a few names each. */
  readonly #known = new Map<string, Match>()

  constructor(scope: RouteScope, has: (cluster: string) => boolean, defaults: RuleDefaults) {
    this.#scope = scope
    this.#has = has
    this.#defaults = defaults
  }

  find({ host, port }: Pick<RequestView, 'host' | 'port'>): Match | undefined {
    const key = `${host}:${port}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const cluster = namesOf(host, port, this.#scope).find(this.#has)
    if (cluster === undefined) return undefined
    const match = { prefix: '', rule: ruleTo(cluster, `implicit/${cluster}`, this.#defaults) }
    this.#known.set(key, match)
    return match
  }
}

/** The upstreams that a request may mean by its host, the most exact one first: those of the service, then plain names. */
export function namesOf(host: string, port: number, scope: RouteScope): string[] {
  const { namespace, clusterDomain = 'cluster.local' } = scope
  const inside = host.endsWith(`.svc.${clusterDomain}`) ? host.slice(0, -clusterDomain.length - 1) : host
  const short = inside.endsWith('.svc') ? inside.slice(0, -4) : inside
  const dot = short.indexOf('.')
  const [name, home] = dot === -1 ? [short, namespace] : [short.slice(0, dot), short.slice(dot + 1)]
  return [...new Set([...serviceUpstreams(name, home, port, namespace), `${host}:${port}`, host])]
}
