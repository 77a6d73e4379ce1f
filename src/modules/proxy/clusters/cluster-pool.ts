import type { Timer } from '../../../kernel/clock/clock.ts'
import type { Health } from '../../../kernel/module.ts'
import type { ClusterConfig } from './config.ts'
import { type ClusterParts, createCluster, type RunningCluster } from './running-cluster.ts'
import { sameConfig } from './same-config.ts'

interface Entry {
  readonly cluster: RunningCluster
  usedAtMs: number
}

export interface ClusterPoolOptions {
  /** A cluster that nobody asked for in this time, and that has no call under way, is closed. Default 10 minutes. */
  readonly idleMs?: number
}

const DEFAULT_IDLE_MS = 10 * 60_000

/** Makes each cluster when it is first asked for and closes it when it is used no more: memory follows use, not configuration. */
export class ClusterPool implements Disposable {
  readonly #parts: ClusterParts
  readonly #idleMs: number
  readonly #entries = new Map<string, Entry>()
  #configs: ReadonlyMap<string, ClusterConfig>
  #sweep: Timer | undefined
  #closed = false

  constructor(
    configs: Readonly<Record<string, ClusterConfig>>,
    parts: ClusterParts,
    { idleMs = DEFAULT_IDLE_MS }: ClusterPoolOptions = {},
  ) {
    this.#configs = new Map(Object.entries(configs))
    this.#parts = parts
    this.#idleMs = idleMs
  }

  /** Undefined for a name that is not configured. Ask for each request: asking is what keeps it. */
  get(name: string): RunningCluster | undefined {
    const entry = this.#entries.get(name) ?? this.#open(name)
    if (entry === undefined) return undefined
    entry.usedAtMs = this.#parts.clock.monotonic()
    return entry.cluster
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
    for (const [name, { cluster }] of this.#entries) {
      const config = this.#configs.get(name)
      if (config === undefined) this.#close(name, cluster)
      else if (!sameConfig(config, cluster.config)) cluster.update(config)
    }
  }

  /** Of the open ones, by name: the `parts` of the module's health. */
  health(): Record<string, Health> {
    return Object.fromEntries([...this.#entries].map(([name, { cluster }]) => [name, cluster.health()]))
  }

  [Symbol.dispose](): void {
    this.#closed = true
    for (const [name, { cluster }] of this.#entries) this.#close(name, cluster)
  }

  #open(name: string): Entry | undefined {
    const config = this.#configs.get(name)
    if (config === undefined || this.#closed) return undefined
    const entry = { cluster: createCluster(name, config, this.#parts), usedAtMs: 0 }
    this.#entries.set(name, entry)
    this.#sweep ??= this.#parts.clock.interval(this.#idleMs / 4, () => this.#closeIdle())
    return entry
  }

  #closeIdle(): void {
    const nowMs = this.#parts.clock.monotonic()
    for (const [name, { cluster, usedAtMs }] of this.#entries) {
      const { requests, connections } = cluster.breakers
      if (requests.inUse === 0 && connections.inUse === 0 && nowMs - usedAtMs >= this.#idleMs)
        this.#close(name, cluster)
    }
  }

  #close(name: string, cluster: RunningCluster): void {
    this.#entries.delete(name)
    cluster[Symbol.dispose]()
    if (this.#entries.size > 0) return
    this.#sweep?.cancel()
    this.#sweep = undefined
  }
}
