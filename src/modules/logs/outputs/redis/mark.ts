import type { Reply } from '../../../../wire/resp/resp.ts'
import type { Slice } from '../../batch.ts'

/** The last record that Redis has. Records come in the order of the spool. */
export interface Mark {
  readonly sequence: number
  readonly index: number
}

const NOTHING: Mark = { sequence: 0, index: -1 }

export function markText({ sequence, index }: Mark): string {
  return `${sequence}:${index}`
}

/** What is no mark counts as none: records may arrive twice then, but none is lost. */
export function readMark(reply: Reply): Mark {
  const [, sequence, index] = (typeof reply === 'string' && /^(\d{1,15}):(\d{1,15})$/.exec(reply)) || []
  return sequence === undefined ? NOTHING : { sequence: Number(sequence), index: Number(index) }
}

/** The records that Redis does not have yet. */
export function behind(slices: readonly Slice[], { sequence, index }: Mark): Slice[] {
  return slices.flatMap(slice => {
    const { frame, from, to } = slice
    if (frame.sequence > sequence) return [slice]
    if (frame.sequence < sequence || to <= index + 1) return []
    return [{ frame, from: Math.max(from, index + 1), to }]
  })
}
