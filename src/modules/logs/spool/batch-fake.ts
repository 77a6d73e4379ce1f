import type { Batch, Slice } from '../batch.ts'

export interface FakeBatch {
  readonly path?: string
  readonly file?: string
  /** The position behind the batch; without it the source has none. */
  readonly offset?: number
  readonly mark?: string
  /** Bytes between two records. */
  readonly gapBytes?: number
  readonly timeMs?: number
}

/** A batch of these records, for tests. */
export function fakeBatch(records: readonly (string | Buffer)[], options: FakeBatch = {}): Batch {
  const { path = '/var/log/app.log', file = 'f1', offset, gapBytes = 1, timeMs = 1000 } = options
  const count = records.length
  const starts = new Uint32Array(count)
  const ends = new Uint32Array(count)
  const pieces: Buffer[] = []
  let at = 0
  records.forEach((record, index) => {
    const bytes = Buffer.from(record as string)
    starts[index] = at
    ends[index] = at + bytes.length
    at += bytes.length + gapBytes
    pieces.push(bytes, Buffer.alloc(gapBytes, 10))
  })
  const origin =
    offset === undefined
      ? { input: 'tail', path, tag: 'tail' }
      : { input: 'tail', path, tag: 'tail', position: { file, offset } }
  return {
    bytes: Buffer.concat(pieces),
    count,
    starts,
    ends,
    timesMs: new Float64Array(count).fill(timeMs),
    origin,
  }
}

/** The records of a slice as text. */
export function recordsOf({ frame, from, to }: Slice): string[] {
  const { bytes, starts, ends } = frame.batch
  return Array.from({ length: to - from }, (_, index) =>
    bytes.toString('utf8', starts[from + index], ends[from + index]),
  )
}
