import type { Wish } from '../clusters/cluster.ts'
import type { ClusterConfig, HashOn } from '../clusters/config.ts'
import { specOf } from '../clusters/discovery/endpoint-list.ts'
import { keyOf, Member } from '../clusters/member.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import { Selection } from '../clusters/selection.ts'
import { sessionKey } from '../clusters/session-key.ts'
import type { ClusterView, EndpointForecast, EndpointView } from '../clusters/view.ts'
import type { FailureCode } from '../failure.ts'

/** A backend of a rule, as a request would find it. */
export interface UpstreamExplanation {
  readonly name: string
  /** Of the requests that meet the rule, from 0 to 1. */
  readonly share: number
  /** Those that the request would most likely go to first, where there are very many. */
  readonly endpoints: readonly EndpointExplanation[]
  /** Endpoints beside these. */
  readonly others: number
  /** Where the request goes; `certain: false` where the balancer draws lots, and this is the likeliest. */
  readonly next?: { readonly endpoint: string; readonly certain: boolean; readonly why: string }
  /** Where endpoints come from that the configuration does not list. */
  readonly source?: string
  /** How one is chosen, and how it is connected to. */
  readonly choice: string
  readonly connects: string
  /** Only of a running sidecar, as `endpoints[].state` and what follows it. */
  readonly breakers?: ClusterView['breakers']
  /** Why a request would get no endpoint. */
  readonly failure?: FailureCode
  readonly notes: readonly string[]
}

export type EndpointExplanation = Pick<EndpointView, 'endpoint' | 'weight' | 'zone' | 'identity'> &
  EndpointForecast &
  Partial<Pick<EndpointView, 'state' | 'active' | 'latencyMs' | 'ejections'>>

/** What a request asks of the balancing, and why. */
export interface Aim {
  readonly wish: Pick<Wish, 'hash' | 'session'>
  /** `the cookie sid leads there`; undefined: it asks for nothing. */
  readonly why?: string
  /** What it lacks that the balancing would go by. */
  readonly lacks?: string
}

const MAX_ENDPOINTS = 50

/** A backend to explain. */
export interface Subject extends Pick<UpstreamExplanation, 'name' | 'share'> {
  readonly config: ClusterConfig | undefined
  /** As it works now; undefined where nothing runs, or where nobody uses it now. */
  readonly cluster: RunningCluster | undefined
  readonly isLive: boolean
  /** Bytes go there as they come, and not requests. */
  readonly isTunnel: boolean
}

export function explainUpstream(subject: Subject, aim: Aim): UpstreamExplanation {
  const { name, share, config, cluster, isLive, isTunnel } = subject
  const listed = { name, share }
  if (config === undefined)
    return {
      ...{ ...listed, endpoints: [], others: 0, choice: '', connects: '' },
      ...{ failure: 'no_backend', notes: ['is not configured'] },
    }
  const view = cluster?.foresee(aim.wish)
  const planned = view ?? plan(config, aim)
  const endpoints = mostLikely(planned.endpoints)
  const next = nextOf(planned, config, aim, view !== undefined)
  const known = view !== undefined ? cluster!.discovered : config.endpoints !== undefined
  const failure = failureOf(planned.endpoints, known, view)
  return {
    ...listed,
    endpoints,
    others: planned.endpoints.length - endpoints.length,
    ...(next && { next }),
    ...(config.discovery && { source: sourceOf(config.discovery) }),
    choice: choiceOf(config),
    connects: connectsOf(config, isTunnel),
    ...(view && { breakers: view.breakers }),
    ...(failure && { failure }),
    notes: notesOf(config, view, { known, isLive, isAstray: known && isAstray(aim, planned.next) }, aim),
  }
}

type Planned = Pick<ClusterView, 'next'> & { readonly endpoints: readonly EndpointExplanation[] }

/** By the file alone, as if all were well. */
function plan({ endpoints = [], balancing, preferZone, panicThreshold }: ClusterConfig, aim: Aim): Planned {
  const members = endpoints.map(each => new Member(specOf(each), 0, false))
  const rules = { balancing, preferZone, panicThreshold, slowStartMs: 0, random: () => 0 }
  const { shares } = new Selection(members, () => true, rules).foresee(aim.wish, 0)
  const shown = members.map(({ key, weight, zone, identity }) => ({
    ...{ endpoint: key, weight },
    ...(zone !== undefined && { zone }),
    ...(identity !== undefined && { identity }),
  }))
  // Whose turn it is only the sidecar knows.
  const only = members.find(member => shares.get(member) === 1)
  return {
    endpoints: shown.map((each, at) => ({ ...each, share: shares.get(members[at]!) ?? 0 })),
    ...(only && { next: keyOf(only) }),
  }
}

