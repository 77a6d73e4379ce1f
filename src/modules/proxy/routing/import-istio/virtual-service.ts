import { filtersOf, headerFilters, limitsOf, redirectFilter } from './actions.ts'
import { backendRef, serviceOf } from './host.ts'
import { type Matches, matchesOf } from './match.ts'
import type { Section } from './section.ts'

interface Place {
  readonly name: string
  readonly namespace: string
}

/** The routes that a VirtualService is: one for HTTP, and one for each rule of TLS and TCP. */
export function routesOf(spec: Section, place: Place): object[] {
  const parents = parentsOf(spec, place)
  spec.leave('exportTo', 'is not carried over: who a route holds for follows from its namespace')
  const http = spec.sections('http').flatMap(rule => httpRules(rule, place))
  const tls = spec.sections('tls').flatMap(rule => connectionRoutes('TLSRoute', rule, place, parents.refs))
  const tcp = spec.sections('tcp').flatMap(rule => connectionRoutes('TCPRoute', rule, place, parents.refs))
  spec.end()
  if (parents.refs.length === 0) return []
  const hostnames = parents.hostnames.length > 0 ? { hostnames: parents.hostnames } : {}
  const routes =
    http.length > 0
      ? [route('HTTPRoute', place, { parentRefs: parents.refs, ...hostnames, rules: http })]
      : []
  return [...routes, ...numbered(tls), ...numbered(tcp)]
}

function route(kind: string, { name, namespace }: Place, spec: object): object {
  return { apiVersion: 'gateway.networking.k8s.io/v1', kind, metadata: { name, namespace }, spec }
}

interface Parents {
  readonly refs: readonly object[]
  readonly hostnames: readonly string[]
}

function parentsOf(spec: Section, { namespace }: Place): Parents {
  const hosts = spec.texts('hosts')
  const gateways = spec.has('gateways') ? spec.texts('gateways') : ['mesh']
  const refs: object[] = []
  for (const gateway of gateways.filter(gateway => gateway !== 'mesh')) {
    const [name, home = namespace] = gateway.split('/').reverse()
    refs.push({ kind: 'Gateway', name, ...(home !== namespace && { namespace: home }) })
  }
  const toGateway = refs.length > 0
  const hostnames = toGateway ? hosts.filter(host => host !== '*').map(host => fullName(host, namespace)) : []
  for (const host of gateways.includes('mesh') ? hosts : []) {
    const service = serviceOf(host, namespace)
    if (service !== undefined) {
      const home = service.namespace === namespace ? {} : { namespace: service.namespace }
      refs.push({ group: '', kind: 'Service', name: service.name, ...home })
    } else if (!toGateway)
      spec.tell(`${host} is no Service of the cluster, so no route can be attached to it`, 'hosts')
  }
  return { refs, hostnames }
}

function fullName(host: string, namespace: string): string {
  return host.includes('.') ? host : `${host}.${namespace}.svc.cluster.local`
}

function httpRules(rule: Section, { namespace }: Place): object[] {
  for (const key of ['directResponse', 'delegate']) {
    if (!rule.has(key)) continue
    rule.leave(key, 'has no counterpart: the rule is left out')
    return []
  }
  rule.leave('fault', 'is not carried over: faults are configured apart from routes')
  const conditions = rule.sections('match')
  const found = matchesOf(conditions)
  if (conditions.length > 0 && found.prefix.length + found.other.length === 0) return []
  const name = ruleName(rule.text('name'))
  const redirect = rule.section('redirect')
  const build = (matches: readonly object[], byPrefix: boolean): object => {
    const head = { ...(name !== undefined && { name }), ...(matches.length > 0 && { matches }) }
    if (redirect !== undefined) return { ...head, filters: [redirectFilter(redirect)] }
    return { ...head, ...forwarding(rule, byPrefix, namespace) }
  }
  const rules = split(rule, found).map(([matches, byPrefix]) => build(matches, byPrefix))
  if (redirect !== undefined) for (const key of ['timeout', 'retries', 'headers', 'route']) rule.take(key)
  rule.end()
  return rules.filter(each => 'backendRefs' in each || redirect !== undefined)
}

function ruleName(name: string | undefined): string | undefined {
  const clean = name
    ?.toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
  return clean === '' ? undefined : clean
}

/** A rewrite means the prefix for matches by prefix and the whole path for others: those need a rule each. */
function split(rule: Section, { prefix, other }: Matches): [readonly object[], boolean][] {
  if (other.length === 0) return [[prefix, true]]
  if (prefix.length === 0 || !rule.has('rewrite')) return [[[...prefix, ...other], prefix.length > 0]]
  return [
    [prefix, true],
    [other, false],
  ]
}

function forwarding(rule: Section, byPrefix: boolean, namespace: string): object {
  const filters = filtersOf(rule, byPrefix, namespace)
  const backendRefs = destinations(rule, namespace)
  if (backendRefs.length === 0) {
    rule.tell('no destination is left: the rule is left out', 'route')
    return {}
  }
  return { ...(filters.length > 0 && { filters }), backendRefs, ...limitsOf(rule) }
}

function destinations(rule: Section, namespace: string): object[] {
  return rule.sections('route').flatMap(each => {
    const weight = each.number('weight')
    const filters = headerFilters(each.section('headers'))
    const ref = backendRef(each.section('destination'), namespace)
    each.end()
    if (ref === undefined) return []
    return [{ ...ref, ...(weight !== undefined && { weight }), ...(filters.length > 0 && { filters }) }]
  })
}

/** Without names yet: `numbered` gives each its own. */
function connectionRoutes(
  kind: 'TLSRoute' | 'TCPRoute',
  rule: Section,
  place: Place,
  parents: readonly object[],
): ((suffix: string) => object)[] {
  const backendRefs = destinations(rule, place.namespace)
  const conditions = rule.sections('match')
  rule.end()
  if (backendRefs.length === 0) {
    rule.tell('no destination is left: the rule is left out', 'route')
    return []
  }
  if (conditions.length === 0) return [make(undefined, [])]
  return conditions.flatMap(condition => {
    const hostnames = condition.texts('sniHosts')
    const port = condition.number('port')
    const strange = condition.keys().filter(key => !['sniHosts', 'port'].includes(key))
    for (const key of strange) condition.leave(key, 'the condition has no counterpart: the match is left out')
    return strange.length > 0 ? [] : [make(port, hostnames)]
  })

  function make(port: number | undefined, hostnames: readonly string[]): (suffix: string) => object {
    const parentRefs = parents.map(parent => ({ ...parent, ...(port !== undefined && { port }) }))
    const spec = { parentRefs, ...(hostnames.length > 0 && { hostnames }), rules: [{ backendRefs }] }
    return suffix => route(kind, { ...place, name: `${place.name}${suffix}` }, spec)
  }
}

function numbered(makers: readonly ((suffix: string) => object)[]): object[] {
  return makers.map((make, i) => make(makers.length === 1 ? '' : `-${i + 1}`))
}
