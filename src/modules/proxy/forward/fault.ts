import type { Clock, Timer } from '../../../kernel/clock/clock.ts'
import type { Fault } from '../faults/faults.ts'
import { type Refusal, refusal } from '../refusal.ts'

/**
 * Lets a fault happen, after its delay: `next` is called once, with what to answer, or with nothing when the request
 * goes on all the same; `reset`: by breaking the client off. Gives the timer of the delay.
 */
export function sufferFault(
  { name, delayMs, abortStatus, reset }: Fault,
  clock: Clock,
  next: (refused: Refusal | undefined, reset: boolean) => void,
): Timer | undefined {
  const happen = (): void => {
    const { status, ...rest } = refusal('fault_injected', `fault "${name}"`)
    next(reset || abortStatus !== undefined ? { ...rest, status: abortStatus ?? status } : undefined, reset)
  }
  if (delayMs > 0) return clock.timeout(delayMs, happen)
  happen()
  return undefined
}
