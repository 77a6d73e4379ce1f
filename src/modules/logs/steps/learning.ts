import type { StepHost } from './step.ts'

/** The longest pause between two tries. */
const MAX_PAUSE_MS = 60_000

/**
 * Asks until there is an answer, which goes to `take`; the first records of a start wait for the first try. `ask` rejects
 * with what is wrong, in words.
 */
export function learn<T>(
  host: StepHost,
  { firstPauseMs, ask, take }: { firstPauseMs: number; ask: () => Promise<T>; take: (answer: T) => void },
): void {
  const ended = new AbortController()
  const attempt = async (): Promise<boolean> => {
    try {
      take(await ask())
      return true
    } catch (error) {
      if (!ended.signal.aborted)
        host.log.warn('step_unprepared', `${host.key}: ${(error as Error).message}; it is tried again`)
      return false
    }
  }
  const first = attempt()
  host.holdFor?.(first)
  const goOn = async () => {
    let learnt = await first
    for (
      let pauseMs = firstPauseMs;
      !learnt;
      pauseMs = Math.max(firstPauseMs, Math.min(2 * pauseMs, MAX_PAUSE_MS))
    ) {
      await host.clock.sleep(pauseMs, ended.signal)
      learnt = await attempt()
    }
  }
  goOn().catch(() => {})
  host.scope.defer(() => ended.abort())
}
