import type { Health } from '../../../kernel/module.ts'
import { rampNow } from './balancing/balancer.ts'
import type { Breaker, Breakers } from './breaker.ts'
import type { Member } from './member.ts'
import { type ClusterFamilies, ENDPOINT_STATES, type EndpointState, type Limit } from './metrics.ts'
import type { Forecast, Selection } from './selection.ts'

/** What is told of an endpoint in `explain` and on the status page. */
export interface EndpointView {
  readonly endpoint: string
  readonly state: EndpointState
  readonly weight: number
  readonly zone?: string
  readonly identity?: string
  readonly active: number
  /** The latency estimate by which peak_ewma goes. */
  readonly latencyMs: number
  readonly ejections: number
}

/** A cluster as it is now, and where a call would go. */
export interface ClusterView {
  readonly endpoints: readonly (EndpointView & EndpointForecast)[]
  /** The key of the endpoint that the next call goes to for certain. */
  readonly next?: string
  readonly panicking: boolean
  /** What the source of its endpoints says when it fails. */
  readonly sourceFailure?: string
  readonly breakers: Readonly<Record<Limit, BreakerView>>
}

export interface EndpointForecast {
  /** Its chance to get the call, from 0 to 1. */
  readonly share: number
  /** The part of its weight that slow start gives it by now, while it warms up. */
  readonly slowStart?: number
}

export interface BreakerView {
  readonly inUse: number
  readonly max: number
  /** The next one would be refused. */
  readonly open: boolean
}

export function clusterView(
  states: ReadonlyMap<Member, EndpointState>,
  { shares, next }: Forecast,
  { nowMs, slowStartMs, panicking, sourceFailure }: ViewedAt,
  breakers: Breakers,
): ClusterView {
  const endpoints = Array.from(states, ([member, state]) => {
    const slowStart = rampNow(member, nowMs, slowStartMs)
    return {
      ...viewOf(member, state),
      share: shares.get(member) ?? 0,
      ...(slowStart < 1 && { slowStart }),
    }
  })
  const { connections, pending, requests, retries } = breakers
  return {
    endpoints,
    ...(next && { next: next.key }),
    panicking,
    ...(sourceFailure !== undefined && { sourceFailure }),
    breakers: {
      connections: breakerView(connections),
      pending: breakerView(pending),
      requests: breakerView(requests),
      retries: breakerView(retries),
    },
  }
}

interface ViewedAt {
  readonly nowMs: number
  readonly slowStartMs: number
  readonly panicking: boolean
  readonly sourceFailure: string | undefined
}

function breakerView({ inUse, max }: Breaker): BreakerView {
  return { inUse, max, open: inUse >= max }
}

export function stateOf(member: Member, checksExist: boolean): EndpointState {
  if (member.weight === 0) return 'no_weight'
  if (member.ejected) return 'ejected'
  if (!checksExist || member.checked === true) return 'usable'
  return member.checked === false ? 'unhealthy' : 'unchecked'
}

export function viewOf(member: Member, state: EndpointState): EndpointView {
  const { key, weight, zone, identity, active, costMs, ejections } = member
  const latencyMs = Math.round(costMs * 100) / 100
  return {
    endpoint: key,
    state,
    weight,
    ...(zone !== undefined && { zone }),
    ...(identity !== undefined && { identity }),
    active,
    latencyMs,
    ejections,
  }
}

export function setEndpointGauges(
  families: ClusterFamilies,
  cluster: string,
  states: readonly EndpointState[],
): void {
  for (const state of ENDPOINT_STATES)
    families.endpoints.with(cluster, state).set(states.filter(other => other === state).length)
}

/** A backend in trouble does not make the sidecar unready: that would take the application out of service, too. */
export function clusterHealth(
  selection: Selection,
  size: number,
  discovered: boolean,
  sourceFailure: string | undefined,
): Health {
  const degraded = (message: string): Health => ({ ready: true, state: 'degraded', message })
  const { usableCount, listedCount, panicking } = selection
  if (sourceFailure !== undefined)
    return degraded(discovered ? `${sourceFailure}; the last endpoints stay in use` : sourceFailure)
  if (!discovered) return { ready: true, state: 'ok', message: 'its endpoints are being looked up' }
  if (size === 0) return degraded('it has no endpoints')
  if (listedCount === 0) return degraded('all its endpoints have weight 0')
  if (panicking) return degraded(`${usableCount} of ${listedCount} endpoints are usable, so all are used`)
  if (usableCount === 0) return degraded('none of its endpoints is usable')
  if (usableCount < listedCount) return degraded(`${usableCount} of ${listedCount} endpoints are usable`)
  return { ready: true, state: 'ok' }
}
