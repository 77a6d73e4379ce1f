import type { Lent } from './lent-memory.ts'

/**
 * The currency of the log pipeline: records that came from one source in one go.
 *
 * A record is one JSON object as bytes: UTF-8, except that a string may hold bytes that are not
 * (an application wrote them; outputs that cannot carry them replace them and count it).
 * It holds no raw line feed. It stays a slice of `bytes` from the file read to the socket write:
 * record i is `bytes[starts[i], ends[i])`; between two records there may be bytes that belong to none.
 */
export interface Batch {
  readonly bytes: Buffer
  /** What `bytes` lie in, when it is read into again later: who needs the records for longer than a call keeps it. */
  readonly memory?: Lent | undefined
  /** How many records; the three columns are at least this long. */
  readonly count: number
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  /** When each record happened, milliseconds since the epoch. */
  readonly timesMs: Float64Array
  readonly origin: Origin
}

/** Where a batch came from, and how far its source is read once the batch is safe. */
export interface Origin {
  /** The input's name in metrics and messages: its kind, or its kind and index when there are several. */
  readonly input: string
  /** For people and for outputs that name streams after it: the path of the file, or the name of the stream. */
  readonly path: string
  /** What the records are routed by: steps and outputs may be for some tags only. */
  readonly tag: string
  /** The name of the only output that they are for; absent: all that want them. */
  readonly only?: string
  /** The source's identity and the position right behind the last byte of this batch; absent for sources that cannot be read again. */
  readonly position?: Position
}

/**
 * How far one file is read. A file's identity outlives its name. For one `file` the position written last holds,
 * also when its offset is lower than an earlier one: the file was truncated, or another one got its inode.
 */
export interface Position {
  /** The key: `<dev>:<ino>`, both numbers in hexadecimal. */
  readonly file: string
  /** The next byte to read. */
  readonly offset: number
  /** What the bytes before the offset look like, so that a file that is another one by now is recognised. Kept for the input as it is. */
  readonly mark?: string
}

/** A batch in the spool. Sequences start at 1 and have no holes; a frame never changes. */
export interface Frame {
  readonly sequence: number
  readonly batch: Batch
}

/** Records [from, to) of one frame. */
export interface Slice {
  readonly frame: Frame
  readonly from: number
  readonly to: number
}
