import { CLOSE_BRACKET, COLON, COMMA, OPEN_BRACKET } from '../../json/bytes.ts'
import type { Key } from '../../json/path.ts'
import { ByteWriter } from '../../json/writer.ts'
import { ProtobufReader } from '../../protobuf/reader.ts'
import { type Shape, verifyShape } from '../../protobuf/shape.ts'
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

// opentelemetry/proto/{collector/logs/v1/logs_service,logs/v1/logs,resource/v1/resource,common/v1/common}.proto
const anyValue = (): Shape => ANY_VALUE
const keyValue = (): Shape => KEY_VALUE
const ANY_VALUE: Shape = { 42: () => ({ 10: anyValue }), 50: () => ({ 10: keyValue }) }
const KEY_VALUE: Shape = { 18: anyValue }
const RESOURCE: Shape = { 10: keyValue }
const SCOPE: Shape = { 26: keyValue }
const LOG_RECORD: Shape = { 42: anyValue, 50: keyValue }
/** Each level of values is up to three messages; what is between that and our own limit is refused record by record. */
const MAX_MESSAGE_DEPTH = 100
/** So many bytes make a step of the verification. */
const STEP_BYTES = 16 * 1024

/** Looks at an ExportLogsServiceRequest to its innermost value, in steps; throws ProtobufFault unless it is one. */
export function* verifyLogsProtobuf(bytes: Buffer): Iterator<void, void> {
  let stepEnd = STEP_BYTES
  for (const resourceLogs of messages(new ProtobufReader(bytes), 0x0a)) {
    const parts = resourceLogs()
    while (parts.next()) {
      if (parts.tag === 0x0a) verifyShape(bytes, parts.start, parts.end, RESOURCE, MAX_MESSAGE_DEPTH)
      if (parts.tag !== 0x12) continue
      const scopeLogs = parts.message()
      while (scopeLogs.next()) {
        if (scopeLogs.tag === 0x0a)
          verifyShape(bytes, scopeLogs.start, scopeLogs.end, SCOPE, MAX_MESSAGE_DEPTH)
        if (scopeLogs.tag !== 0x12) continue
        verifyShape(bytes, scopeLogs.start, scopeLogs.end, LOG_RECORD, MAX_MESSAGE_DEPTH)
        if (scopeLogs.end < stepEnd) continue
        yield
        stepEnd = scopeLogs.end + STEP_BYTES
      }
    }
  }
}

/** The records of an ExportLogsServiceRequest, which must have been verified. It stands for one after the other. */
export class ProtobufLogs implements LogRecords {
  readonly #bytes: Buffer
  readonly #messageKey: Key
  #start = 0
  #end = 0
  #origin: Buffer = Buffer.alloc(0)
  serviceName = ''

  constructor(bytes: Buffer, messageKey: Key) {
    this.#bytes = bytes
    this.#messageKey = messageKey
  }

