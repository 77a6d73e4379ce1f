import type { Timers } from './timers.ts'

/** Something with one moment by which it must have moved on. */
export interface Deadline {
  /** Owned by the wheel. */
  deadlineMs: number
  /** Owned by the wheel: the bucket it lies in, or -1. */
  bucket: number
  /** The moment has passed; the deadline is no longer armed. */
  expire(): void
}

const BUCKETS = 64

/**
 * Coarse timeouts for many connections: one interval for all of them, which runs only while something is armed.
 * Arming what is already in the wheel writes one number, so a request costs no timer. A deadline is late by at most
 * two ticks and never early.
 */
export class DeadlineWheel {
  readonly #timers: Timers
  readonly #tickMs: number
  readonly #buckets: Set<Deadline>[] = []
  #size = 0
  #nowMs = 0
  #tick = 0
  #interval: { cancel(): void } | undefined

  constructor(timers: Timers, tickMs = 250) {
    this.#timers = timers
    this.#tickMs = tickMs
    for (let at = 0; at < BUCKETS; at++) this.#buckets.push(new Set())
  }

  /** How many deadlines lie in the wheel, armed or not yet swept out. */
  get size(): number {
    return this.#size
  }

  /** Sets or moves the moment. */
  arm(deadline: Deadline, afterMs: number): void {
    if (this.#interval === undefined) this.#start()
    deadline.deadlineMs = this.#nowMs + afterMs + this.#tickMs
    // A later moment is found when its old bucket comes round; an earlier one must move now.
    if (deadline.bucket !== -1 && this.#turnsAtMs(deadline.bucket) <= deadline.deadlineMs) return
    this.#take(deadline)
    this.#place(deadline)
  }

  /** Forgets the moment, and keeps its place for the next one: cheap enough for every request. */
  disarm(deadline: Deadline): void {
    deadline.deadlineMs = Number.POSITIVE_INFINITY
  }

  /** Takes it out of the wheel for good. */
  remove(deadline: Deadline): void {
    deadline.deadlineMs = Number.POSITIVE_INFINITY
    this.#take(deadline)
    this.#stopWhenEmpty()
  }

  #start(): void {
    this.#nowMs = this.#timers.monotonic()
    this.#interval = this.#timers.interval(this.#tickMs, () => this.#turn())
  }

  #stopWhenEmpty(): void {
    if (this.#size > 0) return
    this.#interval?.cancel()
    this.#interval = undefined
  }

  /** When a bucket comes round next. */
  #turnsAtMs(bucket: number): number {
    const ticks = ((bucket - this.#tick + BUCKETS - 1) % BUCKETS) + 1
    return this.#nowMs + ticks * this.#tickMs
  }

  #place(deadline: Deadline): void {
    const ticks = Math.ceil((deadline.deadlineMs - this.#nowMs) / this.#tickMs)
    deadline.bucket = (this.#tick + Math.min(Math.max(ticks, 1), BUCKETS - 1)) % BUCKETS
    this.#buckets[deadline.bucket]!.add(deadline)
    this.#size++
  }

  #take(deadline: Deadline): void {
    if (deadline.bucket === -1) return
    this.#buckets[deadline.bucket]!.delete(deadline)
    deadline.bucket = -1
    this.#size--
  }

  #turn(): void {
    this.#nowMs = this.#timers.monotonic()
    this.#tick = (this.#tick + 1) % BUCKETS
    const bucket = this.#buckets[this.#tick]!
    for (const deadline of bucket) {
      this.#take(deadline)
      if (deadline.deadlineMs === Number.POSITIVE_INFINITY) continue
      if (deadline.deadlineMs > this.#nowMs) this.#place(deadline)
      else {
        deadline.deadlineMs = Number.POSITIVE_INFINITY
        deadline.expire()
      }
    }
    this.#stopWhenEmpty()
  }
}
