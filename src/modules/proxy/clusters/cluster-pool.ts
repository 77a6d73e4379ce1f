import type { Timer } from '../../../kernel/clock/clock.ts'
import type { Health } from '../../../kernel/module.ts'
import type { ClusterConfig } from './config.ts'
import { type ClusterFamilies, onDemandFamilies } from './metrics.ts'
import type { PeerLookup } from './peer-lookup.ts'
import { type ClusterParts, createCluster, type RunningCluster } from './running-cluster.ts'
import { sameConfig } from './same-config.ts'

interface Entry {
  readonly cluster: RunningCluster
  /** No configuration names it: a request did. */
  readonly demanded: boolean
  usedAtMs: number
}

export interface ClusterPoolOptions {
  /** A cluster that nobody asked for in this time, and that has no call under way, is closed. Default 10 minutes. */
  readonly idleMs?: number
  /** Clusters at one time that no configuration names; the longest unused one makes room. Default 1024. */
  readonly maxDemanded?: number
}

export interface ClusterPoolParts extends Omit<ClusterParts, 'peers' | 'plain'> {
  /** Who is to be met at places of this name. */
  readonly peersOf?: (name: string) => PeerLookup
  /** Whether a configured cluster stays open though nobody asks for it. */
  readonly keeps?: (name: string) => boolean
}

/** A cluster that a request asks for, and what differs for it from the others. */
export interface Demand {
  readonly config: ClusterConfig
  readonly parts?: Pick<ClusterParts, 'resolver' | 'unserved' | 'log' | 'peers' | 'plain'>
}

const DEFAULT_IDLE_MS = 10 * 60_000
/** A demanded cluster is made in no time, and DNS is asked for it as long as it is there. */
const DEMANDED_IDLE_MS = 60_000
const DEFAULT_MAX_DEMANDED = 1024

/** Makes each cluster when it is first asked for and closes it when it is used no more: memory follows use, not configuration. */
export class ClusterPool implements Disposable {
  readonly #parts: ClusterPoolParts
  readonly #idleMs: number
  readonly #maxDemanded: number
  #demanded = 0
  #families: ClusterFamilies | undefined
  readonly #entries = new Map<string, Entry>()
  #configs: ReadonlyMap<string, ClusterConfig>
  #sweep: Timer | undefined
  #closed = false

  constructor(
    configs: Readonly<Record<string, ClusterConfig>>,
    parts: ClusterPoolParts,
    { idleMs = DEFAULT_IDLE_MS, maxDemanded = DEFAULT_MAX_DEMANDED }: ClusterPoolOptions = {},
  ) {
    this.#configs = new Map(Object.entries(configs))
    this.#parts = parts
    this.#idleMs = idleMs
    this.#maxDemanded = maxDemanded
  }

  /** Undefined for a name that is not configured. Ask for each request: asking is what keeps it. */
  get(name: string): RunningCluster | undefined {
    const entry = this.#entries.get(name) ?? this.#open(name)
    if (entry === undefined) return undefined
    entry.usedAtMs = this.#parts.clock.monotonic()
    return entry.cluster
  }

  /**
   * A cluster that no configuration names: made by what `demand` gives when it is first asked for, and closed when
   * it is idle. Undefined when there are as many as allowed and all of them are in use. Its name must
   * be none that a configuration can have.
   */
  demand(name: string, demand: () => Demand): RunningCluster | undefined {
    let entry = this.#entries.get(name)
    if (entry === undefined) {
      if (this.#closed || (this.#demanded >= this.#maxDemanded && !this.#makeRoom())) {
        this.#parts.families.demandsRefused.with().inc()
        return undefined
      }
      const { config, parts } = demand()
      this.#families ??= onDemandFamilies(this.#parts.families)
      entry = this.#add(
        name,
        config,
        { ...this.#parts, families: this.#families, told: undefined, ...parts },
        true,
      )
      this.#count(1)
    }
    entry.usedAtMs = this.#parts.clock.monotonic()
    return entry.cluster
  }