function mostLikely(endpoints: readonly EndpointExplanation[]): readonly EndpointExplanation[] {
  if (endpoints.length <= MAX_ENDPOINTS) return endpoints
  return endpoints.toSorted((one, other) => other.share - one.share).slice(0, MAX_ENDPOINTS)
}

function nextOf(
  { endpoints, next }: Planned,
  { balancing }: ClusterConfig,
  aim: Aim,
  isLive: boolean,
): UpstreamExplanation['next'] {
  const usable = endpoints.filter(({ share }) => share > 0)
  if (next !== undefined) {
    const led = aim.why !== undefined && !isAstray(aim, next)
    const alone = endpoints.length === 1 ? 'it is the only one' : 'no other may be used'
    const why = usable.length > 1 ? 'it is its turn' : led && endpoints.length > 1 ? aim.why! : alone
    return { endpoint: next, certain: true, why }
  }
  if (!isLive || usable.length === 0) return undefined
  const likeliest = usable.reduce((best, other) => (other.share > best.share ? other : best))
  if (usable.length > 1 && usable.every(({ share }) => share === likeliest.share)) return undefined
  const drawn = balancing === 'peak_ewma' || balancing === 'least_request'
  const reason = drawn ? 'it has the least load, of any two that are drawn' : 'it has the largest share'
  return { endpoint: likeliest.endpoint, certain: usable.length === 1, why: reason }
}

/** The endpoint of the session may not be used. */
function isAstray({ wish: { session } }: Aim, next: string | undefined): boolean {
  return session !== undefined && (next === undefined || sessionKey(next) !== session)
}

function failureOf(
  endpoints: readonly EndpointExplanation[],
  known: boolean,
  view: ClusterView | undefined,
): FailureCode | undefined {
  if (known && endpoints.every(({ share }) => share === 0)) return 'no_healthy_upstream'
  return view?.breakers.requests.open ? 'circuit_open' : undefined
}

function notesOf(
  { discovery, hashOn }: ClusterConfig,
  view: ClusterView | undefined,
  { known, isLive, isAstray }: { known: boolean; isLive: boolean; isAstray: boolean },
  { lacks }: Aim,
): string[] {
  const notes: string[] = []
  if (view?.panicking) notes.push('so few endpoints are usable that all are used')
  if (view?.sourceFailure !== undefined) notes.push(view.sourceFailure)
  if (view !== undefined && !known) notes.push('its endpoints are being looked up')
  if (view === undefined && isLive) notes.push('nobody uses it now: it is opened by its first request')
  if (view === undefined && !isLive && discovery !== undefined)
    notes.push('only the running sidecar knows its endpoints: ask it with --live')
  if (isAstray) notes.push('the endpoint of its session may not be used: another one takes it over')
  if (lacks !== undefined && hashOn !== undefined) notes.push(`the request has no ${lacks}: it may go to any`)
  return notes
}

function sourceOf({ kind, config }: NonNullable<ClusterConfig['discovery']>): string {
  switch (kind) {
    case 'service':
      return config.otherwise.kind === 'dns'
        ? `the feed of the controller, or DNS where that knows no such Service`
        : 'the feed of the controller, or the address itself where that knows nobody there'
    case 'dns':
      return `the addresses of ${config.name} in DNS, port ${config.port}`
    case 'dnsSrv':
      return `the SRV records of ${config.name} in DNS`
    case 'file':
      return `the file ${config.path}`
    case 'feed':
      return 'the feed of the controller'
  }
}

function choiceOf(config: ClusterConfig): string {
  const { balancing, hashOn, healthChecks, outlierDetection, preferZone } = config
  return [
    hashOn === undefined ? balancing : `${balancing} by ${hashText(hashOn)}`,
    ...(preferZone === undefined ? [] : [`the zone ${preferZone} first`]),
    ...(healthChecks.length === 0 ? [] : ['only those that pass their health checks']),
    ...(outlierDetection === undefined ? [] : ['without those that fail more than others']),
  ].join('; ')
}

function connectsOf({ protocol, tls, connectTimeoutMs }: ClusterConfig, isTunnel: boolean): string {
  const by = isTunnel ? [] : [`by ${protocol}`]
  return [...by, ...(tls === undefined ? [] : ['over TLS']), `within ${connectTimeoutMs} ms`].join(' ')
}

/** What the hash is made from, for people. */
export function hashText({ kind, config }: HashOn): string {
  return kind === 'sourceAddress' ? 'the address of the client' : `the ${kind} ${config.name}`
}
