import { isIP } from 'node:net'
import type { ListenerConfig, ProxyConfig } from '../config.ts'
import type { Way } from '../destinations/on-demand.ts'
import { destinationPolicy } from '../destinations/policy.ts'
import { canonicalAddress, type ServiceAt } from '../destinations/service-addresses.ts'
import { connectionRules, meantByCaptured, meantFor, REFUSED } from '../listeners/connection-routes.ts'
import { defaultsOf, scopeOf } from '../listeners/decisions.ts'
import { portOf } from '../listeners/port.ts'
import type { RequestView } from '../request.ts'
import { explainRoute, type Verdict } from '../routing/explain.ts'
import { ImplicitRoutes, ruleTo } from '../routing/implicit.ts'
import type { Rule } from '../routing/route.ts'
import { buildRouteTable } from '../routing/table.ts'
import type { Asked, Scene } from './question.ts'

/** Where something would go, and how that was found. */
export interface Decision {
  /**
   * By a document, by the name of an upstream, because the listener has only one, because a captured connection goes
   * on to where it was meant to go, or because the client of a forward proxy names the place.
   */
  readonly by: 'route' | 'implicit' | 'listener' | 'destination' | 'application' | 'forward' | 'nothing'
  readonly rule?: Rule
  /** Of the route documents that hold for the host, in the order in which they are tried. */
  readonly tried: readonly Verdict[]
  /** Where it goes that no configuration names. */
  readonly place?: Place
  /** What the rules for destinations of a forward proxy say. */
  readonly destination?: string
  readonly isRefused?: boolean
  /** The upstream of what is captured where the system does not tell where it was meant to go. */
  readonly unaddressed?: string
  /** The Service whose address was asked for, where that decided. */
  readonly service?: string
  /** Routes are attached to what is asked for; by `nothing` none of them takes it. */
  readonly isGoverned?: boolean
}

export interface Place {
  readonly host: string
  readonly port: number
  /** Under which of them it is kept, where it is in use. */
  readonly ways: readonly Way[]
}

export function decide(config: ProxyConfig, scene: Scene, serviceAt: ServiceAt): Decision {
  const { listener, kind } = scene
  if (listener.forward !== undefined) return byDestination(listener, scene)
  if (listener.inbound !== undefined) return { by: 'application', tried: [], ...captured(scene) }
  return kind === 'connection' ? connection(config, scene, serviceAt) : request(config, scene, serviceAt)
}

function byDestination({ forward }: ListenerConfig, { kind, asked: { host, port } }: Scene): Decision {
  const tunnel = kind === 'connect'
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  const verdict = destinationPolicy(forward!).decide(bare, port, tunnel)
  const said = {
    allowed: isIP(bare) === 0 ? 'allowed by its name' : 'allowed',
    by_address: 'its name is not listed: only those of its addresses are used that the rules allow',
    refused: `denied: no rule allows ${tunnel ? 'CONNECT to ' : ''}${host}:${port}`,
  }
  const place: Place = { host: bare, port, ways: [tunnel ? 'tunnel' : 'http1'] }
  const isRefused = verdict === 'refused'
  return { by: 'forward', tried: [], destination: said[verdict], ...(isRefused ? { isRefused } : { place }) }
}

function connection(config: ProxyConfig, scene: Scene, serviceAt: ServiceAt): Decision {
  const { listener, asked, serverName } = scene
  const { upstream, outbound } = listener
  if (upstream !== undefined) return { by: 'listener', rule: ruleTo(upstream, '', {}), tried: [] }
  const port = portOf(listener)
  const told = serviceOf(scene, serviceAt)
  const { service } = told
  const meant =
    outbound === undefined
      ? meantFor(listener, port, serverName)
      : meantByCaptured(addressOf(asked) ?? { host: undefined, port: asked.port }, serverName, service)
  const rule = connectionRules(listener, config, port)(meant, serverName)
  if (rule === REFUSED) return { by: 'nothing', tried: [], isGoverned: true, ...told }
  if (rule !== undefined)
    return { by: rule.name.startsWith('implicit/') ? 'implicit' : 'route', rule, tried: [], ...told }
  return outbound?.unknown === 'pass'
    ? { by: 'destination', tried: [], ...captured(scene) }
    : { by: 'nothing', tried: [], ...captured(scene, false) }
}

function request(config: ProxyConfig, scene: Scene, serviceAt: ServiceAt): Decision {
  const { listener, view } = scene
  const defaults = defaultsOf(listener)
  const { routed, outbound } = listener
  if (routed === undefined && outbound === undefined)
    return { by: 'listener', rule: ruleTo(listener.upstream!, '', defaults), tried: [] }
  const scope = scopeOf(listener, config, portOf(listener))
  const { table } = buildRouteTable(config.routes, scope)
  const has = (name: string) => Object.hasOwn(config.upstreams, name)
  const named = (view: RequestView): Decision | undefined => {
    const { governed, rule, tried } = explainRoute(table, view)
    if (rule !== undefined) return { by: 'route', rule, tried }
    if (governed || routed?.unrouted === 'refuse')
      return { by: 'nothing', tried, ...(governed && { isGoverned: true }) }
    const implicit = new ImplicitRoutes(scope, has, defaults).find(view)
    return implicit && { by: 'implicit', rule: implicit.rule, tried }
  }
  const byHost = named(view)
  if (byHost !== undefined) return byHost
  const told = serviceOf(scene, serviceAt)
  if (told.service !== undefined) {
    const addressed = named({ ...view, host: told.service, port: scene.asked.port })
    if (addressed !== undefined) return { ...addressed, ...told }
  }
  return outbound?.unknown === 'pass'
    ? { by: 'destination', tried: [], ...captured(scene) }
    : { by: 'nothing', tried: [], ...captured(scene, false) }
}

/** The place of a captured connection, where the question names an address. */
function addressOf({ host, port }: Asked): { readonly host: string; readonly port: number } | undefined {
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  return isIP(bare) === 0 ? undefined : { host: bare, port }
}

function serviceOf(scene: Scene, serviceAt: ServiceAt): Pick<Decision, 'service'> {
  const address = scene.listener.outbound && addressOf(scene.asked)
  const service = address && serviceAt(canonicalAddress(address.host))
  return service === undefined ? {} : { service }
}

/** The place of a captured connection is an address; a name does not tell which. */
function captured(
  { kind, listener: { inbound, outbound }, asked }: Scene,
  passes = true,
): Pick<Decision, 'place' | 'unaddressed'> {
  const mapped = (inbound ?? outbound)?.ports.find(each => each.port === asked.port)?.upstream
  const unaddressed = mapped ?? inbound?.upstream
  const told = unaddressed === undefined ? {} : { unaddressed }
  const address = addressOf(asked)
  if (!passes || address === undefined) return told
  return {
    ...told,
    place: { ...address, ways: kind === 'request' ? ['http1', 'http2'] : ['tunnel', 'tls'] },
  }
}
