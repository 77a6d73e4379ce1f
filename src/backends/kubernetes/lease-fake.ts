import type { Clock } from '../../kernel/clock/clock.ts'
import type { KubernetesClient, RequestOptions } from './client.ts'
import { type Attempt, KubernetesError } from './error.ts'
import { type LeaseSpec, leaseSpec } from './lease.ts'
import { type KubernetesObject, RESOURCES } from './resources.ts'

/** For tests: one Lease with optimistic concurrency, whose candidates can be cut off, slowed down, or lose answers. */
export class SharedLease {
  readonly cutOff = new Set<string>()
  readonly slowMs = new Map<string, number>()
  /** What they write arrives, and they do not hear of it. */
  readonly losesAnswers = new Set<string>()
  readonly #clock: Clock
  #object: KubernetesObject | undefined
  #version = 1

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get spec(): LeaseSpec | undefined {
    return this.#object && leaseSpec(this.#object)
  }

  /** Somebody else edits the object. */
  touch(): void {
    if (this.#object !== undefined) this.#object = this.#stored(this.#object)
  }

  heal(): void {
    this.cutOff.clear()
    this.slowMs.clear()
    this.losesAnswers.clear()
  }

  clientOf(who: string): Pick<KubernetesClient, 'find' | 'create' | 'replace'> {
    const ask = async <T>(options: RequestOptions | undefined, answer: () => T): Promise<T> => {
      const timeoutMs = options?.timeoutMs ?? 30_000
      const slowMs = this.slowMs.get(who) ?? 0
      // A network takes a moment in each direction.
      await this.#wait(Math.min(slowMs + 1, timeoutMs), options?.signal)
      if (this.cutOff.has(who) || slowMs >= timeoutMs) {
        await this.#wait(timeoutMs - Math.min(slowMs, timeoutMs), options?.signal)
        throw new Error('no answer in time')
      }
      const result = answer()
      await this.#wait(1, options?.signal)
      if (this.losesAnswers.has(who)) throw new Error('the answer was lost')
      return result
    }
    return {
      find: (_, __, options) => ask(options, () => this.#object),
      create: (_, object, options) =>
        ask(options, () => {
          if (this.#object !== undefined) throw refusal('create', 'AlreadyExists')
          return (this.#object = this.#stored(object))
        }),
      replace: (_, object, options) =>
        ask(options, () => {
          if (this.#object?.metadata?.resourceVersion !== object.metadata?.resourceVersion)
            throw refusal('update', 'Conflict')
          return (this.#object = this.#stored(object))
        }),
    }
  }

  async #wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (ms > 0) await this.#clock.sleep(ms, signal)
  }

  #stored(object: KubernetesObject): KubernetesObject {
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } }
  }
}

function refusal(verb: Attempt['verb'], reason: string): KubernetesError {
  return new KubernetesError({ verb, type: RESOURCES.leases }, 409, { reason, message: reason })
}
