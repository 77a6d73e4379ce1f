import type { Timer } from '../../../kernel/clock/clock.ts'
import type { Content } from '../templates/content.ts'
import { Rendition } from '../templates/rendition.ts'
import type { DeliveryHost } from './delivery.ts'

/** Texts that change with the same secret are made within moments of each other. */
const GATHER_MS = 20

/** Several texts that are delivered as one: only when all of them are there, and together when several change. */
export class Gathering implements Disposable {
  readonly renditions: readonly Rendition[]
  readonly #texts = new Map<string, Uint8Array>()
  readonly #host: DeliveryHost
  readonly #onWhole: (texts: ReadonlyMap<string, Uint8Array>) => void
  #timer: Timer | undefined

  /** `contents` by the names that `onWhole` gets the texts by. The texts stay the gathering's. */
  constructor(
    delivery: string,
    contents: ReadonlyMap<string, Content>,
    host: DeliveryHost,
    onWhole: (texts: ReadonlyMap<string, Uint8Array>) => void,
  ) {
    this.#host = host
    this.#onWhole = onWhole
    this.renditions = [...contents].map(
      ([name, content]) =>
        new Rendition({
          content,
          table: host.table,
          clock: host.clock,
          onText: bytes => this.#take(name, bytes),
          onPass: (seconds, failed) => host.measure.rendered(delivery, seconds, failed),
          onFailed: message => host.log.error('secret_not_rendered', `${delivery}: ${message}`, { delivery }),
        }),
    )
  }

  start(): void {
    for (const rendition of this.renditions) rendition.start()
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel()
    for (const rendition of this.renditions) rendition[Symbol.dispose]()
    for (const bytes of this.#texts.values()) bytes.fill(0)
  }

  #take(name: string, bytes: Uint8Array): void {
    const before = this.#texts.get(name)
    this.#texts.set(name, bytes)
    if (before !== undefined && Buffer.compare(before, bytes) === 0) return
    this.#timer ??= this.#host.clock.timeout(GATHER_MS, () => {
      this.#timer = undefined
      if (this.renditions.every(({ state }) => state.state === 'rendered')) this.#onWhole(this.#texts)
    })
  }
}
