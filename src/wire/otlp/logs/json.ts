import { CLOSE_BRACKET, COLON, COMMA, Kind, OPEN_BRACKET } from '../../json/bytes.ts'
import { type Key, keyOf } from '../../json/path.ts'
import { readString } from '../../json/value.ts'
import { JsonWalk } from '../../json/walk.ts'
import { ByteWriter } from '../../json/writer.ts'
import {
  FIELDS,
  isReserved,
  joinMembers,
  type LogRecord,
  type LogRecords,
  MAX_VALUE_DEPTH,
  Members,
  millisecondsOf,
  SERVICE_NAME,
  tooDeep,
  writeWord,
} from './record.ts'

/** Where a value begins; undefined: there is none. */
type Place = number | undefined
type Places = readonly Place[]

const named = (...names: string[]) => names.map(keyOf)
const REQUEST = named('resourceLogs')
const RESOURCE_LOGS = named('resource', 'scopeLogs')
const SCOPE_LOGS = named('scope', 'logRecords')
const ATTRIBUTES = named('attributes')
const VALUES = named('values')
const SCOPE = named('name', 'version', 'attributes')
const KEY_VALUE = named('key', 'value')
const RECORD = named(
  'timeUnixNano',
  'observedTimeUnixNano',
  'severityNumber',
  'severityText',
  'body',
  'attributes',
  'flags',
  'traceId',
  'spanId',
  'eventName',
)

/** The lists that records stand in are none; the message says which. */
export class JsonShapeFault extends Error {
  override readonly name = 'JsonShapeFault'
}

/**
 * Looks at the lists that records stand in, in steps, of what has been verified as one JSON object; throws JsonShapeFault
 * unless they are lists of objects: their records would be lost silently.
 */
export function* verifyLogsJson(bytes: Buffer): Iterator<void, void> {
  for (const resourceLogs of objects(bytes, places(bytes, 0, REQUEST)[0], 'resourceLogs')) {
    const [, ofScopes] = places(bytes, resourceLogs, RESOURCE_LOGS)
    for (const scopeLogs of objects(bytes, ofScopes, 'scopeLogs')) {
      const [, ofRecords] = places(bytes, scopeLogs, SCOPE_LOGS)
      for (const _ of objects(bytes, ofRecords, 'logRecords')) yield
    }
    yield
  }
}

/** Where the objects of a list begin. */
function* objects(bytes: Buffer, place: Place, name: string): Generator<number> {
  if (place === undefined) return
  if (new JsonWalk(bytes, place).kind() !== Kind.array) throw new JsonShapeFault(`${name} is no list`)
  for (const at of elements(bytes, place)) {
    if (new JsonWalk(bytes, at).kind() !== Kind.object)
      throw new JsonShapeFault(`an element of ${name} is no object`)
    yield at
  }
}

/**
 * The records of an ExportLogsServiceRequest in OTLP's JSON encoding, which must have been verified as one JSON object.
 * Names are read in lowerCamelCase, as the specification wants it; what is not known, or is of another type than it
 * should be, counts as not there. It stands for one record after the other.
 */
export class JsonLogs implements LogRecords {
  readonly #bytes: Buffer
  readonly #messageKey: Key
  #record = 0
  #origin: Buffer = Buffer.alloc(0)
  serviceName = ''

  constructor(bytes: Buffer, messageKey: Key) {
    this.#bytes = bytes
    this.#messageKey = messageKey
  }

  *[Symbol.iterator](): Iterator<LogRecord> {
    const bytes = this.#bytes
    for (const resourceLogs of elements(bytes, places(bytes, 0, REQUEST)[0])) {
      const [ofResource, ofScopes] = places(bytes, resourceLogs, RESOURCE_LOGS)
      const [attributes] = places(bytes, ofResource, ATTRIBUTES)
      this.serviceName = serviceNameOf(bytes, attributes)
      const resource = memberOf(FIELDS.resource, members => {
        for (const pair of elements(bytes, attributes)) writePair(bytes, pair, members.next(), 1)
      })
      for (const scopeLogs of elements(bytes, ofScopes)) {
        const [ofScope, ofRecords] = places(bytes, scopeLogs, SCOPE_LOGS)
        const scope = memberOf(FIELDS.scope, members => writeScope(bytes, ofScope, members))
        this.#origin = joinMembers(resource, scope)
        for (const record of elements(bytes, ofRecords)) {
          this.#record = record
          yield this
        }
      }
    }
  }

