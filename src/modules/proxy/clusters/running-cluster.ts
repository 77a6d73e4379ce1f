import type { Clock } from '../../../kernel/clock/clock.ts'
import type { Log } from '../../../kernel/log/log.ts'
import type { Counter } from '../../../kernel/metrics/metrics.ts'
import type { Health } from '../../../kernel/module.ts'
import type { FailureCode } from '../failure.ts'
import type { Identity } from '../identity/identity.ts'
import { observeLatency } from './balancing/peak-ewma.ts'
import { Breaker, type Breakers } from './breaker.ts'
import { endpointTls, isSecure, readClientTls } from './client-tls.ts'
import type { CallResult, Cluster, Endpoint, Lease, Wish } from './cluster.ts'
import type { ClusterConfig } from './config.ts'
import { startDiscovery } from './discovery/discovery.ts'
import { specOf } from './discovery/endpoint-list.ts'
import type { FeedClients } from './discovery/feed-clients.ts'
import type { DnsResolver } from './discovery/resolver.ts'
import type { HealthCheckConfig } from './health/config.ts'
import { MemberChecks } from './health/member-checks.ts'
import { createProbe, type Probe, type ProbeWorld } from './health/probe.ts'
import { Hedging } from './hedging/hedging.ts'
import type { EndpointSpec, Member } from './member.ts'
import { Membership } from './membership.ts'
import { type ClusterFamilies, type EndpointState, forgetGauges, type Limit, showInUse } from './metrics.ts'
import { OutlierDetection } from './outliers.ts'
import type { PeerLookup } from './peer-lookup.ts'
import { RetryBudget } from './retry-budget.ts'
import { sameConfig } from './same-config.ts'
import { Selection } from './selection.ts'
import {
  type ClusterView,
  clusterHealth,
  clusterView,
  type EndpointView,
  setEndpointGauges,
  stateOf,
  viewOf,
} from './view.ts'

/** What a cluster is given; tests give their own. */
export interface ClusterParts {
  readonly clock: Clock
  readonly log: Log
  /** From `clusterFamilies`, the same for all clusters. */
  readonly families: ClusterFamilies
  /** At least 0, below 1. */
  readonly random: () => number
  /** The endpoint is listed no more, or is somebody else: no call will go there as before, those under way go on. */
  readonly onRemoved?: (cluster: string, endpoint: Endpoint) => void
  readonly resolver?: DnsResolver
  /** Of all clusters together. */
  readonly feedClients?: FeedClients | undefined
  /** Who the sidecar is to endpoints that are reached by it. */
  readonly identity?: Identity | undefined
  /** Why no endpoint can be used; `no_healthy_upstream` unless given. */
  readonly unserved?: () => FailureCode
  /** Who is to be met at endpoints whose list does not say so. */
  readonly peers?: PeerLookup | undefined
  /** What its own list says is told here. */
  readonly told?:
    | ((cluster: string, specs: readonly EndpointSpec[], clusterIPs?: readonly string[]) => void)
    | undefined
  /** Counts calls that go without TLS although the sidecar has an identity. */
  readonly plain?: Counter | undefined
  readonly probe?: (config: HealthCheckConfig, endpoint: Endpoint) => Probe
}

/** A cluster at work. Disposing it ends timers and connections of its own; calls under way may still end. */
export interface RunningCluster extends Cluster, Disposable {
  readonly config: ClusterConfig
  readonly breakers: Breakers
  readonly retryBudget: RetryBudget
  /** When slow requests get a second try; undefined: never. */
  readonly hedging: Hedging | undefined
  /** Endpoints have been listed, if only once: before, wait for `ready`. */
  readonly discovered: boolean
  /** Resolves with the first list, the source's first failure or the end of the cluster. */
  readonly ready: Promise<void>
  health(): Health
  /** Whether the endpoint is reached by TLS. */
  isSecure(endpoint: Endpoint): boolean
  /** For explanations and the status page. */
  endpoints(): EndpointView[]
  /** How it is now, and where a call with this wish would go. Changes nothing. */
  foresee(wish: Pick<Wish, 'hash' | 'session'>): ClusterView
  /** Takes a checked configuration over; endpoints that stay keep what is known of them. */
  update(config: ClusterConfig): void
  /** The sidecar has an identity now, or has none any more: what is known of endpoints by its means is asked anew. */
  identityChanged(): void
  /** Sets the gauges that are cheaper to read than to keep. */
  showInUse(): void
}

