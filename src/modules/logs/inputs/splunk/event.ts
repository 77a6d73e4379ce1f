import { CLOSE_BRACE, COLON, COMMA, Kind, OPEN_BRACE, skipSpace } from '../../../../wire/json/bytes.ts'
import { type Key, type KeyPath, keyOf, keyPathOf } from '../../../../wire/json/path.ts'
import { JsonRecord } from '../../../../wire/json/record.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { JsonWalk } from '../../../../wire/json/walk.ts'
import type { ByteWriter } from '../../../../wire/json/writer.ts'
import { copyOnOneLine } from '../http-server/json-records.ts'
import { refuse } from './codes.ts'

/** What stands beside an event, and then beside the fields of its record. */
export const META_FIELDS = ['host', 'source', 'sourcetype', 'index', 'fields'] as const

const EVENT = keyPathOf(['event'])
const TIME = keyPathOf(['time'])
const SOURCETYPE = keyPathOf(['sourcetype'])
const META: readonly { readonly key: Key; readonly path: KeyPath }[] = META_FIELDS.map(name => ({
  key: keyOf(name),
  path: keyPathOf([name]),
}))
const META_NAMES: ReadonlySet<string> = new Set(META_FIELDS)

/** One event of a request and what stands around it: `{"time": …, "host": …, "event": …, "fields": {…}}`. */
export class HecEvent {
  /** Milliseconds since the epoch; NaN when it does not say. */
  timeMs = Number.NaN
  sourcetype = ''
  readonly #envelope = new JsonRecord()
  readonly #event = new ValueSpan()
  readonly #value = new ValueSpan()
  readonly #eventKey: Key
  readonly #tagPath: KeyPath | undefined

  constructor(eventField: string, tagField: string | undefined) {
    this.#eventKey = keyOf(eventField)
    this.#tagPath = tagField === undefined ? undefined : keyPathOf([tagField])
  }

  /** Moves to the verified object at `bytes[start, end)`; throws Refused when it is no event. `number` is its own, from 0. */
  open(bytes: Buffer, start: number, end: number, number: number): void {
    const envelope = this.#envelope
    envelope.open(bytes, start, end)
    if (!envelope.locate(EVENT, this.#event) || this.#event.kind === Kind.null)
      throw refuse('eventRequired', number)
    const { kind, start: from, end: to } = this.#event
    if (kind === Kind.string && to - from === 2) throw refuse('eventBlank', number)
    this.timeMs = this.#timeOf(number)
    this.sourcetype = this.#textOf(SOURCETYPE)
    const fields = META[META.length - 1]
    if (envelope.locate(fields.path, this.#value) && !isFlat(this.#value))
      throw refuse('invalidFields', number)
  }

  /** What the record says its tag is; empty when it says nothing. */
  get tag(): string {
    const path = this.#tagPath
    if (path === undefined) return ''
    const inEvent = this.#value.at(this.#event.bytes, this.#event.start, this.#event.end, this.#event.kind)
    if (this.#envelope.locate([EVENT[0], ...path], inEvent) && inEvent.kind === Kind.string)
      return inEvent.text()
    return this.#textOf(path)
  }

  /** Appends the record; `more` are further members, written already. */
  writeTo(out: ByteWriter, more: Buffer): void {
    const { bytes, start, end, kind } = this.#event
    out.byte(OPEN_BRACE)
    const from = out.length
    if (kind === Kind.object && isFree(bytes, start)) {
      const inner = skipSpace(bytes, start + 1, end)
      if (bytes[inner] !== CLOSE_BRACE) copyOnOneLine(out, bytes, inner, end - 1)
    } else {
      writeKey(out, this.#eventKey)
      copyOnOneLine(out, bytes, start, end)
    }
    for (const { key, path } of META) {
      if (!this.#envelope.locate(path, this.#value) || this.#value.kind === Kind.null) continue
      if (out.length > from) out.byte(COMMA)
      writeKey(out, key)
      copyOnOneLine(out, this.#value.bytes, this.#value.start, this.#value.end)
    }
    if (more.length > 0) {
      if (out.length > from) out.byte(COMMA)
      out.copy(more, 0, more.length)
    }
    out.byte(CLOSE_BRACE)
  }

  #textOf(path: KeyPath): string {
    return this.#envelope.locate(path, this.#value) && this.#value.kind === Kind.string
      ? this.#value.text()
      : ''
  }

  /** Seconds since the epoch, as a number or as text. */
  #timeOf(number: number): number {
    if (!this.#envelope.locate(TIME, this.#value) || this.#value.kind === Kind.null) return Number.NaN
    const timeMs = epochMs(
      this.#value.kind === Kind.string || this.#value.kind === Kind.number ? this.#value.asText() : '',
    )
    if (Number.isNaN(timeMs)) throw refuse('invalidFormat', number)
    return timeMs
  }
}

/** Of seconds with or without a fraction; NaN for anything else. */
export function epochMs(seconds: string): number {
  return /^\d{1,12}(\.\d*)?$/.test(seconds.trim()) ? Math.round(Number(seconds) * 1e6) / 1e3 : Number.NaN
}

function writeKey(out: ByteWriter, { quoted }: Key): void {
  out.copy(quoted, 0, quoted.length)
  out.byte(COLON)
}

/** Whether no member of the event has the name of what stands beside it. */
function isFree(bytes: Buffer, start: number): boolean {
  const walk = new JsonWalk(bytes, start)
  walk.enter()
  while (walk.more()) {
    if (META_NAMES.has(walk.key())) return false
    walk.skip()
  }
  return true
}

/** Indexed fields are an object of texts, numbers, and lists of them. */
function isFlat({ bytes, start, kind }: ValueSpan): boolean {
  if (kind !== Kind.object) return false
  const walk = new JsonWalk(bytes, start)
  walk.enter()
  while (walk.more()) {
    walk.key()
    if (walk.kind() === Kind.object) return false
    walk.skip()
  }
  return true
}
