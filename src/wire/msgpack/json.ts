import type { ByteWriter } from '../json/writer.ts'
import { MsgpackError } from './error.ts'
import { MsgpackKind, type MsgpackReader } from './reader.ts'

/** How deep a record may nest. */
const MAX_DEPTH = 64
const NULL = Buffer.from('null')
const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')

export interface JsonOptions {
  /** What becomes of binary values: their bytes as a text, UTF-8 or not, or base64. */
  readonly binary: 'text' | 'base64'
}

/**
 * Appends the value at `at` as JSON; gives where it ends. The bytes of texts stay as they are. What JSON has no place for:
 * NaN and infinities become null, extensions base64 (the time of Fluentd, type 0: seconds as a number), keys that are no
 * texts their JSON. Throws MsgpackError, and has appended something then, for what is no MessagePack or nests too deep.
 */
export function writeJson(
  reader: MsgpackReader,
  at: number,
  out: ByteWriter,
  options: JsonOptions,
  depth = 0,
): number {
  const next = reader.read(at)
  switch (reader.kind) {
    case MsgpackKind.array:
      return writeArray(reader, next, out, options, depth)
    case MsgpackKind.map:
      out.byte(0x7b)
      return writeMembers(reader, next, out, options, depth)
    default:
      writeScalar(reader, out, options)
      return next
  }
}

/** Appends the members of the map whose head was read last, and its closing brace. */
export function writeMembers(
  reader: MsgpackReader,
  at: number,
  out: ByteWriter,
  options: JsonOptions,
  depth = 0,
): number {
  if (depth >= MAX_DEPTH) throw new MsgpackError(`a record nests deeper than ${MAX_DEPTH}`)
  const { length } = reader
  let next = at
  for (let i = 0; i < length; i++) {
    if (i > 0) out.byte(0x2c)
    next = reader.read(next)
    writeKey(reader, out)
    out.byte(0x3a)
    next = writeJson(reader, next, out, options, depth + 1)
  }
  out.byte(0x7d)
  return next
}

function writeArray(
  reader: MsgpackReader,
  at: number,
  out: ByteWriter,
  options: JsonOptions,
  depth: number,
): number {
  if (depth >= MAX_DEPTH) throw new MsgpackError(`a record nests deeper than ${MAX_DEPTH}`)
  const { length } = reader
  let next = at
  out.byte(0x5b)
  for (let i = 0; i < length; i++) {
    if (i > 0) out.byte(0x2c)
    next = writeJson(reader, next, out, options, depth + 1)
  }
  out.byte(0x5d)
  return next
}

function writeKey(reader: MsgpackReader, out: ByteWriter): void {
  switch (reader.kind) {
    case MsgpackKind.text:
    case MsgpackKind.binary:
      out.string(reader.bytes, reader.start, reader.start + reader.length)
      return
    case MsgpackKind.array:
    case MsgpackKind.map:
      throw new MsgpackError('a key that is a list or a map')
    case MsgpackKind.extension:
      out.text(base64(reader), 'latin1')
      return
    default:
      out.text(scalarText(reader), 'latin1')
  }
}

function writeScalar(reader: MsgpackReader, out: ByteWriter, { binary }: JsonOptions): void {
  switch (reader.kind) {
    case MsgpackKind.nil:
      out.copy(NULL, 0, NULL.length)
      return
    case MsgpackKind.boolean: {
      const word = reader.number === 1 ? TRUE : FALSE
      out.copy(word, 0, word.length)
      return
    }
    case MsgpackKind.binary:
      if (binary === 'base64') {
        out.text(base64(reader), 'latin1')
        return
      }
      out.string(reader.bytes, reader.start, reader.start + reader.length)
      return
    case MsgpackKind.text:
      out.string(reader.bytes, reader.start, reader.start + reader.length)
      return
    case MsgpackKind.extension: {
      const timeMs = eventTimeMs(reader)
      if (Number.isNaN(timeMs)) out.text(base64(reader), 'latin1')
      else append(out, String(timeMs / 1000))
      return
    }
    default:
      append(out, scalarText(reader))
  }
}

function scalarText(reader: MsgpackReader): string {
  switch (reader.kind) {
    case MsgpackKind.bigInteger:
      return String(reader.big)
    case MsgpackKind.nil:
      return 'null'
    case MsgpackKind.boolean:
      return String(reader.number === 1)
    default:
      return Number.isFinite(reader.number) ? String(reader.number) : 'null'
  }
}

function append(out: ByteWriter, text: string): void {
  out.reserve(text.length)
  out.length += out.bytes.write(text, out.length, 'latin1')
}

function base64({ bytes, start, length }: MsgpackReader): string {
  return bytes.toString('base64', start, start + length)
}

/** Milliseconds of the EventTime (extension 0: seconds and nanoseconds) that was read last; NaN when it is none. */
export function eventTimeMs({ kind, extensionType, length, bytes, start }: MsgpackReader): number {
  if (kind !== MsgpackKind.extension || extensionType !== 0 || length !== 8) return Number.NaN
  return bytes.readUInt32BE(start) * 1000 + Math.floor(bytes.readUInt32BE(start + 4) / 1000) / 1000
}
