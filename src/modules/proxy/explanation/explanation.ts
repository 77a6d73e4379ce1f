import type { Clock } from '../../../kernel/clock/clock.ts'
import { MemoryLog } from '../../../kernel/log/memory.ts'
import { Registry } from '../../../kernel/metrics/registry.ts'
import { requestHash } from '../clusters/request-hash.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import { type ListenerConfig, listenerName, type ProxyConfig } from '../config.ts'
import { placeConfig, placeName } from '../destinations/on-demand.ts'
import { AddressIndex, addConfigured, type ServiceAt } from '../destinations/service-addresses.ts'
import { withServices } from '../destinations/services.ts'
import { createFaults } from '../faults/faults.ts'
import { backendOf, endpointOf, sessionOf } from '../forward/session.ts'
import { ListenerGate } from '../listeners/gate.ts'
import { nearVerdicts, shownRule, type Verdict } from '../routing/explain.ts'
import type { Rule } from '../routing/route.ts'
import { type Decision, decide, type Place } from './decision.ts'
import { type Asked, type Question, readQuestion, type Scene, type Wrong } from './question.ts'
import { type Aim, explainUpstream, hashText, type UpstreamExplanation } from './upstream.ts'

/** What the proxy would do with a request, and why: plain data. */
export interface Explanation {
  readonly request: Asked
  readonly kind: Scene['kind']
  readonly listener: string
  /** A running sidecar says so, and not the file alone. */
  readonly live: boolean
  /** How the route was found. */
  readonly by: Decision['by']
  readonly rule?: Rule
  /** Of the route documents that hold for the host, in the order in which they are tried. */
  readonly tried: readonly Verdict[]
  /** How many more there are, where there are very many. */
  readonly others: number
  /** What the rules for destinations of a forward proxy say. */
  readonly destination?: string
  /** The upstream of what is captured where the system does not tell where it was meant to go. */
  readonly unaddressed?: string
  /** The Service whose address was asked for, where that decided. */
  readonly service?: string
  /** Routes are attached to what is asked for, and none of them takes it. */
  readonly isGoverned?: boolean
  /** Lines; the verdict is the last one of `access`. Empty where there are none. */
  readonly access: readonly string[]
  readonly isDenied: boolean
  readonly limits: readonly string[]
  readonly faults: readonly string[]
  readonly upstreams: readonly UpstreamExplanation[]
  /** It would get as far as an endpoint, or an answer of its rule. */
  readonly passes: boolean
}

export type Explained = Explanation | Wrong

const MAX_TRIED = 200

/** What is at hand to explain with. */
export interface Scenery {
  readonly isLive: boolean
  /** Access rules and limits of a listener. */
  gate(listener: ListenerConfig): ListenerGate | undefined
  /** A backend that is in use. Does not open it. */
  cluster(name: string): RunningCluster | undefined
  /** As far as it is known. */
  serviceAt: ServiceAt
}

/** From the configuration alone: nothing is connected to, but for the keys of a token's issuer. */
export function explainRequest(config: ProxyConfig, question: Question, clock: Clock): Promise<Explained> {
  const host = {
    ...{ clock, metrics: new Registry().view('proxy'), log: new MemoryLog() },
    use: () => {
      throw new Error('no module runs')
    },
  }
  const whole = withServices(config)
  return explain(whole, question, {
    isLive: false,
    gate: ({ access, limits }) =>
      new ListenerGate(
        { limits, ...(access && { access: { ...access, policy: false } }) },
        host,
        undefined,
        undefined,
      ),
    cluster: () => undefined,
    serviceAt: addConfigured(new AddressIndex(), whole.upstreams, whole.namespace).at,
  })
}

/** `config` has an upstream for each Service that routes name. */
export async function explain(config: ProxyConfig, question: Question, scenery: Scenery): Promise<Explained> {
  const scene = readQuestion(config, question)
  if ('wrong' in scene) return scene
  const { listener, view, kind } = scene
  const { isLive } = scenery
  const gate = scenery.gate(listener)
  gate?.strip(view.headers)
  const { by, rule, tried, place, destination, isRefused, unaddressed, service, isGoverned } = decide(
    config,
    scene,
    scenery.serviceAt,
  )
  const name = rule?.name ?? ''
  const told = nearVerdicts(tried, MAX_TRIED)
  const judged = await gate?.explain(view, name, kind === 'connection')
  const access = judged?.access ?? []
  const metrics = new Registry().view('proxy')
  const upstreams =
    place === undefined ? upstreamsOf(config, rule, scene, scenery) : [explainPlace(place, scene, scenery)]
  const isDenied = isRefused === true || (access.length > 0 && !access.at(-1)!.startsWith('allowed'))
  const isReached = upstreams.length === 0 || upstreams.some(each => each.share > 0 && !each.failure)
  return {
    ...{ request: scene.asked, kind, listener: listenerName(listener), live: isLive, by },
    ...(rule && { rule: shownRule(rule) }),
    tried: told,
    others: tried.length - told.length,
    ...(destination !== undefined && { destination }),
    ...(unaddressed !== undefined && { unaddressed }),
    ...(service !== undefined && { service }),
    ...(isGoverned === true && { isGoverned }),
    access: [
      ...access,
      ...(listener.access?.policy && !isLive
        ? ['the module policy is asked too, and may still deny it']
        : []),
    ],
    isDenied,
    limits: judged?.limits ?? [],
    faults: kind === 'request' ? createFaults(listener.faults, { metrics }).explain(view, name) : [],
    upstreams,
    passes: by !== 'nothing' && !isDenied && isReached,
  }
}

/** The backends of a rule, one for each upstream. */
function upstreamsOf(
  config: ProxyConfig,
  rule: Rule | undefined,
  { view, kind }: Scene,
  { cluster, isLive }: Scenery,
): UpstreamExplanation[] {
  if (rule === undefined) return []
  const session = rule.session && sessionOf(rule.session, view.headers)
  const bound = session === undefined ? undefined : backendOf(session, rule)
  const shares = new Map<string, number>()
  for (const backend of rule.backends) {
    const share = bound === undefined ? backend.weight / rule.totalWeight : Number(backend === bound)
    shares.set(backend.cluster, (shares.get(backend.cluster) ?? 0) + (share || 0))
  }
  return Array.from(shares, ([name, share]) => {
    const upstream = config.upstreams[name]
    const hashOn = kind === 'request' ? upstream?.hashOn : undefined
    const hash = hashOn && requestHash(hashOn, view)
    const text = hashOn && hashText(hashOn)
    const aim: Aim =
      bound?.cluster === name
        ? { wish: { session: endpointOf(session!) }, why: 'the session began there' }
        : {
            wish: { ...(hash !== undefined && { hash }) },
            ...(hash !== undefined && { why: `${text} leads there` }),
            ...(text !== undefined && hash === undefined && { lacks: text.replace(/^the /, '') }),
          }
    const isTunnel = kind !== 'request'
    return explainUpstream({ name, share, config: upstream, cluster: cluster(name), isLive, isTunnel }, aim)
  })
}

/** A place that no configuration names: known only while somebody uses it. */
function explainPlace(
  { host, port, ways }: Place,
  { listener, kind }: Scene,
  { cluster, isLive }: Scenery,
): UpstreamExplanation {
  const open = ways
    .map(way => cluster(placeName(host, port, listenerName(listener), way)))
    .find(found => found !== undefined)
  const name = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const config = open?.config ?? placeConfig(host, port, ways[0]!)
  const isTunnel = kind !== 'request'
  return explainUpstream({ name, share: 1, config, cluster: open, isLive, isTunnel }, { wish: {} })
}
