import type { Host } from './module.ts'

/** Work in steps of a tenth of a millisecond or so: each `next` does one, the last one gives the result. */
export type LongWork<T> = Iterator<void, T>

/** Takes the steps one after the other, and lets the rest of the loop have its turn where the host wants it. */
export async function inTurns<T>(work: LongWork<T>, slice: Host['slice']): Promise<T> {
  for (;;) {
    const pause = slice()
    if (pause) await pause
    const step = work.next()
    if (step.done) return step.value
  }
}
