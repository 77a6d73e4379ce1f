import { COMMA, Kind } from '../../json/bytes.ts'
import { behindString } from '../../json/path.ts'
import { JsonWalk } from '../../json/walk.ts'
import { ByteWriter } from '../../json/writer.ts'
import {
  isInt64,
  type LogParts,
  type LogsEncoder,
  MAX_ENCODED_DEPTH,
  nanosecondsOf,
  type RecordsEncoder,
} from './parts.ts'
import { writeWord } from './record.ts'

/** Makes an ExportLogsServiceRequest in OTLP's JSON encoding. */
export class JsonLogsEncoder implements LogsEncoder {
  readonly #groups: JsonGroup[] = []

  group(resource: Buffer | undefined, scope: Buffer | undefined): RecordsEncoder {
    const group = new JsonGroup(resource, scope)
    this.#groups.push(group)
    return group
  }

  finish(): Buffer {
    const size = this.#groups.reduce((sum, { out }) => sum + out.length + 256, 64)
    const request = new ByteWriter(size)
    writeWord(request, '{"resourceLogs":[')
    for (const [at, { resource, scope, out }] of this.#groups.entries()) {
      writeWord(request, at === 0 ? '{' : ',{')
      if (resource !== undefined) {
        writeWord(request, '"resource":{"attributes":')
        writePairs(request, new JsonWalk(resource), 1)
        writeWord(request, '},')
      }
      writeWord(request, '"scopeLogs":[{')
      if (scope !== undefined) writeScope(request, scope)
      writeWord(request, '"logRecords":[')
      request.copy(out.bytes, 0, out.length)
      writeWord(request, ']}]}')
    }
    writeWord(request, ']}')
    return request.bytes.subarray(0, request.length)
  }
}

class JsonGroup implements RecordsEncoder {
  readonly resource: Buffer | undefined
  readonly scope: Buffer | undefined
  readonly out = new ByteWriter(1024)

  constructor(resource: Buffer | undefined, scope: Buffer | undefined) {
    this.resource = resource
    this.scope = scope
  }

  add(parts: LogParts): void {
    const { out } = this
    if (out.length > 0) out.byte(COMMA)
    writeWord(out, `{"timeUnixNano":"${parts.timeMs > 0 ? nanosecondsOf(parts.timeMs) : 0}"`)
    if (parts.observedMs > 0) writeWord(out, `,"observedTimeUnixNano":"${nanosecondsOf(parts.observedMs)}"`)
    if (parts.severityNumber > 0) writeWord(out, `,"severityNumber":${parts.severityNumber}`)
    if (parts.severityText !== '') writeText(out, ',"severityText":', parts.severityText)
    writeBody(out, parts)
    writeAttributes(out, parts)
    if (parts.flags > 0) writeWord(out, `,"flags":${parts.flags}`)
    if (parts.traceId !== '') writeWord(out, `,"traceId":"${parts.traceId}"`)
    if (parts.spanId !== '') writeWord(out, `,"spanId":"${parts.spanId}"`)
    if (parts.eventName !== '') writeText(out, ',"eventName":', parts.eventName)
    writeWord(out, '}')
  }
}

function writeBody(out: ByteWriter, parts: LogParts): void {
  const { body, membersAre } = parts
  if (body !== undefined) {
    writeWord(out, ',"body":')
    writeValue(out, new JsonWalk(body.bytes, body.start), 1)
  } else if (membersAre === 'body') {
    writeWord(out, ',"body":{"kvlistValue":{"values":[')
    writeMembers(out, parts)
    writeWord(out, ']}}')
  }
}

function writeAttributes(out: ByteWriter, parts: LogParts): void {
  const { attributes, members, membersAre } = parts
  const own = membersAre === 'attributes' && members.count > 0
  if (attributes === undefined && !own) return
  writeWord(out, ',"attributes":')
  if (attributes === undefined) writeWord(out, '[')
  else {
    writePairs(out, new JsonWalk(attributes.bytes, attributes.start), 1)
    // The list goes on with the other attributes.
    out.length--
    if (own && out.bytes[out.length - 1] !== 0x5b) out.byte(COMMA)
  }
  if (own) writeMembers(out, parts)
  writeWord(out, ']')
}