  *[Symbol.iterator](): Iterator<LogRecord> {
    for (const resourceLogs of messages(new ProtobufReader(this.#bytes), 0x0a)) {
      const resource = memberOf(FIELDS.resource, resourceLogs, writeResource)
      this.serviceName = serviceNameOf(resourceLogs())
      for (const scopeLogs of messages(resourceLogs(), 0x12)) {
        this.#origin = joinMembers(resource, memberOf(FIELDS.scope, scopeLogs, writeScope))
        const record = scopeLogs()
        while (record.next()) {
          if (record.tag !== 0x12) continue
          this.#start = record.start
          this.#end = record.end
          yield this
        }
      }
    }
  }

  write(out: ByteWriter): number {
    const record = new ProtobufReader(this.#bytes, this.#start, this.#end)
    let timeUnixNano = 0n
    let observedUnixNano = 0n
    let severityNumber = 0
    let flags = 0
    let severityText: Span | undefined
    let body: Span | undefined
    let traceId: Span | undefined
    let spanId: Span | undefined
    let eventName: Span | undefined
    while (record.next()) {
      const { tag, start, end } = record
      if (tag === 0x09) timeUnixNano = record.fixed64()
      else if (tag === 0x10) severityNumber = record.varint()
      else if (tag === 0x1a) severityText = { start, end }
      else if (tag === 0x2a) body = { start, end }
      else if (tag === 0x45) flags = record.fixed32()
      else if (tag === 0x4a) traceId = { start, end }
      else if (tag === 0x52) spanId = { start, end }
      else if (tag === 0x59) observedUnixNano = record.fixed64()
      else if (tag === 0x62) eventName = { start, end }
    }
    const members = new Members(out)
    if (body !== undefined) this.#body(members, body)
    if (isFilled(severityText)) this.#string(members.key(FIELDS.severityText), severityText)
    members.severity(severityNumber, isFilled(severityText))
    this.#id(members, FIELDS.traceId, traceId, 16)
    this.#id(members, FIELDS.spanId, spanId, 8)
    members.traceFlags(flags)
    if (isFilled(eventName)) this.#string(members.key(FIELDS.eventName), eventName)
    writeAttributes(members, new ProtobufReader(this.#bytes, this.#start, this.#end), 0x32)
    members.splice(this.#origin)
    members.close()
    return millisecondsOf(timeUnixNano, observedUnixNano)
  }

  /** A map goes into the record itself where it can. */
  #body(members: Members, { start, end }: Span): void {
    const value = lastField(new ProtobufReader(this.#bytes, start, end))
    if (value === undefined) return
    if (value.tag !== 0x32 || !isFree(value.message())) {
      writeField(value, members.key(this.#messageKey), 1)
      return
    }
    for (const pair of messages(value.message(), 0x0a)) writePair(pair(), members.next(), 2)
  }

  #string(out: ByteWriter, { start, end }: Span): void {
    out.string(this.#bytes, start, end)
  }

  /** Ids of a wrong length, and those of zeros alone, say nothing. */
  #id(members: Members, key: Key, span: Span | undefined, bytes: number): void {
    if (span === undefined || span.end - span.start !== bytes) return
    const hex = this.#bytes.toString('hex', span.start, span.end)
    if (!/^0+$/.test(hex)) members.key(key).text(hex, 'latin1')
  }
}

interface Span {
  readonly start: number
  readonly end: number
}

function isFilled(span: Span | undefined): span is Span {
  return span !== undefined && span.end > span.start
}

/** For each field with this tag, what opens a reader of it: some are read twice. */
function* messages(reader: ProtobufReader, tag: number): Generator<() => ProtobufReader> {
  while (reader.next()) {
    if (reader.tag !== tag) continue
    const { bytes, start, end } = reader
    yield () => new ProtobufReader(bytes, start, end)
  }
}

/** The member as text, or nothing when it has no content. */
function memberOf(
  key: Key,
  open: () => ProtobufReader,
  write: (reader: ProtobufReader, members: Members) => void,
): Buffer {
  const out = new ByteWriter(256)
  const outer = new Members(out)
  const from = out.length
  const inner = new Members(outer.key(key))
  const empty = out.length
  write(open(), inner)
  if (out.length === empty) return Buffer.alloc(0)
  inner.close()
  return out.bytes.subarray(from, out.length)
}

function writeResource(resourceLogs: ProtobufReader, members: Members): void {
  for (const resource of messages(resourceLogs, 0x0a)) writePairs(members, resource(), 0x0a)
}

/** The text of the resource's attribute `service.name`. */
function serviceNameOf(resourceLogs: ProtobufReader): string {
  let name = ''
  for (const resource of messages(resourceLogs, 0x0a))
    for (const open of messages(resource(), 0x0a)) {
      let isName = false
      const pair = open()
      while (pair.next()) {
        if (pair.tag === 0x0a) isName = pair.text() === SERVICE_NAME
        else if (pair.tag === 0x12 && isName) {
          const value = lastField(pair.message())
          if (value?.tag === 0x0a) name = value.text()
        }
      }
    }
  return name
}

function writeScope(scopeLogs: ProtobufReader, members: Members): void {
  for (const open of messages(scopeLogs, 0x0a)) {
    const scope = open()
    while (scope.next()) {
      const { bytes, tag, start, end } = scope
      if (end === start) continue
      if (tag === 0x0a) members.key(FIELDS.name).string(bytes, start, end)
      else if (tag === 0x12) members.key(FIELDS.version).string(bytes, start, end)
    }
    writeAttributes(members, open(), 0x1a)
  }
}

/** The KeyValues with this tag as the member `attributes`; none when there are none. */
function writeAttributes(members: Members, reader: ProtobufReader, tag: number): void {
  let attributes: Members | undefined
  for (const pair of messages(reader, tag)) {
    attributes ??= new Members(members.key(FIELDS.attributes))
    writePair(pair(), attributes.next(), 1)
  }
  attributes?.close()
}

function writePairs(members: Members, reader: ProtobufReader, tag: number): void {
  for (const pair of messages(reader, tag)) writePair(pair(), members.next(), 1)
}

/** A KeyValue as `"key":value`. */
function writePair(pair: ProtobufReader, out: ByteWriter, depth: number): void {
  let key: Span = { start: 0, end: 0 }
  let value: ProtobufReader | undefined
  while (pair.next()) {
    if (pair.tag === 0x0a) key = { start: pair.start, end: pair.end }
    else if (pair.tag === 0x12) value = lastField(pair.message())
  }
  out.string(pair.bytes, key.start, key.end)
  out.byte(COLON)
  if (value === undefined) writeWord(out, 'null')
  else writeField(value, out, depth)
}

/** An AnyValue has one field; of several the last one holds. Undefined: it is empty. */
function lastField(value: ProtobufReader): ProtobufReader | undefined {
  let last: ProtobufReader | undefined
  while (value.next()) {
    if (VALUE_TAGS.has(value.tag)) last = value.here()
  }
  return last
}

const VALUE_TAGS: ReadonlySet<number> = new Set([0x0a, 0x10, 0x18, 0x21, 0x2a, 0x32, 0x3a])

/** The field of an AnyValue that the reader stands at. */
function writeField(field: ProtobufReader, out: ByteWriter, depth: number): void {
  if (depth > MAX_VALUE_DEPTH) throw tooDeep()
  switch (field.tag) {
    case 0x0a:
      out.string(field.bytes, field.start, field.end)
      return
    case 0x10:
      writeWord(out, field.varint() === 0 ? 'false' : 'true')
      return
    case 0x18:
      writeWord(out, String(field.int64()))
      return
    case 0x21: {
      const number = field.double()
      if (Number.isFinite(number)) writeWord(out, String(number))
      else out.text(String(number), 'latin1')
      return
    }
    case 0x2a:
      writeArray(field.message(), out, depth)
      return
    case 0x32: {
      const members = new Members(out)
      for (const pair of messages(field.message(), 0x0a)) writePair(pair(), members.next(), depth + 1)
      members.close()
      return
    }
    default:
      out.text(field.bytes.toString('base64', field.start, field.end), 'latin1')
  }
}

function writeArray(values: ProtobufReader, out: ByteWriter, depth: number): void {
  out.byte(OPEN_BRACKET)
  let first = true
  for (const item of messages(values, 0x0a)) {
    if (!first) out.byte(COMMA)
    first = false
    const value = lastField(item())
    if (value === undefined) writeWord(out, 'null')
    else writeField(value, out, depth + 1)
  }
  out.byte(CLOSE_BRACKET)
}

/** Whether no key of a KeyValueList is the name of another field of the record. */
function isFree(list: ProtobufReader): boolean {
  for (const open of messages(list, 0x0a)) {
    const pair = open()
    while (pair.next()) if (pair.tag === 0x0a && isReserved(pair.text())) return false
  }
  return true
}