/** Traffic within this time keeps health checks at their full pace. */
const BUSY_MS = 60_000

/** `config` has passed `checkCluster`. */
export function createCluster(name: string, config: ClusterConfig, parts: ClusterParts): RunningCluster {
  return new ClusterAtWork(name, config, parts)
}

class ClusterAtWork implements RunningCluster {
  readonly name: string
  readonly breakers: Breakers
  readonly retryBudget: RetryBudget
  readonly ready: Promise<void>
  hedging: Hedging | undefined
  config: ClusterConfig
  discovered = false
  readonly #parts: ClusterParts
  readonly #picks: Counter
  readonly #unserved: Counter
  readonly #members: Membership
  readonly #checks = new Map<Member, MemberChecks>()
  #outliers: OutlierDetection | undefined
  #source: Disposable | undefined
  #sourceFailure: string | undefined
  /** Undefined after a change; the next look makes it anew, once for many changes. */
  #selection: Selection | undefined
  #wasPanicking = false
  #lastWishMs = Number.NEGATIVE_INFINITY
  #setReady!: () => void
  /** What was found, before who is to be met there was looked up. */
  #specs: readonly EndpointSpec[] | undefined
  readonly #forgetPeers: (() => void) | undefined
  #closed = false

  constructor(name: string, config: ClusterConfig, parts: ClusterParts) {
    this.name = name
    this.config = config
    this.#parts = parts
    const { families, clock } = parts
    this.#picks = families.picks.with(name)
    this.#unserved = families.unserved.with(name)
    const limits = config.circuitBreakers
    const breaker = (limit: Limit, max: number) =>
      new Breaker(max, families.openings.with(name, limit), families.refusals.with(name, limit))
    this.breakers = {
      connections: breaker('connections', limits.maxConnections),
      pending: breaker('pending', limits.maxPending),
      requests: breaker('requests', limits.maxRequests),
      retries: breaker('retries', limits.maxRetries),
    }
    const { requests, retries } = this.breakers
    const exhausted = families.budgetExhausted.with(name)
    this.retryBudget = new RetryBudget(config.retryBudget, requests, retries, exhausted)
    this.#members = new Membership(clock, {
      added: member => this.#startChecks(member),
      removed: member => this.#removed(member),
      reidentified: member => {
        parts.onRemoved?.(name, member)
        this.#startChecks(member)
      },
    })
    this.ready = new Promise(resolve => {
      this.#setReady = resolve
    })
    this.hedging = this.#makeHedging()
    this.#startOutliers()
    this.#forgetPeers = parts.peers?.onChange(() => this.#take())
    this.#startSource()
  }

  acquire(wish: Wish): Lease | FailureCode {
    const nowMs = this.#parts.clock.monotonic()
    this.#lastWishMs = nowMs
    const member = this.#choice().pick(wish, nowMs)
    if (member === undefined) {
      this.#unserved.inc()
      return this.#parts.unserved?.() ?? 'no_healthy_upstream'
    }
    if (!this.breakers.requests.tryAcquire()) return 'circuit_open'
    this.#picks.inc()
    const { plain, identity } = this.#parts
    if (plain !== undefined && !wish.securely && identity?.isConfigured === true && !this.isSecure(member))
      plain.inc()
    member.active++
    return new Call(this, member)
  }

  /** The end of a call. */
  ended(member: Member, result: CallResult): void {
    member.active--
    this.breakers.requests.release()
    observeLatency(member, result, this.#parts.clock.monotonic())
    this.#outliers?.observe(member, result)
  }

  health(): Health {
    return clusterHealth(this.#choice(), this.#members.size, this.discovered, this.#sourceFailure)
  }

  isSecure(endpoint: Endpoint): boolean {
    return isSecure(this.config, endpoint, this.#parts.identity)
  }

  endpoints(): EndpointView[] {
    return Array.from(this.#members, member => viewOf(member, this.#state(member)))
  }

  foresee(wish: Pick<Wish, 'hash' | 'session'>): ClusterView {
    const nowMs = this.#parts.clock.monotonic()
    const choice = this.#choice()
    const states = new Map(Array.from(this.#members, member => [member, this.#state(member)]))
    const { slowStartMs } = this.config
    const at = { nowMs, slowStartMs, panicking: choice.panicking, sourceFailure: this.#sourceFailure }
    return clusterView(states, choice.foresee(wish, nowMs), at, this.breakers)
  }

  update(config: ClusterConfig): void {
    const before = this.config
    this.config = config
    const limits = config.circuitBreakers
    this.breakers.connections.max = limits.maxConnections
    this.breakers.pending.max = limits.maxPending
    this.breakers.requests.max = limits.maxRequests
    this.breakers.retries.max = limits.maxRetries
    this.retryBudget.config = config.retryBudget
    const same = <K extends keyof ClusterConfig>(key: K) => sameConfig(before[key], config[key])
    if (!same('hedging')) this.hedging = this.#makeHedging()
    if (!same('outlierDetection')) this.#startOutliers()
    if (!same('healthChecks') || !same('tls')) for (const member of this.#members) this.#startChecks(member)
    if (!same('endpoints') || !same('discovery') || !same('clusterIPs')) this.#startSource()
    this.#changed()
  }

  identityChanged(): void {
    for (const member of this.#members) if (member.identity !== undefined) this.#startChecks(member)
    this.#changed()
  }

  showInUse(): void {
    showInUse(this.#parts.families, this.name, this.breakers)
  }

  [Symbol.dispose](): void {
    if (this.#closed) return
    this.#closed = true
    this.#forgetPeers?.()
    this.#parts.told?.(this.name, [])
    this.#source?.[Symbol.dispose]()
    this.#outliers?.[Symbol.dispose]()
    this.#members.replace([], 0)
    this.#selection = undefined
    this.#setReady()
    forgetGauges(this.#parts.families, this.name)
  }

  #startSource(): void {
    this.#source?.[Symbol.dispose]()
    this.#source = undefined
    this.#sourceFailure = undefined
    const { endpoints = [], discovery } = this.config
    if (discovery === undefined) {
      this.#found(endpoints.map(specOf))
      return
    }
    const { families, log } = this.#parts
    const count = (result: string) => families.discoveries.with(this.name, result).inc()
    this.#source = startDiscovery(discovery, this.#parts, {
      found: (specs, clusterIPs) => {
        count('found')
        if (this.#sourceFailure !== undefined)
          log.info('discovery_recovered', `endpoints of ${this.name} are found again`, { cluster: this.name })
        this.#sourceFailure = undefined
        this.#found(specs, clusterIPs)
      },
      failed: reason => {
        count('failed')
        this.#sourceFailure = reason
        const kept = this.discovered ? 'the last endpoints stay in use' : 'there are no endpoints yet'
        log.warn('discovery_failed', `${reason}; ${kept}`, { cluster: this.name })
        this.#setReady()
      },
    })
  }

  #found(specs: readonly EndpointSpec[], clusterIPs = this.config.clusterIPs): void {
    this.#specs = specs
    this.#parts.told?.(this.name, specs, clusterIPs)
    this.#take()
  }

  #take(): void {
    const { peers } = this.#parts
    if (this.#specs === undefined || peers?.ready === false) return
    const specs = peers === undefined ? this.#specs : this.#specs.map(spec => identified(spec, peers))
    this.#members.replace(specs, this.config.slowStartMs)
    this.discovered = true
    this.#changed()
    this.#setReady()
  }

  #removed(member: Member): void {
    this.#stopChecks(member)
    this.#outliers?.forget(member)
    this.#parts.onRemoved?.(this.name, member)
  }

  #startChecks(member: Member): void {
    this.#stopChecks(member)
    const { healthChecks } = this.config
    if (healthChecks.length === 0) return
    const { clock, random, families, log, probe, identity } = this.#parts
    const world = { clock, tls: this.#checksTls(member, identity) }
    const probeOf = (config: HealthCheckConfig) =>
      probe?.(config, member) ?? createProbe(config, member, world)
    const checks = new MemberChecks(healthChecks, probeOf, {
      clock,
      random,
      busy: () => this.breakers.requests.inUse > 0 || clock.monotonic() - this.#lastWishMs < BUSY_MS,
      checked: reason => families.checks.with(this.name, reason === undefined ? 'passed' : 'failed').inc(),
      verdict: (healthy, reason) => {
        const fields = { cluster: this.name, endpoint: member.key }
        if (!healthy) log.warn('endpoint_unhealthy', `${member.key} fails its checks: ${reason}`, fields)
        else if (member.checked === false) {
          log.info('endpoint_healthy', `${member.key} passes its checks again`, fields)
          this.#warm(member)
        }
        member.checked = healthy
        this.#changed()
      },
    })
    this.#checks.set(member, checks)
  }

  /** How its checks connect; the files are read for each, as they are then. */
  #checksTls(member: Member, identity: Identity | undefined): ProbeWorld['tls'] {
    const { config } = this
    if (!isSecure(config, member, identity)) return undefined
    const { tls } = config
    return {
      // It is at its own address that its identity is to be met.
      onOtherPorts: tls !== undefined,
      keys: async () => endpointTls(config, member, tls && (await readClientTls(tls, identity)), identity)!,
    }
  }

  #stopChecks(member: Member): void {
    this.#checks.get(member)?.[Symbol.dispose]()
    this.#checks.delete(member)
    member.checked = undefined
  }

  #makeHedging(): Hedging | undefined {
    const { hedging } = this.config
    const { clock, families } = this.#parts
    return hedging && new Hedging(hedging, clock, result => families.hedges.with(this.name, result))
  }

  #startOutliers(): void {
    this.#outliers?.[Symbol.dispose]()
    this.#outliers = undefined
    const { outlierDetection } = this.config
    if (outlierDetection === undefined) return
    const { clock, random, families, log } = this.#parts
    this.#outliers = new OutlierDetection(outlierDetection, {
      clock,
      random,
      members: () => this.#members,
      ejected: (member, cause, forMs) => {
        families.ejections.with(this.name, cause).inc()
        const fields = { cluster: this.name, endpoint: member.key, cause, forMs }
        log.warn(
          'endpoint_ejected',
          `${member.key} is left out for ${Math.round(forMs / 1000)} s: ${cause}`,
          fields,
        )
        this.#changed()
      },
      returned: member => {
        const fields = { cluster: this.name, endpoint: member.key }
        log.info('endpoint_returned', `${member.key} is used again`, fields)
        this.#warm(member)
        this.#changed()
      },
    })
  }

  #warm(member: Member): void {
    member.startedMs = this.#parts.clock.monotonic()
    member.warming = this.config.slowStartMs > 0
  }

  /** Gauges follow at once, the selection when it is needed. */
  #changed(): void {
    if (this.#closed) return
    this.#selection = undefined
    const { families } = this.#parts
    setEndpointGauges(
      families,
      this.name,
      Array.from(this.#members, member => this.#state(member)),
    )
  }

  #choice(): Selection {
    if (this.#selection !== undefined) return this.#selection
    const { balancing, preferZone, panicThreshold, slowStartMs } = this.config
    const { random, families, log } = this.#parts
    const rules = { balancing, preferZone, panicThreshold, slowStartMs, random }
    const selection = new Selection(this.#members, member => this.#state(member) === 'usable', rules)
    this.#selection = selection
    if (this.#closed) return selection
    families.panicking.with(this.name).set(selection.panicking ? 1 : 0)
    if (selection.panicking && !this.#wasPanicking && this.#checksHaveSpoken())
      log.warn(
        'cluster_panicking',
        `only ${selection.usableCount} of ${selection.listedCount} endpoints of ${this.name} are usable: all are used`,
        { cluster: this.name },
      )
    this.#wasPanicking = selection.panicking
    return selection
  }

  /** At the very start nobody is usable yet, which is nothing to tell. */
  #checksHaveSpoken(): boolean {
    for (const member of this.#members) if (member.ejected || member.checked !== undefined) return true
    return false
  }

  #state(member: Member): EndpointState {
    return stateOf(member, this.config.healthChecks.length > 0)
  }
}

function identified(spec: EndpointSpec, peers: PeerLookup): EndpointSpec {
  const identity = spec.identity ?? peers.identityOf(spec)
  return identity === undefined ? spec : { ...spec, identity }
}

/** Small and short-lived; it knows no more than where to report. */
class Call implements Lease {
  readonly endpoint: Member
  readonly #cluster: ClusterAtWork
  #over = false

  constructor(cluster: ClusterAtWork, endpoint: Member) {
    this.#cluster = cluster
    this.endpoint = endpoint
  }

  done(result: CallResult): void {
    if (this.#over) throw new Error(`a call to ${this.endpoint.key} was ended twice`)
    this.#over = true
    this.#cluster.ended(this.endpoint, result)
  }
}
