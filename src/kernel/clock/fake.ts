import type { Clock, Timer } from './clock.ts'

interface Due {
  atMs: number
  readonly everyMs: number | undefined
  readonly call: () => void
}

/** A clock for tests: time stands still until `advance` or `elapse` moves it. */
export class FakeClock implements Clock {
  #elapsedMs = 0
  #wallMs: number
  readonly #timers = new Set<Due>()

  /** Starts at 2026-01-01T00:00:00Z unless told otherwise. */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = startMs
  }

  now(): number {
    return this.#wallMs
  }

  monotonic(): number {
    return this.#elapsedMs
  }

  timeout(ms: number, call: () => void): Timer {
    return this.#add({ atMs: this.#elapsedMs + Math.max(0, ms), everyMs: undefined, call })
  }

  interval(ms: number, call: () => void): Timer {
    return this.#add({ atMs: this.#elapsedMs + Math.max(1, ms), everyMs: Math.max(1, ms), call })
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const stop = () => {
        timer.cancel()
        reject(signal!.reason)
      }
      const timer = this.timeout(ms, () => {
        signal?.removeEventListener('abort', stop)
        resolve()
      })
      signal?.addEventListener('abort', stop, { once: true })
    })
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size
  }

  /** Milliseconds until the next timer is due; undefined when none waits. */
  get nextMs(): number | undefined {
    const next = this.#next(Number.POSITIVE_INFINITY)
    return next && Math.max(0, next.atMs - this.#elapsedMs)
  }

  /** Moves time on and calls every timer that falls due, in order, each at its own moment. Promises do not settle in between: see `elapse`. */
  advance(ms: number): void {
    const end = this.#elapsedMs + ms
    for (let due = this.#next(end); due; due = this.#next(end)) this.#fire(due)
    this.#moveTo(end)
  }

  /** `advance`, and lets promises and immediates settle before the first timer, after each, and at the end. */
  async elapse(ms: number): Promise<void> {
    const end = this.#elapsedMs + ms
    await settled()
    for (let due = this.#next(end); due; due = this.#next(end)) {
      this.#fire(due)
      await settled()
    }
    this.#moveTo(end)
  }

  /** Makes the wall clock jump (an operator, NTP); `monotonic` and timers do not notice. */
  setWall(ms: number): void {
    this.#wallMs = ms
  }

  #add(due: Due): Timer {
    this.#timers.add(due)
    return { cancel: () => void this.#timers.delete(due) }
  }

  #next(endMs: number): Due | undefined {
    let first: Due | undefined
    for (const due of this.#timers) if (due.atMs <= endMs && (!first || due.atMs < first.atMs)) first = due
    return first
  }

  #fire(due: Due): void {
    this.#moveTo(due.atMs)
    if (due.everyMs === undefined) this.#timers.delete(due)
    else due.atMs += due.everyMs
    due.call()
  }

  #moveTo(ms: number): void {
    if (ms <= this.#elapsedMs) return
    this.#wallMs += ms - this.#elapsedMs
    this.#elapsedMs = ms
  }
}

/** Two turns of the loop: one for immediates that are due, one for those that they set. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise<void>(resolve => setImmediate(resolve))
}
