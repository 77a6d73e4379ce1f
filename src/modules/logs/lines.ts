import type { Origin, Position } from './batch.ts'
import type { Lent } from './lent-memory.ts'

/** Lines as an input read them, before any format: line i is `bytes[starts[i], ends[i])`, without its line feed. */
export interface Lines {
  readonly bytes: Buffer
  /** What `bytes` lie in, when it is read into again later: who needs them after the sink's call keeps it. */
  readonly memory?: Lent | undefined
  /** How many lines; the columns are at least this long. Zero with a position that has moved is possible. */
  readonly count: number
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  /** 1 where the line is a piece of one that was longer than the limit; absent when there is none. */
  readonly pieces?: Uint8Array
  /** When each happened, milliseconds since the epoch, for inputs that bring records with times; NaN where there is none. */
  readonly timesMs?: Float64Array
  /** When they were read, milliseconds since the epoch: the time of records that carry none. */
  readonly readAtMs: number
  readonly origin: Origin
  /** Where line i begins in its source, in bytes; absent where that means nothing. */
  offsetAt?(line: number): number
  /** The position right before line i, for lines that are held back; asked before the sink resolves. */
  positionAt?(line: number): Position
  /** What these lines belong to, where neither position nor path and tag tell it: a connection. */
  readonly source?: string
  /** They do not go on where the source's last lines ended: it is new, or has another content. */
  readonly begins?: boolean
  /** More of the source is there to be read at once. */
  readonly more?: boolean
  /** Nobody is told that the lines are safe, so that the last ones may be held back until their record is whole. */
  readonly mayWait?: boolean
  /** Records of several lines are not held any longer: all, as nothing follows, or those that have waited too long. */
  readonly closes?: 'all' | 'idle'
}

/** Takes lines in; resolves once they are safe (spooled). An input keeps at most one call per source under way. */
export type LineSink = (lines: Lines) => Promise<void>
