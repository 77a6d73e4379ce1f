import type { Health } from '../../../kernel/module.ts'
import type { Rendition } from '../templates/rendition.ts'
import type { Delivery, DeliveryHost, DeliveryStatus } from './delivery.ts'
import { Writing } from './writing.ts'

type DeliveryWorld = Pick<DeliveryHost, 'clock' | 'log' | 'measure' | 'changed' | 'random'>

export interface WrittenDeliveryGiven {
  readonly name: string
  readonly kind: string
  /** Where it goes: a path, variables' names. */
  readonly target: string
  readonly renditions: () => readonly Rendition[]
  /** What the log says of a change. */
  readonly says: string
  /** What people are told while nothing was tried yet. */
  readonly waits?: string
  /** Puts the newest there, once after each `wake` and again until it works; false when it was there already. */
  readonly write?: () => Promise<boolean>
  readonly start: () => void
  /** Nothing is being written any more. */
  readonly end: () => void
}

/** A delivery that puts something somewhere, and knows when it did, how often it has changed, and why it could not. */
export class WrittenDelivery implements Delivery {
  readonly name: string
  readonly #given: WrittenDeliveryGiven
  readonly #host: DeliveryWorld
  readonly #writing: Writing | undefined
  #problem: string | undefined
  #deliveredAtMs: number | undefined
  #changes = 0

  constructor(given: WrittenDeliveryGiven, host: DeliveryWorld) {
    this.name = given.name
    this.#given = given
    this.#host = host
    const { clock, random } = host
    const { write } = given
    if (write !== undefined)
      this.#writing = new Writing({
        clock,
        random,
        write,
        onOutcome: (changed, problem) => this.note(changed, problem),
      })
  }

  /** There is something newer to be written. */
  wake(): void {
    this.#writing?.wake()
  }

  /** It was tried; `changed`: what is there now was not there before. */
  note(changed: boolean, problem: string | undefined): void {
    const { clock, log, measure } = this.#host
    const { name } = this
    if (problem !== undefined && problem !== this.#problem)
      log.error('delivery_failed', `${name}: ${problem}`, { delivery: name })
    this.#problem = problem
    measure.delivered(name, problem !== undefined)
    if (problem !== undefined) return
    this.#deliveredAtMs ??= clock.now()
    if (!changed) return
    this.#deliveredAtMs = clock.now()
    this.#changes++
    const { kind, target, says } = this.#given
    log.info(kind === 'token' ? 'token_delivered' : 'secret_delivered', says, {
      delivery: name,
      ...(kind !== 'environment' && { path: target }),
    })
    this.#host.changed()
  }

  get isReady(): boolean {
    return this.#deliveredAtMs !== undefined
  }

  health(): Health {
    const { renditions, waits = 'is being written' } = this.#given
    const ready = this.isReady
    const ill = renditions().find(({ state }) => state.state !== 'rendered')?.state
    const said = this.#problem ?? (ill?.state === 'rendered' ? undefined : ill?.message)
    if (said === undefined)
      return ready ? { ready, state: 'ok' } : { ready, state: 'degraded', message: waits }
    return { ready, state: ready || ill?.state === 'waiting' ? 'degraded' : 'failed', message: said }
  }

  get status(): DeliveryStatus {
    const { kind, target, renditions } = this.#given
    const deliveredAtMs = this.#deliveredAtMs
    return {
      kind,
      target,
      renditions: renditions(),
      changes: this.#changes,
      ...(deliveredAtMs !== undefined && { deliveredAtMs }),
    }
  }

  start(): void {
    this.#given.start()
  }

  async settled(): Promise<void> {
    await this.#writing?.settled()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing?.[Symbol.asyncDispose]()
    this.#given.end()
  }
}
