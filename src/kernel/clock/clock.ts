/** Time as the host gives it; tests give a clock that they turn by hand. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. */
  now(): number
  /** Milliseconds of a clock that never jumps. */
  monotonic(): number
  /** Calls once after `ms`. */
  timeout(ms: number, call: () => void): Timer
  /** Calls every `ms`. */
  interval(ms: number, call: () => void): Timer
  /** Resolves after `ms`; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export interface Timer {
  cancel(): void
}
