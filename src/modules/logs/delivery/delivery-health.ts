import type { Health } from '../../../kernel/module.ts'
import type { Pause } from './pause.ts'

/** What a delivery says of itself: the peer's trouble first, then that of the dead letters. */
export function deliveryHealth(
  trouble: Pause['trouble'],
  unsentRecords: () => number,
  burialProblem: string | undefined,
): Health {
  if (trouble) {
    const since = new Date(trouble.sinceMs).toISOString()
    const records = unsentRecords()
    const waiting = records === 1 ? 'one record waits in the spool' : `${records} records wait in the spool`
    return {
      ready: true,
      state: trouble.refused ? 'failed' : 'degraded',
      message: `${trouble.refused ? 'refused' : 'failing'} since ${since}: ${trouble.reason}; ${waiting}`,
    }
  }
  if (burialProblem === undefined) return { ready: true, state: 'ok' }
  return { ready: true, state: 'degraded', message: `cannot write the dead letters: ${burialProblem}` }
}
