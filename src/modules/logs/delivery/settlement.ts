import type { Slice } from '../batch.ts'
import type { Outcome, Rejection } from '../outputs/output.ts'
import { common, totalRecords, without } from './slices.ts'

/** What becomes of each record of a send that the peer has answered; every record is in one of these. */
export interface Settlement {
  readonly delivered: readonly Slice[]
  /** Never to be taken, with the reasons. */
  readonly rejected: readonly Rejection[]
  /** All of `rejected`. */
  readonly refused: readonly Slice[]
  /** Each to be sent again in halves. */
  readonly divided: readonly (readonly Slice[])[]
  readonly again: readonly Slice[]
}

/** An output may name records twice, or ones that were not in the send: what is refused counts before all else. */
export function settlementOf(
  sent: readonly Slice[],
  { retry = [], rejected = [], divide = [] }: Outcome & { kind: 'done' },
): Settlement {
  const single = divide.filter(({ slices }) => totalRecords(slices) === 1)
  const rejections = [...rejected, ...single]
    .map(({ slices, reason }) => ({ reason, slices: common(sent, slices) }))
    .filter(({ slices }) => slices.length > 0)
  const refused = rejections.flatMap(({ slices }) => slices)
  const divided = divide
    .filter(({ slices }) => totalRecords(slices) > 1)
    .map(({ slices }) => without(common(sent, slices), refused))
    .filter(slices => slices.length > 0)
  const kept = [...refused, ...divided.flat()]
  const again = without(common(sent, retry), kept)
  return { delivered: without(without(sent, kept), again), rejected: rejections, refused, divided, again }
}
