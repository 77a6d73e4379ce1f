import { Kind } from '../../json/bytes.ts'
import { hasEscape, readString } from '../../json/value.ts'
import { JsonWalk } from '../../json/walk.ts'
import { ProtobufWriter } from '../../protobuf/writer.ts'
import {
  isInt64,
  type LogParts,
  type LogsEncoder,
  MAX_ENCODED_DEPTH,
  nanosecondsOf,
  type RecordsEncoder,
} from './parts.ts'

/** Makes an ExportLogsServiceRequest as protobuf. */
export class ProtobufLogsEncoder implements LogsEncoder {
  readonly #groups: ProtobufGroup[] = []

  group(resource: Buffer | undefined, scope: Buffer | undefined): RecordsEncoder {
    const group = new ProtobufGroup(resource, scope)
    this.#groups.push(group)
    return group
  }

  finish(): Buffer {
    const request = new ProtobufWriter()
    for (const { resource, scope, records } of this.#groups)
      request.message(1, resourceLogs => {
        if (resource !== undefined)
          resourceLogs.message(1, writer => writePairs(writer, 1, new JsonWalk(resource), 1))
        resourceLogs.message(2, scopeLogs => {
          if (scope !== undefined) scopeLogs.message(1, writer => writeScope(writer, scope))
          scopeLogs.raw(records.bytes)
        })
      })
    return request.bytes
  }
}

class ProtobufGroup implements RecordsEncoder {
  readonly resource: Buffer | undefined
  readonly scope: Buffer | undefined
  readonly records = new ProtobufWriter()

  constructor(resource: Buffer | undefined, scope: Buffer | undefined) {
    this.resource = resource
    this.scope = scope
  }

  add(parts: LogParts): void {
    const { records: writer } = this
    const start = writer.begin(2)
    if (parts.timeMs > 0) writer.fixed64(1, nanosecondsOf(parts.timeMs))
    if (parts.severityNumber > 0) writer.varint(2, parts.severityNumber)
    if (parts.severityText !== '') writer.string(3, parts.severityText)
    writeBody(writer, parts)
    if (parts.attributes !== undefined)
      writePairs(writer, 6, new JsonWalk(parts.attributes.bytes, parts.attributes.start), 1)
    if (parts.membersAre === 'attributes') writeMembers(writer, 6, parts)
    if (parts.flags > 0) writer.fixed32(8, parts.flags)
    if (parts.traceId !== '') writer.embed(9, Buffer.from(parts.traceId, 'hex'))
    if (parts.spanId !== '') writer.embed(10, Buffer.from(parts.spanId, 'hex'))
    if (parts.observedMs > 0) writer.fixed64(11, nanosecondsOf(parts.observedMs))
    if (parts.eventName !== '') writer.string(12, parts.eventName)
    writer.end(start)
  }
}

function writeBody(writer: ProtobufWriter, parts: LogParts): void {
  const { body, membersAre } = parts
  if (body !== undefined) {
    const start = writer.begin(5)
    writeValue(writer, new JsonWalk(body.bytes, body.start), 1)
    writer.end(start)
  } else if (membersAre === 'body') {
    const start = writer.begin(5)
    const list = writer.begin(6)
    writeMembers(writer, 1, parts)
    writer.end(list)
    writer.end(start)
  }
}

/** The members that the columns name, as KeyValues. */
function writeMembers(writer: ProtobufWriter, field: number, { bytes, members }: LogParts): void {
  for (let i = 0; i < members.count; i++) {
    const pair = writer.begin(field)
    writeText(writer, bytes, members.keyStarts[i] - 1, members.keyEnds[i] + 1)
    const value = writer.begin(2)
    writeValue(writer, new JsonWalk(bytes, members.valueStarts[i]), 2)
    writer.end(value)
    writer.end(pair)
  }
}

/** The members of the object that the walk stands at, as KeyValues; nothing of any other value. */
function writePairs(writer: ProtobufWriter, field: number, walk: JsonWalk, depth: number): void {
  if (walk.kind() !== Kind.object) return
  walk.enter()
  while (walk.more()) {
    const pair = writer.begin(field)
    writer.string(1, walk.key())
    const value = writer.begin(2)
    writeValue(writer, walk, depth + 1)
    writer.end(value)
    writer.end(pair)
  }
}

/** `{"name": …, "version": …, "attributes": {…}}` as an InstrumentationScope. */
function writeScope(writer: ProtobufWriter, scope: Buffer): void {
  const walk = new JsonWalk(scope)
  if (walk.kind() !== Kind.object) return
  walk.enter()
  while (walk.more()) {
    const key = walk.key()
    if (key === 'attributes') writePairs(writer, 3, new JsonWalk(scope, walk.at), 1)
    if (key === 'name' || key === 'version') writer.string(key === 'name' ? 1 : 2, walk.text() ?? '')
    else walk.skip()
  }
}

/** The value that the walk stands at as the fields of an AnyValue; the walk goes behind it. */
function writeValue(writer: ProtobufWriter, walk: JsonWalk, depth: number): void {
  const { bytes, at } = walk
  const kind = walk.kind()
  if ((kind === Kind.object || kind === Kind.array) && depth < MAX_ENCODED_DEPTH) {
    const list = writer.begin(kind === Kind.object ? 6 : 5)
    if (kind === Kind.object) writePairs(writer, 1, walk, depth)
    else writeItems(writer, walk, depth)
    writer.end(list)
    return
  }
  walk.skip()
  switch (kind) {
    case Kind.string:
      writeText(writer, bytes, at, walk.at)
      return
    case Kind.true:
    case Kind.false:
      writer.varint(2, kind === Kind.true ? 1 : 0)
      return
    case Kind.number: {
      const text = bytes.toString('latin1', at, walk.at)
      if (!isInt64(text)) writer.double(4, Number(text))
      else writer.int64(3, text.length < 16 ? Number(text) : BigInt(text))
      return
    }
    case Kind.null:
      return
    default:
      writer.string(1, bytes.toString('utf8', at, walk.at))
  }
}

function writeItems(writer: ProtobufWriter, walk: JsonWalk, depth: number): void {
  walk.enter()
  while (walk.more()) {
    const item = writer.begin(1)
    writeValue(writer, walk, depth + 1)
    writer.end(item)
  }
}

/** A JSON string as the field 1; most are copied as they are. */
function writeText(writer: ProtobufWriter, bytes: Buffer, start: number, end: number): void {
  if (hasEscape(bytes, start, end)) writer.string(1, readString(bytes, start, end))
  else writer.text(1, bytes, start + 1, end - 1)
}
