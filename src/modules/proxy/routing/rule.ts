import type { LayerSevenRule, RouteDocument } from './config.ts'
import { durationMs } from './duration.ts'
import { actionsOf, type Cors, type Redirect } from './filters/actions.ts'
import { compileFilter } from './filters/compile.ts'
import type { FilterConfig } from './filters/config.ts'
import { clusterName, type TargetRef } from './references.ts'
import type { Backend, Filter, RetryRule, Rule } from './route.ts'

const DEFAULT_BACKOFF_MS = 25
const DEFAULT_SESSION_NAME = 'outrigger-session'

/** Where a rule comes from, for names and for precedence between equals. */
export interface Origin {
  readonly kind: RouteDocument['kind']
  readonly namespace: string
  readonly name: string
}

/** A rule of an HTTPRoute or a GRPCRoute, ready to be applied. */
export function compileRule(rule: LayerSevenRule, index: number, origin: Origin): Rule {
  const { timeouts, retry, sessionPersistence } = rule
  const filters = compileFilters(rule.filters, origin.namespace)
  const backends = rule.backendRefs.map(ref => backend(ref, origin.namespace, ref.filters, filters))
  const actions = actionsOf(filters)
  const redirect = filters.find(({ kind }) => kind === 'redirect') as Redirect | undefined
  const cors = filters.find(({ kind }) => kind === 'cors') as Cors | undefined
  return {
    ...connectionRule(rule.name, index, origin, backends),
    filters,
    ...(actions && { actions }),
    ...(redirect && { redirect }),
    ...(cors && { cors }),
    ...limit('requestTimeoutMs', timeouts?.request),
    ...limit('backendTimeoutMs', timeouts?.backendRequest),
    ...(retry && { retry: retryRule(retry) }),
    ...(sessionPersistence && {
      session: {
        type: sessionPersistence.type === 'Cookie' ? 'cookie' : 'header',
        name: sessionPersistence.sessionName ?? DEFAULT_SESSION_NAME,
      },
    }),
  }
}

type PlainRule = (RouteDocument & { kind: 'TLSRoute' | 'TCPRoute' })['spec']['rules'][number]

/** A rule of a TLSRoute or a TCPRoute: it has backends alone. */
export function compilePlainRule(rule: PlainRule, index: number, origin: Origin): Rule {
  const backends = rule.backendRefs.map(ref => backend(ref, origin.namespace, [], []))
  return connectionRule(rule.name, index, origin, backends)
}

function connectionRule(
  name: string | undefined,
  index: number,
  { kind, namespace, name: route }: Origin,
  backends: readonly Backend[],
): Rule {
  const totalWeight = backends.reduce((sum, { weight }) => sum + weight, 0)
  return { name: `${kind}/${namespace}/${route}/${name ?? index}`, backends, totalWeight, filters: [] }
}

function backend(
  ref: TargetRef & { readonly weight: number },
  namespace: string,
  filterConfigs: readonly FilterConfig[],
  ofRule: readonly Filter[],
): Backend {
  const filters = compileFilters(filterConfigs, namespace)
  const actions = actionsOf([...ofRule, ...filters])
  return {
    cluster: clusterName(ref, namespace),
    weight: ref.weight,
    filters,
    ...(actions && { actions }),
  }
}

function compileFilters(filters: readonly FilterConfig[], namespace: string): Filter[] {
  return filters.map(filter => compileFilter(filter, namespace)).filter(filter => filter !== undefined)
}

/** Zero and nothing both mean: no limit (GEP-1742). */
function limit<K extends string>(key: K, text: string | undefined): { [name in K]?: number } {
  const ms = text === undefined ? 0 : durationMs(text)
  return (ms === 0 ? {} : { [key]: ms }) as { [name in K]?: number }
}

function retryRule({ codes, attempts, backoff }: NonNullable<LayerSevenRule['retry']>): RetryRule {
  const backoffMs = backoff === undefined ? DEFAULT_BACKOFF_MS : durationMs(backoff)
  return { codes, attempts, backoffMs }
}
