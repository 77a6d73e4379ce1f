import { Kind } from '../../../wire/json/bytes.ts'
import { type KeyPath, keyPathOf } from '../../../wire/json/path.ts'
import type { JsonRecord } from '../../../wire/json/record.ts'
import { hasEscape, ValueSpan } from '../../../wire/json/value.ts'
import type { Zone } from '../../../wire/time/civil.ts'
import { parseIso8601, parseOffset } from '../../../wire/time/iso8601.ts'
import { compileStrptime, DIRECTIVE_LETTERS } from '../../../wire/time/strptime.ts'
import { namedZone } from '../../../wire/time/zone.ts'
import { fieldPath } from '../condition/field.ts'
import type { TimeConfig } from './config.ts'

/** Milliseconds since the epoch that a value says; NaN when it does not say it in the form. */
type TimeReader = (value: ValueSpan, nowMs: number) => number

const EPOCH_UNITS: Readonly<Record<string, number>> = {
  epoch_s: 1000,
  epoch_ms: 1,
  epoch_us: 1e-3,
  epoch_ns: 1e-6,
}

/** The years 0000 to 9999, which every output can write. */
const FIRST_MS = -62_167_219_200_000
const LAST_MS = 253_402_300_799_999

/** What is wrong with one of the options. */
export interface WrongTime {
  readonly option: 'format' | 'zone'
  readonly problem: string
  readonly hint: string
}

/** The reader for a `time.format`, or what is wrong with it. */
export function timeReader({ format, zone }: TimeConfig): TimeReader | WrongTime {
  if (!isZone(zone)) {
    return {
      option: 'zone',
      problem: `expected utc, local, an offset such as +02:00 or a zone such as Europe/Berlin, got "${zone}"`,
      hint: 'the names are those of the IANA time zone database',
    }
  }
  if (Object.hasOwn(EPOCH_UNITS, format)) return epochReader(EPOCH_UNITS[format])
  if (format === 'iso8601') {
    const at = zoneOf(zone)
    return textReader((bytes, start, end) => parseIso8601(bytes, start, end, at))
  }
  const known = 'iso8601, epoch_s, epoch_ms, epoch_us, epoch_ns or a form such as "%d/%b/%Y:%H:%M:%S %z"'
  if (!format.includes('%'))
    return {
      option: 'format',
      problem: `expected ${known}, got "${format}"`,
      hint: 'the usual one is iso8601',
    }
  const parse = compileStrptime(format, zoneOf(zone))
  if (typeof parse === 'function') return textReader(parse)
  return {
    option: 'format',
    problem: `the time format ${JSON.stringify(format)} has an unknown directive ${parse.directive} at column ${parse.at + 1}`,
    hint: `known are ${DIRECTIVE_LETTERS}`,
  }
}

/** The field that a configuration which has passed `checkFormat` names for the time. */
export function timeField(config: TimeConfig | undefined): TimeField | undefined {
  return config?.field === undefined ? undefined : new TimeField(config, config.field)
}

/** Takes the time of a record from one of its fields. */
export class TimeField {
  readonly #path: KeyPath
  readonly #read: TimeReader
  readonly #keep: boolean
  readonly #value = new ValueSpan()

  constructor(config: TimeConfig, field: string) {
    const read = timeReader(config)
    if (typeof read !== 'function') throw new Error(read.problem)
    this.#path = keyPathOf(fieldPath(field))
    this.#read = read
    this.#keep = config.keep
  }

  /** The record's time, or NaN when it has none that can be read; then the field stays in any case. */
  take(record: JsonRecord, nowMs: number): number {
    if (!record.locate(this.#path, this.#value)) return Number.NaN
    const timeMs = this.#read(this.#value, nowMs)
    if (!(timeMs >= FIRST_MS && timeMs <= LAST_MS)) return Number.NaN
    if (!this.#keep) record.remove(this.#path)
    return timeMs
  }
}

/** What `time.zone` says; UTC without it. */
export function zoneOf(zone = 'utc'): Zone {
  if (zone === 'local') return 'local'
  if (zone === 'utc') return 0
  const minutes = parseOffset(Buffer.from(zone), 0, zone.length)
  return Number.isNaN(minutes) ? (namedZone(zone) ?? 0) : minutes
}

function isZone(zone: string): boolean {
  return /^(?:utc|local|[+-]\d\d:?\d\d)$/.test(zone) || namedZone(zone) !== undefined
}

function epochReader(unitMs: number): TimeReader {
  return value => {
    if (value.kind === Kind.number) return Math.round(value.number() * unitMs)
    if (value.kind !== Kind.string || value.end - value.start === 2) return Number.NaN
    return Math.round(Number(value.text()) * unitMs)
  }
}

function textReader(
  parse: (bytes: Uint8Array, start: number, end: number, nowMs: number) => number,
): TimeReader {
  return (value, nowMs) => {
    if (value.kind !== Kind.string) return Number.NaN
    const { bytes, start, end } = value
    if (!hasEscape(bytes, start, end)) return parse(bytes, start + 1, end - 1, nowMs)
    const text = Buffer.from(value.text())
    return parse(text, 0, text.length, nowMs)
  }
}
