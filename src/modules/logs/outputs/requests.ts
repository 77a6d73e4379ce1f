import type { Slice } from '../batch.ts'
import type { RequestOutcome } from './http-status.ts'
import type { FailedOutcome, Outcome, Rejection } from './output.ts'
import { selectRecords } from './selection.ts'

/** Records of a send that share one request, by their places among all records of the send, ascending. */
export interface RequestRecords {
  readonly ordinals: readonly number[]
}

/** What came of one request: `rejected` and `retry` name records to which the kind does not apply. */
export type PartOutcome = RequestOutcome & {
  readonly rejected?: readonly { readonly ordinals: readonly number[]; readonly reason: string }[]
  readonly retry?: readonly number[]
}

/**
 * Sends one request after the other and makes one outcome of all. Those behind one that failed because nobody takes
 * anything are not tried; one that is refused as a whole is divided, and the others go on.
 */
export async function sendRequests<R extends RequestRecords>(
  slices: readonly Slice[],
  requests: readonly R[],
  send: (request: R) => Promise<PartOutcome>,
): Promise<Outcome> {
  const retry: number[] = []
  const rejected: Rejection[] = []
  const divide: Rejection[] = []
  let trouble: FailedOutcome | undefined
  let settled = false
  for (const request of requests) {
    if (trouble !== undefined && !trouble.refused) {
      retry.push(...request.ordinals)
      continue
    }
    const outcome = await send(request)
    if (outcome.kind === 'failed') {
      trouble = outcome
      retry.push(...request.ordinals)
      continue
    }
    if (outcome.kind === 'too_large' && requests.length === 1) return outcome
    settled = true
    retry.push(...(outcome.retry ?? []))
    for (const { ordinals, reason } of outcome.rejected ?? [])
      rejected.push({ slices: selectRecords(slices, ordinals), reason })
    if (outcome.kind !== 'done')
      divide.push({ slices: selectRecords(slices, request.ordinals), reason: outcome.reason })
  }
  if (trouble !== undefined && !settled) return trouble
  return {
    kind: 'done',
    ...(retry.length > 0
      ? {
          retry: selectRecords(
            slices,
            retry.sort((a, b) => a - b),
          ),
        }
      : {}),
    ...(rejected.length > 0 ? { rejected } : {}),
    ...(divide.length > 0 ? { divide } : {}),
  }
}