  /** The cluster if it is open; to look at it does not keep it. */
  peek(name: string): RunningCluster | undefined {
    return this.#entries.get(name)?.cluster
  }

  has(name: string): boolean {
    return this.#configs.has(name)
  }

  /** Those that are open. */
  *open(): Iterable<RunningCluster> {
    for (const { cluster } of this.#entries.values()) yield cluster
  }

  /** Takes checked configurations over in place; clusters that are named no more are closed. */
  update(configs: Readonly<Record<string, ClusterConfig>>): void {
    this.#configs = new Map(Object.entries(configs))
    for (const [name, { cluster, demanded }] of this.#entries) {
      if (demanded) continue
      const config = this.#configs.get(name)
      if (config === undefined) this.#close(name, cluster)
      else if (!sameConfig(config, cluster.config)) cluster.update(config)
    }
  }

  /** The sidecar has an identity now, or has none any more. */
  identityChanged(): void {
    for (const { cluster } of this.#entries.values()) cluster.identityChanged()
  }

  /** Of the open ones that are configured, by name: the `parts` of the module's health. */
  health(): Record<string, Health> {
    const health: Record<string, Health> = {}
    for (const [name, { cluster, demanded }] of this.#entries) if (!demanded) health[name] = cluster.health()
    return health
  }

  [Symbol.dispose](): void {
    this.#closed = true
    for (const [name, { cluster }] of this.#entries) this.#close(name, cluster)
  }

  #open(name: string): Entry | undefined {
    const config = this.#configs.get(name)
    if (config === undefined || this.#closed) return undefined
    const { discovery, tls } = config
    const isByDns = discovery?.kind === 'dns' || discovery?.kind === 'dnsSrv'
    // DNS does not say who is to be met.
    const peers = isByDns && tls === undefined ? this.#parts.peersOf?.(discovery.config.name) : undefined
    return this.#add(name, config, peers === undefined ? this.#parts : { ...this.#parts, peers }, false)
  }

  #add(name: string, config: ClusterConfig, parts: ClusterParts, demanded: boolean): Entry {
    const entry = { cluster: createCluster(name, config, parts), demanded, usedAtMs: 0 }
    this.#entries.set(name, entry)
    this.#sweep ??= this.#parts.clock.interval(Math.min(DEMANDED_IDLE_MS, this.#idleMs) / 4, () =>
      this.#closeIdle(),
    )
    return entry
  }

  #closeIdle(): void {
    const nowMs = this.#parts.clock.monotonic()
    for (const [name, { cluster, demanded, usedAtMs }] of this.#entries) {
      const idleMs = demanded ? Math.min(DEMANDED_IDLE_MS, this.#idleMs) : this.#idleMs
      const isKept = !demanded && this.#parts.keeps?.(name) === true
      if (!isKept && isIdle(cluster) && nowMs - usedAtMs >= idleMs) this.#close(name, cluster)
    }
  }

  /** Closes the demanded cluster that was not asked for the longest. */
  #makeRoom(): boolean {
    let oldest: readonly [string, Entry] | undefined
    for (const one of this.#entries) {
      const { demanded, cluster, usedAtMs } = one[1]
      if (demanded && isIdle(cluster) && (oldest === undefined || usedAtMs < oldest[1].usedAtMs)) oldest = one
    }
    if (oldest === undefined) return false
    this.#close(oldest[0], oldest[1].cluster)
    return true
  }

  #count(change: number): void {
    this.#demanded += change
    this.#parts.families.demanded.with().set(this.#demanded)
  }

  #close(name: string, cluster: RunningCluster): void {
    const demanded = this.#entries.get(name)!.demanded
    this.#entries.delete(name)
    cluster[Symbol.dispose]()
    if (demanded) this.#count(-1)
    if (this.#entries.size > 0) return
    this.#sweep?.cancel()
    this.#sweep = undefined
  }
}

function isIdle({ breakers: { requests, connections } }: RunningCluster): boolean {
  return requests.inUse === 0 && connections.inUse === 0
}
