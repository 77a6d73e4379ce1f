import { excerpt, outcomeOf, type StatusContext } from '../http-status.ts'
import type { PartOutcome } from '../requests.ts'

/** What the collector says in an answer. */
export interface HecAnswer {
  readonly code?: number
  readonly text?: string
  readonly ackId?: number
  /** Of the event at fault, from 0. */
  readonly event?: number
}

export function readAnswer(body: Buffer): HecAnswer {
  try {
    const answer: unknown = JSON.parse(body.toString())
    if (typeof answer !== 'object' || answer === null) return {}
    const { code, text, ackId, 'invalid-event-number': event } = answer as Record<string, unknown>
    return {
      ...(typeof code === 'number' && { code }),
      ...(typeof text === 'string' && { text }),
      ...(typeof ackId === 'number' && { ackId }),
      ...(typeof event === 'number' && { event }),
    }
  } catch {
    return {}
  }
}

export interface HecContext extends StatusContext {
  /** `logs.outputs[0].splunk` */
  readonly key: string
  /** Every record goes to the same index. */
  readonly oneIndex: boolean
}

const INCORRECT_INDEX = 7
/** Data channel is missing, is invalid; ACK is disabled. */
const CHANNEL_CODES = new Set([10, 11, 14])

/** What came of a request with these records. */
export function judge(
  status: number,
  body: Buffer,
  ordinals: readonly number[],
  context: HecContext,
): PartOutcome {
  const { code = 0, event } = readAnswer(body)
  const { key, oneIndex } = context
  const reason = `the collector answered ${status}: ${excerpt(body)}`
  if (status !== 400) return outcomeOf(status, excerpt(body), { ...context, rejects: [422] })
  if (code === INCORRECT_INDEX && oneIndex)
    return {
      kind: 'failed',
      refused: true,
      reason: `${reason}; check ${key}.index, and which indices the token may write to`,
    }
  if (CHANNEL_CODES.has(code))
    return { kind: 'failed', refused: true, reason: `${reason}; check ${key}.acknowledge and ${key}.channel` }
  const culprit = event === undefined ? undefined : ordinals[event]
  if (culprit === undefined) return { kind: 'rejected', reason }
  // Whether those before it were kept is not told.
  return {
    kind: 'done',
    rejected: [{ ordinals: [culprit], reason }],
    retry: ordinals.filter(ordinal => ordinal !== culprit),
  }
}
