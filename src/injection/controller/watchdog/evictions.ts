import { KubernetesError } from '../../../backends/kubernetes/error.ts'
import { RESOURCES } from '../../../backends/kubernetes/resources.ts'
import type { Host } from '../../../kernel/module.ts'
import type { Cluster } from '../cluster/module.ts'
import type { PodPlace } from './events.ts'

export interface EvictionLimits {
  readonly perMinute: number
  readonly perOwner: number
}

type Outcome = 'evicted' | 'held_back' | 'no_owner' | 'gave_up' | 'failed'

const HOUR_MS = 3600_000

/**
 * Evicts pods by the Eviction API, which keeps to PodDisruptionBudgets. A pod without an owner would never come back and
 * stays; so does one whose owner makes pods that lack the sidecar again and again.
 */
export class Evictions {
  readonly #client: Cluster['client']
  readonly #host: Pick<Host, 'clock' | 'log'>
  readonly #limits: EvictionLimits
  readonly #count: (outcome: Outcome) => void
  /** By `monotonic`, of the last hour, per owner. */
  readonly #byOwner = new Map<string, number[]>()

  constructor(
    { client }: Pick<Cluster, 'client'>,
    host: Pick<Host, 'clock' | 'log' | 'metrics'>,
    limits: EvictionLimits,
  ) {
    this.#client = client
    this.#host = host
    this.#limits = limits
    const count = host.metrics.counter(
      'evictions_total',
      'Pods that lack a required sidecar, by what became of their eviction.',
      ['outcome'],
    )
    this.#count = outcome => count.with(outcome).inc()
  }

  /** One after the other, as long as there is room in this minute and the term holds. */
  async evict(pods: readonly PodPlace[], holds: () => boolean): Promise<void> {
    for (const pod of pods) {
      if (!holds() || this.#lastMinute() >= this.#limits.perMinute) return
      await this.#one(pod)
    }
  }

  async #one({ namespace, name, record }: PodPlace): Promise<void> {
    const { clock, log } = this.#host
    const { owner, uid } = record
    const fields = { namespace, pod: name, owner: owner && `${owner.kind}/${owner.name}` }
    if (owner === undefined) return this.#count('no_owner')
    const key = `${namespace}/${owner.kind}/${owner.name}`
    const nowMs = clock.monotonic()
    const recent = (this.#byOwner.get(key) ?? []).filter(atMs => nowMs - atMs < HOUR_MS)
    if (recent.length >= this.#limits.perOwner) {
      this.#count('gave_up')
      log.warn(
        'eviction_given_up',
        `pods of ${key} come back without their sidecar; they are evicted no more within the hour`,
        fields,
      )
      return
    }
    try {
      await this.#client.create(
        RESOURCES.pods,
        {
          ...{ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } },
          deleteOptions: { preconditions: { uid } },
        },
        { subresource: 'eviction' },
      )
      this.#byOwner.set(key, [...recent, nowMs])
      this.#count('evicted')
      log.audit('pod_evicted', `evicted pod ${namespace}/${name}, which lacks a required sidecar`, fields)
    } catch (error) {
      if (error instanceof KubernetesError && error.isNotFound) return
      const held = error instanceof KubernetesError && error.code === 429
      this.#count(held ? 'held_back' : 'failed')
      if (held)
        log.info('eviction_held_back', `a PodDisruptionBudget holds pod ${namespace}/${name} for now`, fields)
      else log.warn('eviction_failed', `pod ${namespace}/${name} could not be evicted`, { ...fields, error })
    }
  }

  #lastMinute(): number {
    const nowMs = this.#host.clock.monotonic()
    let count = 0
    for (const [key, times] of this.#byOwner) {
      const recent = times.filter(atMs => nowMs - atMs < HOUR_MS)
      if (recent.length === 0) this.#byOwner.delete(key)
      count += recent.filter(atMs => nowMs - atMs < 60_000).length
    }
    return count
  }
}
