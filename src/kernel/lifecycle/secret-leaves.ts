import type { Clock, Timer } from '../clock/clock.ts'
import type { FollowedSecret, SecretOffer } from '../secret-offer.ts'

/** Values that change together, such as a user's name and password, make one reload. */
const GATHER_MS = 250

export interface SecretLeavesGiven {
  readonly clock: Clock
  /** What the module of secrets offers; undefined while it does not run. */
  readonly offer: () => SecretOffer | undefined
  /** Some values are there now, or others than before. */
  readonly onChange: () => void
}

/** The secrets that the configuration names in its leaves, and their values as they are now. */
export class SecretLeaves implements Disposable {
  readonly #given: SecretLeavesGiven
  readonly #followed = new Map<string, FollowedSecret>()
  /** What the configuration was loaded with. */
  readonly #used = new Map<string, string>()
  #offer: SecretOffer | undefined
  #timer: Timer | undefined

  constructor(given: SecretLeavesGiven) {
    this.#given = given
  }

  /** The value for a load that is under way; undefined while it is not known. */
  readonly lookUp = (reference: string): string | undefined => {
    const value = this.#followed.get(reference)?.value
    if (value !== undefined) this.#used.set(reference, value)
    return value
  }

  /** Why a secret is not known; undefined when nothing is wrong with it. */
  problemOf(reference: string): string | undefined {
    return this.#followed.get(reference)?.problem
  }

  /** From now on these are the secrets of the configuration. */
  follow(references: Iterable<string>): void {
    const offer = this.#given.offer()
    // Another instance of the module keeps other values.
    if (offer !== this.#offer) this.#letGo(new Set())
    this.#offer = offer
    const wanted = new Set(references)
    this.#letGo(wanted)
    if (offer === undefined) return
    for (const reference of wanted)
      if (!this.#followed.has(reference))
        this.#followed.set(
          reference,
          offer.follow(reference, () => this.#look()),
        )
    this.#look()
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel()
    this.#letGo(new Set())
  }

  #letGo(kept: ReadonlySet<string>): void {
    for (const [reference, followed] of this.#followed) {
      if (kept.has(reference)) continue
      followed[Symbol.dispose]()
      this.#followed.delete(reference)
    }
    for (const reference of this.#used.keys()) if (!kept.has(reference)) this.#used.delete(reference)
  }

  #look(): void {
    const isOther = [...this.#followed].some(
      ([reference, { value }]) => value !== undefined && value !== this.#used.get(reference),
    )
    if (!isOther) return
    this.#timer ??= this.#given.clock.timeout(GATHER_MS, () => {
      this.#timer = undefined
      this.#given.onChange()
    })
  }
}