/** The members that the columns name, as KeyValues without brackets. */
function writeMembers(out: ByteWriter, { bytes, members }: LogParts): void {
  for (let i = 0; i < members.count; i++) {
    writeWord(out, i === 0 ? '{"key":' : ',{"key":')
    out.copy(bytes, members.keyStarts[i] - 1, members.keyEnds[i] + 1)
    writeWord(out, ',"value":')
    writeValue(out, new JsonWalk(bytes, members.valueStarts[i]), 2)
    writeWord(out, '}')
  }
}

/** The members of the object that the walk stands at, as a list of KeyValues; an empty one of any other value. */
function writePairs(out: ByteWriter, walk: JsonWalk, depth: number): void {
  writeWord(out, '[')
  if (walk.kind() === Kind.object) {
    walk.enter()
    for (let first = true; walk.more(); first = false) {
      writeWord(out, first ? '{"key":' : ',{"key":')
      const from = walk.at
      walk.key()
      const { bytes } = walk
      out.copy(bytes, from, behindString(bytes, from))
      writeWord(out, ',"value":')
      writeValue(out, walk, depth + 1)
      writeWord(out, '}')
    }
  }
  writeWord(out, ']')
}

/** The value that the walk stands at as an AnyValue; the walk goes behind it. */
function writeValue(out: ByteWriter, walk: JsonWalk, depth: number): void {
  const { bytes, at } = walk
  const kind = walk.kind()
  if ((kind === Kind.object || kind === Kind.array) && depth < MAX_ENCODED_DEPTH) {
    writeWord(out, kind === Kind.object ? '{"kvlistValue":{"values":' : '{"arrayValue":{"values":')
    if (kind === Kind.object) writePairs(out, walk, depth)
    else writeItems(out, walk, depth)
    writeWord(out, '}}')
    return
  }
  walk.skip()
  switch (kind) {
    case Kind.string:
      writeWord(out, '{"stringValue":')
      out.copy(bytes, at, walk.at)
      break
    case Kind.true:
    case Kind.false:
      writeWord(out, kind === Kind.true ? '{"boolValue":true' : '{"boolValue":false')
      break
    case Kind.number: {
      const text = bytes.toString('latin1', at, walk.at)
      writeWord(out, isInt64(text) ? `{"intValue":"${text}"` : `{"doubleValue":${text}`)
      break
    }
    case Kind.null:
      writeWord(out, '{')
      break
    default:
      writeWord(out, '{"stringValue":')
      out.string(bytes, at, walk.at)
  }
  writeWord(out, '}')
}

function writeItems(out: ByteWriter, walk: JsonWalk, depth: number): void {
  writeWord(out, '[')
  walk.enter()
  for (let first = true; walk.more(); first = false) {
    if (!first) out.byte(COMMA)
    writeValue(out, walk, depth + 1)
  }
  writeWord(out, ']')
}

/** `{"name": …, "version": …, "attributes": {…}}` as an InstrumentationScope, with a comma behind it. */
function writeScope(out: ByteWriter, scope: Buffer): void {
  const walk = new JsonWalk(scope)
  if (walk.kind() !== Kind.object) return
  writeWord(out, '"scope":{')
  const start = out.length
  walk.enter()
  while (walk.more()) {
    const key = walk.key()
    const from = walk.at
    const kind = walk.kind()
    walk.skip()
    const isText = (key === 'name' || key === 'version') && kind === Kind.string
    if (!isText && key !== 'attributes') continue
    if (out.length > start) out.byte(COMMA)
    writeWord(out, `"${key}":`)
    if (isText) out.copy(scope, from, walk.at)
    else writePairs(out, new JsonWalk(scope, from), 1)
  }
  writeWord(out, '},')
}

function writeText(out: ByteWriter, key: string, text: string): void {
  writeWord(out, key)
  out.text(text, 'utf8')
}
