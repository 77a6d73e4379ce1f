const NONE = -1
const ROUNDING_MS = 1e-4

/**
 * Token buckets by key, at most `max`. A bucket is one number: the time at which it is full again (the generic cell rate
 * algorithm), so that a request costs one addition and no timer. Memory grows with the keys in use; the key that was
 * used longest ago makes room. Nothing is allocated for a key that is known.
 */
export class Buckets {
  /** Between two tokens. */
  readonly #intervalMs: number
  readonly #fullMs: number
  readonly #max: number
  readonly #evicted: () => void
  readonly #slots = new Map<string, number>()
  readonly #keys: string[] = []
  #fullAt = new Float64Array(1)
  #older = new Int32Array(1)
  #newer = new Int32Array(1)
  #oldest = NONE
  #newest = NONE

  /** `evicted` is called when a bucket is forgotten that was not full. */
  constructor(intervalMs: number, burst: number, max: number, evicted: () => void) {
    this.#intervalMs = intervalMs
    this.#fullMs = intervalMs * burst
    this.#max = max
    this.#evicted = evicted
  }

  get size(): number {
    return this.#keys.length
  }

  /** The key's slot: good until the next call for another key. */
  slot(key: string, nowMs: number): number {
    const known = this.#slots.get(key)
    if (known === undefined) return this.#add(key, nowMs)
    if (known !== this.#newest) {
      this.#unlink(known)
      this.#link(known)
    }
    return known
  }

  /** The slot of a key that is remembered; does not count as a use. */
  find(key: string): number | undefined {
    return this.#slots.get(key)
  }

  /** Milliseconds until the bucket has a token; 0 when it has one now. */
  waitMs(slot: number, nowMs: number): number {
    const waitMs = this.#debtMs(slot, nowMs) + this.#intervalMs - this.#fullMs
    // Sums of fractions are off by a little: what is that near is there.
    return waitMs > ROUNDING_MS ? waitMs : 0
  }

  take(slot: number, nowMs: number): void {
    this.#fullAt[slot] = Math.max(this.#fullAt[slot]!, nowMs) + this.#intervalMs
  }

  remaining(slot: number, nowMs: number): number {
    return Math.max(
      0,
      Math.floor((this.#fullMs - this.#debtMs(slot, nowMs) + ROUNDING_MS) / this.#intervalMs),
    )
  }

  /** Milliseconds until the bucket is full. */
  resetMs(slot: number, nowMs: number): number {
    return this.#debtMs(slot, nowMs)
  }

  #debtMs(slot: number, nowMs: number): number {
    const debtMs = this.#fullAt[slot]! - nowMs
    return Math.max(0, debtMs)
  }

  #add(key: string, nowMs: number): number {
    const slot = this.#keys.length < this.#max ? this.#grow() : this.#evict(nowMs)
    this.#keys[slot] = key
    this.#slots.set(key, slot)
    this.#fullAt[slot] = nowMs
    this.#link(slot)
    return slot
  }

  #grow(): number {
    const slot = this.#keys.length
    if (slot < this.#fullAt.length) return slot
    const size = Math.min(this.#max, slot * 2)
    const wider = <T extends Float64Array | Int32Array>(from: T, to: T): T => {
      to.set(from)
      return to
    }
    this.#fullAt = wider(this.#fullAt, new Float64Array(size))
    this.#older = wider(this.#older, new Int32Array(size))
    this.#newer = wider(this.#newer, new Int32Array(size))
    return slot
  }

  #evict(nowMs: number): number {
    const slot = this.#oldest
    this.#unlink(slot)
    this.#slots.delete(this.#keys[slot]!)
    if (this.#fullAt[slot]! > nowMs) this.#evicted()
    return slot
  }

  #link(slot: number): void {
    this.#older[slot] = this.#newest
    this.#newer[slot] = NONE
    if (this.#newest === NONE) this.#oldest = slot
    else this.#newer[this.#newest] = slot
    this.#newest = slot
  }

  #unlink(slot: number): void {
    const older = this.#older[slot]!
    const newer = this.#newer[slot]!
    if (older === NONE) this.#oldest = newer
    else this.#newer[older] = newer
    if (newer === NONE) this.#newest = older
    else this.#older[newer] = older
  }
}
