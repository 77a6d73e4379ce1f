import type { Clock } from '../../../kernel/clock/clock.ts'
import { MemoryLog } from '../../../kernel/log/memory.ts'
import { Registry } from '../../../kernel/metrics/registry.ts'
import type { ClusterConfig } from '../clusters/config.ts'
import type { ListenerConfig, ProxyConfig } from '../config.ts'
import { withServices } from '../destinations/services.ts'
import { createFaults } from '../faults/faults.ts'
import { portOf } from '../listeners/check-routes.ts'
import { defaultsOf, scopeOf } from '../listeners/decisions.ts'
import { ListenerGate } from '../listeners/gate.ts'
import { explainRoute, type Verdict } from '../routing/explain.ts'
import { ImplicitRoutes, ruleTo } from '../routing/implicit.ts'
import { parseRequestLine } from '../routing/request-line.ts'
import type { Rule } from '../routing/route.ts'
import { buildRouteTable } from '../routing/table.ts'

/** A request as people write it, and by which listener it comes. */
export interface Question {
  /** `GET http://checkout/cart`. */
  readonly line: string
  /** `x-team: blue`. */
  readonly headers: readonly string[]
  /** The SPIFFE URI of the client's certificate. */
  readonly identity?: string
  readonly address?: string
  /** The first that takes HTTP and is not a forward proxy, routed ones before others, unless given. */
  readonly listener?: string
}

/** What the proxy would do with a request, and why. */
export interface Explanation {
  readonly request: {
    readonly method: string
    readonly host: string
    readonly port: number
    readonly path: string
  }
  readonly listener: string
  /**
   * How the route was found: by a document, by the name of an upstream, because the listener has only one, or because
   * a captured connection goes on to where it was meant to go.
   */
  readonly by: 'route' | 'implicit' | 'listener' | 'destination' | 'application' | 'nothing'
  readonly rule?: Rule
  /** Of the route documents that hold for the host, in the order in which they are tried. */
  readonly tried: readonly Verdict[]
  /** Lines; the verdict is the last one of `access`. Empty where there are none. */
  readonly access: readonly string[]
  readonly isDenied: boolean
  readonly limits: readonly string[]
  readonly faults: readonly string[]
  readonly upstreams: readonly UpstreamText[]
}

export interface UpstreamText {
  readonly name: string
  readonly lines: readonly string[]
}

export type Explained = Explanation | { readonly wrong: string }

/** From the configuration alone: nothing is connected to, but for the keys of a token's issuer. */
export async function explainRequest(
  configured: ProxyConfig,
  question: Question,
  clock: Clock,
): Promise<Explained> {
  const config = withServices(configured)
  const listener = listenerFor(config, question.listener)
  if ('wrong' in listener) return listener
  const parsed = parseRequestLine(question)
  if ('wrong' in parsed) return parsed
  const { identity, address = '127.0.0.1' } = question
  const view = { ...parsed, peer: { address, ...(identity !== undefined && { identity }) } }
  const { metrics, host } = offlineHost(clock)
  const access = listener.access && { ...listener.access, policy: false }
  const gate = new ListenerGate({ ...listener, ...(access && { access }) }, host, undefined, undefined)
  gate.strip(view.headers)
  const { by, rule, tried } = routeOf(config, listener, view)
  const name = rule?.name ?? ''
  const judged = await gate.explain(view, name)
  const { method, host: asked, port, path } = view
  const names = new Set(rule?.backends.map(({ cluster }) => cluster))
  return {
    request: { method, host: asked, port, path },
    listener: listener.name ?? listener.listen,
    by,
    ...(rule && { rule }),
    tried,
    access: [
      ...judged.access,
      ...(listener.access?.policy ? ['the module policy is asked too, and may still deny it'] : []),
    ],
    isDenied: judged.access.length > 0 && !judged.access.at(-1)!.startsWith('allowed'),
    limits: judged.limits,
    faults: createFaults(listener.faults, { metrics }).explain(view, name),
    upstreams: [...names].map(each => ({ name: each, lines: upstreamLines(config.upstreams[each]) })),
  }
}

function listenerFor(
  { listeners }: ProxyConfig,
  wanted: string | undefined,
): ListenerConfig | { readonly wrong: string } {
  const http = listeners.filter(({ protocol, forward }) => protocol === 'http' && forward === undefined)
  const names = http.map(({ name, listen }) => name ?? listen)
  const chosen =
    wanted === undefined
      ? (http.find(({ routed, outbound }) => routed ?? outbound) ?? http[0])
      : http[names.indexOf(wanted)]
  if (chosen !== undefined) return chosen
  if (http.length === 0) return { wrong: 'no listener of the configuration takes HTTP to upstreams' }
  return { wrong: `there is no HTTP listener "${wanted}"; there are ${names.join(', ')}` }
}

type View = Exclude<ReturnType<typeof parseRequestLine>, { wrong: string }>

function routeOf(
  config: ProxyConfig,
  listener: ListenerConfig,
  view: View,
): Pick<Explanation, 'by' | 'rule' | 'tried'> {
  const defaults = defaultsOf(listener)
  const { routed, inbound, outbound } = listener
  if (inbound !== undefined) return { by: 'application', tried: [] }
  if (routed === undefined && outbound === undefined)
    return { by: 'listener', rule: ruleTo(listener.upstream!, '', defaults), tried: [] }
  const scope = scopeOf(listener, config, portOf(listener))
  const { table } = buildRouteTable(config.routes, scope)
  const { governed, rule, tried } = explainRoute(table, view)
  if (rule !== undefined) return { by: 'route', rule, tried }
  if (governed || routed?.unrouted === 'refuse') return { by: 'nothing', tried }
  const has = (name: string) => Object.hasOwn(config.upstreams, name)
  const implicit = new ImplicitRoutes(scope, has, defaults).find(view)
  if (implicit !== undefined) return { by: 'implicit', rule: implicit.rule, tried }
  return { by: outbound?.unknown === 'pass' ? 'destination' : 'nothing', tried }
}

function upstreamLines(config: ClusterConfig | undefined): string[] {
  if (config === undefined) return ['is not configured']
  const { endpoints, discovery, balancing, hashOn, connectTimeoutMs, protocol, tls, healthChecks } = config
  const places = endpoints?.map(({ address }) => placeText(address)) ?? []
  const source = discovery === undefined ? places.join(', ') : `found by ${discovery.kind}`
  const checks = healthChecks.length === 0 ? [] : ['only those that pass their health checks']
  const outliers = config.outlierDetection === undefined ? [] : ['without those that fail more than others']
  const choice = [
    hashOn === undefined ? balancing : `${balancing} by ${hashText(hashOn)}`,
    ...checks,
    ...outliers,
  ]
  return [
    `endpoints  ${source}`,
    `choice     ${choice.join('; ')}`,
    `connects   by ${protocol}${tls === undefined ? '' : ' over TLS'} within ${connectTimeoutMs} ms`,
  ]
}

function placeText(address: object): string {
  const { path, host, port } = address as { path?: string; host?: string; port?: number }
  return path ?? (host!.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)
}

function hashText({ kind, config }: NonNullable<ClusterConfig['hashOn']>): string {
  return kind === 'sourceAddress' ? 'the address of the client' : `the ${kind} ${config.name}`
}

/** Enough of a host to ask rules with. */
function offlineHost(clock: Clock) {
  const metrics = new Registry().view('proxy')
  const host = {
    ...{ clock, metrics, log: new MemoryLog() },
    use: () => {
      throw new Error('no module runs')
    },
  }
  return { metrics, host }
}
