import type { Batch } from '../batch.ts'
import { region } from './frame-codec.ts'

/** A batch below this may waste what it likes. */
const NOT_WORTH_IT_BYTES = 4096

/** The batch itself, or a copy without the gaps when they are more than half of its region. */
export function withoutGaps(batch: Batch): Batch {
  const [from, to] = region(batch)
  if (to - from <= NOT_WORTH_IT_BYTES) return batch
  let used = 0
  for (let index = 0; index < batch.count; index++) used += batch.ends[index]! - batch.starts[index]!
  return used * 2 < to - from ? copied(batch, used) : batch
}

/** What the batch keeps from being collected: whole buffers, also where it uses a part of them. */
export function retainedBytes(batch: Batch): number {
  if (batch.count === 0) return 0
  const { bytes, starts, ends, timesMs } = batch
  const buffers = new Set([bytes, starts, ends, timesMs].map(({ buffer }) => buffer))
  let sum = 0
  for (const { byteLength } of buffers) sum += byteLength
  return sum
}

/** The batch itself, or a copy when it keeps more than twice its own size from being collected. */
export function withoutBallast(batch: Batch): Batch {
  if (batch.count === 0) return batch
  const [from, to] = region(batch)
  const needed = to - from + batch.count * 16
  return retainedBytes(batch) > 2 * needed + NOT_WORTH_IT_BYTES ? copied(batch, to - from) : batch
}

function copied(batch: Batch, atMostBytes: number): Batch {
  const { count, origin } = batch
  const bytes = Buffer.allocUnsafeSlow(atMostBytes)
  const starts = new Uint32Array(count)
  const ends = new Uint32Array(count)
  let at = 0
  for (let index = 0; index < count; index++) {
    starts[index] = at
    at += batch.bytes.copy(bytes, at, batch.starts[index]!, batch.ends[index]!)
    ends[index] = at
  }
  return { bytes, count, starts, ends, timesMs: batch.timesMs.slice(0, count), origin }
}
