import { CLOSE_BRACE, COLON, COMMA, OPEN_BRACE } from '../../json/bytes.ts'
import { type Key, keyOf } from '../../json/path.ts'
import type { ByteWriter } from '../../json/writer.ts'
import { severityName } from './severity.ts'

/**
 * How an OTLP log record becomes one JSON object, whatever it came as:
 *
 *     {"message": <body>, "severity_text": "WARN", "severity_number": 13, "trace_id": "<hex>", "span_id": "<hex>",
 *      "trace_flags": 1, "event_name": "…", "attributes": {…}, "resource": {…}, "scope": {"name": …, "version": …, "attributes": {…}}}
 *
 * What is not set is left out. A body that is a map gives its members to the record itself, unless one of them has one
 * of these names: then it stands whole where any other body stands. Resource and scope are their attributes; 64-bit
 * numbers are numbers, bytes are base64, NaN and the infinities are strings. A severity number without a text gets its
 * short name.
 */
export const FIELDS = {
  severityText: keyOf('severity_text'),
  severityNumber: keyOf('severity_number'),
  traceId: keyOf('trace_id'),
  spanId: keyOf('span_id'),
  traceFlags: keyOf('trace_flags'),
  eventName: keyOf('event_name'),
  attributes: keyOf('attributes'),
  resource: keyOf('resource'),
  scope: keyOf('scope'),
  name: keyOf('name'),
  version: keyOf('version'),
} as const

/** Names within the scope, which stand in nobody's way. */
const OF_SCOPE: ReadonlySet<string> = new Set([FIELDS.name.text, FIELDS.version.text])
const RESERVED: ReadonlySet<string> = new Set(
  Object.values(FIELDS)
    .map(({ text }) => text)
    .filter(name => !OF_SCOPE.has(name)),
)

export const SERVICE_NAME = 'service.name'

/** Whether a member of a map body stands in the way of a field of the record. */
export function isReserved(name: string): boolean {
  return RESERVED.has(name)
}

/** A request's records, one after the other; each is to be written before the next is asked for. */
export type LogRecords = Iterable<LogRecord>

export interface LogRecord {
  /** Of the resource that it comes from; may be empty. */
  readonly serviceName: string
  /**
   * Appends the record, and tells when it happened: milliseconds since the epoch, NaN when nobody knows. Throws
   * RefusedRecord, and then has written a piece of it.
   */
  write(out: ByteWriter): number
}

/** Values may be nested so deep; a record that goes deeper is refused. */
export const MAX_VALUE_DEPTH = 16

/** One record cannot be taken, the others can. */
export class RefusedRecord extends Error {
  override readonly name = 'RefusedRecord'
}

export function tooDeep(): RefusedRecord {
  return new RefusedRecord(`values are nested deeper than ${MAX_VALUE_DEPTH} levels`)
}

/** Writes the members of an object one after the other. */
export class Members {
  readonly #out: ByteWriter
  readonly #start: number

  /** Opens the object. */
  constructor(out: ByteWriter) {
    this.#out = out
    out.byte(OPEN_BRACE)
    this.#start = out.length
  }

  /** Room for a value is behind it. */
  key({ quoted }: Key): ByteWriter {
    const out = this.next()
    out.copy(quoted, 0, quoted.length)
    out.byte(COLON)
    return out
  }

  /** A member whose key is written by the caller. */
  next(): ByteWriter {
    if (this.#out.length > this.#start) this.#out.byte(COMMA)
    return this.#out
  }

  /** Members that are written already, as `members` gives them; none when empty. */
  splice(text: Buffer): void {
    if (text.length > 0) this.next().copy(text, 0, text.length)
  }

  severity(number: number, hasText: boolean): void {
    const name = hasText ? undefined : severityName(number)
    if (name !== undefined) this.key(FIELDS.severityText).text(name, 'latin1')
    if (number > 0) writeWord(this.key(FIELDS.severityNumber), String(number))
  }

  traceFlags(flags: number): void {
    // The upper 24 bits are reserved (logs.proto, LogRecordFlags).
    if ((flags & 0xff) !== 0) writeWord(this.key(FIELDS.traceFlags), String(flags & 0xff))
  }

  close(): void {
    this.#out.byte(CLOSE_BRACE)
  }
}

/** A number or a word that JSON has. */
export function writeWord(out: ByteWriter, text: string): void {
  out.reserve(text.length)
  out.length += out.bytes.write(text, out.length, 'latin1')
}

/** Milliseconds since the epoch, with a fraction; NaN for the zero that means unknown. A number of nanoseconds would not be exact. */
export function millisecondsOf(timeUnixNano: bigint, observedUnixNano: bigint): number {
  const nanoseconds = timeUnixNano || observedUnixNano
  if (nanoseconds === 0n) return Number.NaN
  return Number(nanoseconds / 1_000_000n) + Number(nanoseconds % 1_000_000n) / 1_000_000
}

/** Two texts of members as one. */
export function joinMembers(first: Buffer, second: Buffer): Buffer {
  if (first.length === 0 || second.length === 0) return first.length === 0 ? second : first
  return Buffer.concat([first, Buffer.of(COMMA), second])
}
