import type { ValueSpan } from '../../json/value.ts'

/** A log record in the parts that OTLP knows; values are verified JSON where they stand, in the record's bytes. */
export interface LogParts {
  readonly bytes: Buffer
  /** Milliseconds since the epoch; 0 for unknown. */
  readonly timeMs: number
  readonly observedMs: number
  /** 0: unknown. */
  readonly severityNumber: number
  readonly severityText: string
  /** Undefined: there is none, unless `members` are it. */
  readonly body: ValueSpan | undefined
  /** What the columns in `members` are: the record's attributes, or the members of a body that is a map. */
  readonly membersAre: 'attributes' | 'body'
  readonly members: Columns
  /** Further attributes; undefined, or an object. */
  readonly attributes: ValueSpan | undefined
  /** Hexadecimal, of the right length; empty: none. */
  readonly traceId: string
  readonly spanId: string
  readonly flags: number
  readonly eventName: string
}

/** Members of an object: member i is named `bytes[keyStarts[i], keyEnds[i])`, without its quotes. */
export interface Columns {
  readonly count: number
  readonly keyStarts: Uint32Array
  readonly keyEnds: Uint32Array
  readonly valueStarts: Uint32Array
  readonly valueEnds: Uint32Array
}

/** Makes requests out of records: records of one resource and scope go together. */
export interface LogsEncoder {
  /** Begins with the records of a resource and a scope, objects as JSON text; undefined: none. */
  group(resource: Buffer | undefined, scope: Buffer | undefined): RecordsEncoder
  /** An ExportLogsServiceRequest of all that the groups hold. */
  finish(): Buffer
}

export interface RecordsEncoder {
  add(parts: LogParts): void
}

/** Deeper values are sent as their JSON text: receivers refuse requests that are nested too deep. */
export const MAX_ENCODED_DEPTH = 16

export function nanosecondsOf(timeMs: number): bigint {
  const wholeMs = Math.floor(timeMs)
  return BigInt(wholeMs) * 1_000_000n + BigInt(Math.round((timeMs - wholeMs) * 1_000_000))
}

/** Whether a JSON number is an integer that OTLP has room for. */
export function isInt64(text: string): boolean {
  if (!/^-?\d{1,19}$/.test(text)) return false
  return text.length < 19 || BigInt.asIntN(64, BigInt(text)) === BigInt(text)
}
