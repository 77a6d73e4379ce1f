import type { Clock } from '../clock/clock.ts'
import type { Deadline } from '../module.ts'

/** A deadline that whoever made it may bring forward; disposing it frees its timer. */
export interface OwnDeadline extends Deadline, Disposable {
  /** The time is up now. */
  cut(): void
}

/** `ms` from now. */
export function deadlineIn(clock: Pick<Clock, 'monotonic' | 'timeout'>, ms: number): OwnDeadline {
  const over = new AbortController()
  const end = clock.monotonic() + ms
  const cut = () => over.abort(new Error('the time for an orderly end is over'))
  const timer = clock.timeout(ms, cut)
  return {
    remainingMs: () => (over.signal.aborted ? 0 : Math.max(0, end - clock.monotonic())),
    signal: over.signal,
    cut,
    [Symbol.dispose]: () => timer.cancel(),
  }
}

/** Waits for the work, but no longer than the signal allows: false = it aborted first (and the work goes on unobserved). */
export async function within(signal: AbortSignal, work: Promise<unknown>): Promise<boolean> {
  if (signal.aborted) {
    work.catch(() => {})
    // What is already done counts as done.
    return Promise.race([
      work.then(() => true),
      new Promise<boolean>(resolve => setImmediate(resolve, false)),
    ])
  }
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const stop = () => resolve(false)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work.then(() => true), promise])
  } finally {
    signal.removeEventListener('abort', stop)
    work.catch(() => {})
  }
}
