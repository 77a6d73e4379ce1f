import type { Log } from '../log/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { LoopShare, ModuleShare } from './turns.ts'

/** A slice takes a fraction of it; a step that is under way when its slice ends may still end. */
const HOLD_MS = 2
/** From here on every request of every module feels it. */
const SPEAK_MS = 100

/** Hands out modules' shares of the loop and tells who held it, and who held it too long. */
export function measuredShares(
  share: LoopShare,
  metrics: Metrics,
  log: Log,
): (module: string) => ModuleShare {
  const held = metrics.counter(
    'loop_held_seconds_total',
    'Time that a module worked on the event loop, as far as the kernel measures it: its connections, timers and slices.',
    ['module'],
  )
  const holds = metrics.counter(
    'loop_holds_total',
    `Times that a module held the event loop for more than ${HOLD_MS} ms in one go.`,
    ['module'],
  )
  return module => {
    const seconds = held.with(module)
    const count = holds.with(module)
    return share.module((ms, doing) => {
      seconds.inc(ms / 1000)
      if (ms <= HOLD_MS) return
      count.inc()
      if (ms < SPEAK_MS) return
      log.warn(
        'loop_held',
        `module ${module} held the event loop for ${Math.round(ms)} ms (${doing}); everything else waited`,
        { held_by: module, doing, held_ms: Math.round(ms) },
      )
    })
  }
}
