/** What the engine needs of time; the kernel's clock fits. */
export interface Timers {
  /** Wall clock, milliseconds since the epoch. */
  now(): number
  /** Milliseconds of a clock that never jumps. */
  monotonic(): number
  /** Calls every `ms` until cancelled. */
  interval(ms: number, call: () => void): { cancel(): void }
}