  write(out: ByteWriter): number {
    const bytes = this.#bytes
    const [time, observed, number, severity, body, attributes, flags, traceId, spanId, event] = places(
      bytes,
      this.#record,
      RECORD,
    )
    const members = new Members(out)
    this.#body(members, body)
    const hasText = writeText(bytes, members, FIELDS.severityText, severity)
    members.severity(numberAt(bytes, number), hasText)
    writeId(bytes, members, FIELDS.traceId, traceId)
    writeId(bytes, members, FIELDS.spanId, spanId)
    members.traceFlags(numberAt(bytes, flags))
    writeText(bytes, members, FIELDS.eventName, event)
    writeAttributes(bytes, members, attributes)
    members.splice(this.#origin)
    members.close()
    return millisecondsOf(nanosecondsAt(bytes, time), nanosecondsAt(bytes, observed))
  }

  /** A map goes into the record itself where it can. */
  #body(members: Members, place: Place): void {
    const bytes = this.#bytes
    const body = contentOf(bytes, place)
    if (body === undefined) return
    const pairs = body.type === 'kvlistValue' ? places(bytes, body.at, VALUES)[0] : undefined
    if (body.type !== 'kvlistValue' || !isFree(bytes, pairs)) {
      writeValue(bytes, body, members.key(this.#messageKey), 1)
      return
    }
    for (const pair of elements(bytes, pairs)) writePair(bytes, pair, members.next(), 2)
  }
}

/** Where the values of an object's members with these names begin; of several with one name the last one. Null is none. */
function places(bytes: Buffer, at: Place, names: readonly Key[]): Places {
  const found: Place[] = new Array(names.length).fill(undefined)
  if (at === undefined) return found
  const walk = new JsonWalk(bytes, at)
  if (walk.kind() !== Kind.object) return found
  walk.enter()
  while (walk.more()) {
    const name = walk.keyAmong(names)
    if (name >= 0) found[name] = walk.kind() === Kind.null ? undefined : walk.at
    walk.skip()
  }
  return found
}

/** Where the elements of an array begin; none when it is no array. */
function* elements(bytes: Buffer, place: Place): Generator<number> {
  if (place === undefined) return
  const walk = new JsonWalk(bytes, place)
  if (walk.kind() !== Kind.array) return
  walk.enter()
  while (walk.more()) {
    yield walk.at
    walk.skip()
  }
}

/** The member as text, or nothing when it has no content. */
function memberOf(key: Key, write: (members: Members) => void): Buffer {
  const out = new ByteWriter(256)
  const outer = new Members(out)
  const from = out.length
  const inner = new Members(outer.key(key))
  const empty = out.length
  write(inner)
  if (out.length === empty) return Buffer.alloc(0)
  inner.close()
  return out.bytes.subarray(from, out.length)
}

/** The text of the resource's attribute `service.name`. */
function serviceNameOf(bytes: Buffer, attributes: Place): string {
  let name = ''
  for (const at of elements(bytes, attributes)) {
    const [key, content] = places(bytes, at, KEY_VALUE)
    if (key === undefined || new JsonWalk(bytes, key).text() !== SERVICE_NAME) continue
    const value = contentOf(bytes, content)
    if (value?.type === 'stringValue') name = new JsonWalk(bytes, value.at).text() ?? ''
  }
  return name
}

function writeScope(bytes: Buffer, place: Place, members: Members): void {
  const [name, version, attributes] = places(bytes, place, SCOPE)
  writeText(bytes, members, FIELDS.name, name)
  writeText(bytes, members, FIELDS.version, version)
  writeAttributes(bytes, members, attributes)
}

/** A string that is not empty; whether there was one. */
function writeText(bytes: Buffer, members: Members, key: Key, place: Place): boolean {
  if (place === undefined) return false
  const walk = new JsonWalk(bytes, place)
  if (walk.kind() !== Kind.string) return false
  walk.skip()
  if (walk.at - place === 2) return false
  members.key(key).copy(bytes, place, walk.at)
  return true
}

/** Hexadecimal, in lower case; ids of zeros alone say nothing. */
function writeId(bytes: Buffer, members: Members, key: Key, place: Place): void {
  const text = place === undefined ? undefined : new JsonWalk(bytes, place).text()
  const expected = key === FIELDS.traceId ? 32 : 16
  if (text?.length === expected && /^[0-9a-f]+$/i.test(text) && !/^0+$/.test(text))
    members.key(key).text(text.toLowerCase(), 'latin1')
}

/** Whole numbers and such as text; 0 for anything else. */
function numberAt(bytes: Buffer, place: Place): number {
  return Number(digitsAt(bytes, place))
}

function nanosecondsAt(bytes: Buffer, place: Place): bigint {
  return BigInt.asUintN(64, BigInt(digitsAt(bytes, place)))
}

function digitsAt(bytes: Buffer, place: Place): string {
  if (place === undefined) return '0'
  const walk = new JsonWalk(bytes, place)
  const kind = walk.kind()
  walk.skip()
  if (kind !== Kind.string && kind !== Kind.number) return '0'
  const text =
    kind === Kind.string ? readString(bytes, place, walk.at) : bytes.toString('latin1', place, walk.at)
  return /^\d{1,20}$/.test(text) ? text : '0'
}

function writeAttributes(bytes: Buffer, members: Members, place: Place): void {
  let attributes: Members | undefined
  for (const pair of elements(bytes, place)) {
    attributes ??= new Members(members.key(FIELDS.attributes))
    writePair(bytes, pair, attributes.next(), 1)
  }
  attributes?.close()
}

/** A KeyValue as `"key":value`. */
function writePair(bytes: Buffer, at: number, out: ByteWriter, depth: number): void {
  const [key, value] = places(bytes, at, KEY_VALUE)
  const walk = key === undefined ? undefined : new JsonWalk(bytes, key)
  if (walk?.kind() === Kind.string) {
    walk.skip()
    out.copy(bytes, key!, walk.at)
  } else {
    writeWord(out, '""')
  }
  out.byte(COLON)
  writeValue(bytes, contentOf(bytes, value), out, depth)
}

const VALUE_TYPES = [
  'stringValue',
  'intValue',
  'doubleValue',
  'boolValue',
  'arrayValue',
  'kvlistValue',
  'bytesValue',
] as const
const VALUE_NAMES = named(...VALUE_TYPES)

interface Value {
  readonly type: (typeof VALUE_TYPES)[number]
  readonly at: number
}

/** What an AnyValue holds; undefined: nothing. */
function contentOf(bytes: Buffer, place: Place): Value | undefined {
  if (place === undefined) return undefined
  const walk = new JsonWalk(bytes, place)
  if (walk.kind() !== Kind.object) return undefined
  let value: Value | undefined
  walk.enter()
  while (walk.more()) {
    const name = walk.keyAmong(VALUE_NAMES)
    if (name >= 0 && walk.kind() !== Kind.null) value = { type: VALUE_TYPES[name], at: walk.at }
    walk.skip()
  }
  return value
}

function writeValue(bytes: Buffer, value: Value | undefined, out: ByteWriter, depth: number): void {
  if (depth > MAX_VALUE_DEPTH) throw tooDeep()
  if (value === undefined) {
    writeWord(out, 'null')
    return
  }
  const { type, at } = value
  if (type === 'arrayValue') {
    writeArray(bytes, places(bytes, at, VALUES)[0], out, depth)
    return
  }
  if (type === 'kvlistValue') {
    const members = new Members(out)
    for (const pair of elements(bytes, places(bytes, at, VALUES)[0]))
      writePair(bytes, pair, members.next(), depth + 1)
    members.close()
    return
  }
  const walk = new JsonWalk(bytes, at)
  const kind = walk.kind()
  walk.skip()
  if (kind === Kind.object || kind === Kind.array) {
    writeWord(out, 'null')
    return
  }
  const isInteger =
    type === 'intValue' &&
    /^"-?(0|[1-9]\d{0,18})"$/.test(bytes.toString('latin1', at, Math.min(walk.at, at + 24)))
  // 64-bit numbers come as text.
  if (isInteger) out.copy(bytes, at + 1, walk.at - 1)
  else out.copy(bytes, at, walk.at)
}

function writeArray(bytes: Buffer, place: Place, out: ByteWriter, depth: number): void {
  out.byte(OPEN_BRACKET)
  let first = true
  for (const item of elements(bytes, place)) {
    if (!first) out.byte(COMMA)
    first = false
    writeValue(bytes, contentOf(bytes, item), out, depth + 1)
  }
  out.byte(CLOSE_BRACKET)
}

/** Whether no key of a KeyValueList is the name of another field of the record. */
function isFree(bytes: Buffer, pairs: Place): boolean {
  for (const pair of elements(bytes, pairs)) {
    const [key] = places(bytes, pair, KEY_VALUE)
    const name = key === undefined ? undefined : new JsonWalk(bytes, key).text()
    if (name !== undefined && isReserved(name)) return false
  }
  return true
}
