import type { Counter, Family, Gauge, Metrics } from '../../../kernel/metrics/metrics.ts'

import type { Breakers } from './breaker.ts'

/** Why an endpoint was ejected; a label of the metric and a word of the log. */
export type EjectionCause = 'consecutive_errors' | 'consecutive_gateway_errors' | 'success_rate' | 'latency'
export type Limit = 'connections' | 'pending' | 'requests' | 'retries'
export type EndpointState = 'usable' | 'unhealthy' | 'ejected' | 'unchecked' | 'no_weight'

const LIMITS: readonly Limit[] = ['connections', 'pending', 'requests', 'retries']

export const ENDPOINT_STATES = ['usable', 'unhealthy', 'ejected', 'unchecked', 'no_weight'] as const

/** The metric families of all clusters; made once by the module. Series are per cluster: endpoints come and go. */
export interface ClusterFamilies {
  readonly endpoints: Family<Gauge>
  readonly panicking: Family<Gauge>
  readonly inUse: Family<Gauge>
  readonly picks: Family<Counter>
  readonly unserved: Family<Counter>
  readonly ejections: Family<Counter>
  readonly checks: Family<Counter>
  readonly openings: Family<Counter>
  readonly refusals: Family<Counter>
  readonly budgetExhausted: Family<Counter>
  readonly discoveries: Family<Counter>
  readonly hedges: Family<Counter>
  /** Clusters that no configuration names, and those that were refused. */
  readonly demanded: Family<Gauge>
  readonly demandsRefused: Family<Counter>
}

export function clusterFamilies(metrics: Metrics): ClusterFamilies {
  return {
    endpoints: metrics.gauge('cluster_endpoints', 'Endpoints of a backend by state.', ['cluster', 'state']),
    panicking: metrics.gauge('cluster_panicking', '1 while so few endpoints are usable that all are used.', [
      'cluster',
    ]),
    inUse: metrics.gauge(
      'cluster_in_use',
      'Connections to a backend, requests that wait for one, requests and retries under way.',
      ['cluster', 'limit'],
    ),
    picks: metrics.counter('cluster_picks_total', 'Calls for which an endpoint was chosen.', ['cluster']),
    unserved: metrics.counter(
      'cluster_no_healthy_upstream_total',
      'Calls for which no endpoint could be used.',
      ['cluster'],
    ),
    ejections: metrics.counter('cluster_ejections_total', 'Endpoints ejected by outlier detection.', [
      'cluster',
      'cause',
    ]),
    checks: metrics.counter('cluster_health_checks_total', 'Active health checks by result.', [
      'cluster',
      'result',
    ]),
    openings: metrics.counter('cluster_breaker_openings_total', 'Times that a circuit breaker opened.', [
      'cluster',
      'limit',
    ]),
    refusals: metrics.counter('cluster_breaker_refusals_total', 'What circuit breakers refused.', [
      'cluster',
      'limit',
    ]),
    budgetExhausted: metrics.counter(
      'cluster_retry_budget_exhausted_total',
      'Retries that the retry budget did not allow.',
      ['cluster'],
    ),
    discoveries: metrics.counter(
      'cluster_discoveries_total',
      'Answers of the source of endpoints by result.',
      ['cluster', 'result'],
    ),
    hedges: metrics.counter(
      'cluster_hedges_total',
      'Slow requests that were to get a second try, by what became of it: won, lost (the first try answered first), failed, refused (by the retry budget, or for want of another endpoint).',
      ['cluster', 'result'],
    ),
    demanded: metrics.gauge('clusters_on_demand', 'Backends that no configuration names but requests do.'),
    demandsRefused: metrics.counter(
      'clusters_on_demand_refused_total',
      'Backends on demand for which there was no room.',
    ),
  }
}

/** Gauges of a cluster that is closed would stand still for ever. */
export function forgetGauges(families: ClusterFamilies, cluster: string): void {
  for (const state of ENDPOINT_STATES) families.endpoints.remove(cluster, state)
  families.panicking.remove(cluster)
  for (const limit of LIMITS) families.inUse.remove(cluster, limit)
}

/** The cluster in the series of all that are made on demand: clients name them, and could fill the registry. */
export const ON_DEMAND = 'on_demand'

/** Counts for all clusters on demand together; states of endpoints are not told of them. */
export function onDemandFamilies(families: ClusterFamilies): ClusterFamilies {
  const together = (family: Family<Counter>): Family<Counter> => ({
    with: (_cluster, ...values) => family.with(ON_DEMAND, ...values),
    remove: () => {},
  })
  return {
    ...families,
    endpoints: NO_GAUGES,
    panicking: NO_GAUGES,
    inUse: NO_GAUGES,
    picks: together(families.picks),
    unserved: together(families.unserved),
    ejections: together(families.ejections),
    checks: together(families.checks),
    openings: together(families.openings),
    refusals: together(families.refusals),
    budgetExhausted: together(families.budgetExhausted),
    discoveries: together(families.discoveries),
    hedges: together(families.hedges),
  }
}

const NO_GAUGE: Gauge = { set: () => {}, inc: () => {}, dec: () => {} }
const NO_GAUGES: Family<Gauge> = { with: () => NO_GAUGE, remove: () => {} }

/** Sets what is cheaper to read than to keep. */
export function showInUse(families: ClusterFamilies, cluster: string, breakers: Breakers): void {
  for (const limit of LIMITS) families.inUse.with(cluster, limit).set(breakers[limit].inUse)
}
