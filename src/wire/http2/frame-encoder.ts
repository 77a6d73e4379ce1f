import { HeaderInjectionError } from '../http1/encode.ts'
import { FIELD_VALUE, TOKEN } from '../http1/field-line.ts'
import type { HeaderList } from '../http1/headers.ts'
import type { ByteWriter } from './byte-writer.ts'
import { DEFAULT_FRAME_BYTES, Flag, FRAME_HEAD_BYTES, FrameType } from './frame.ts'
import type { HpackEncoder } from './hpack-encoder.ts'

export function writeFrameHead(
  out: ByteWriter,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  out.ensure(FRAME_HEAD_BYTES)
  const { bytes } = out
  const at = out.at
  bytes[at] = length >>> 16
  bytes[at + 1] = length >>> 8
  bytes[at + 2] = length
  bytes[at + 3] = type
  bytes[at + 4] = flags
  writeUInt32(bytes, at + 5, streamId)
  out.at = at + FRAME_HEAD_BYTES
}

export function writeReset(out: ByteWriter, streamId: number, code: number): void {
  writeFrameHead(out, 4, FrameType.RST_STREAM, 0, streamId)
  writeNumber(out, code)
}

export function writeWindowUpdate(out: ByteWriter, streamId: number, increment: number): void {
  writeFrameHead(out, 4, FrameType.WINDOW_UPDATE, 0, streamId)
  writeNumber(out, increment)
}

export function writeSettingsAck(out: ByteWriter): void {
  writeFrameHead(out, 0, FrameType.SETTINGS, Flag.ACK, 0)
}

/** `opaque` has eight bytes. */
export function writePing(out: ByteWriter, opaque: Uint8Array, ack: boolean): void {
  writeFrameHead(out, 8, FrameType.PING, ack ? Flag.ACK : 0, 0)
  out.ensure(8)
  out.bytes.set(opaque, out.at)
  out.at += 8
}

/** `debug` is text for the people at the other end. */
export function writeGoaway(out: ByteWriter, lastStreamId: number, code: number, debug: string): void {
  const text = Buffer.from(debug)
  writeFrameHead(out, 8 + text.length, FrameType.GOAWAY, 0, 0)
  writeNumber(out, lastStreamId)
  writeNumber(out, code)
  out.ensure(text.length)
  out.bytes.set(text, out.at)
  out.at += text.length
}

/**
 * A header block as one HEADERS frame, and CONTINUATION frames when it is large. `pseudo` is name, value …; fields
 * that HTTP/2 does not have are left out and names are put in lower case. Throws HeaderInjectionError before
 * anything was written or put into the table.
 */
export function writeHeaders(
  out: ByteWriter,
  encoder: HpackEncoder,
  streamId: number,
  pseudo: readonly string[],
  headers: HeaderList | undefined,
  endStream: boolean,
): void {
  const fields = headers === undefined ? [] : prepareFields(headers)
  const start = out.at
  writeFrameHead(out, 0, FrameType.HEADERS, Flag.END_HEADERS | (endStream ? Flag.END_STREAM : 0), streamId)
  encoder.begin(out)
  for (let at = 0; at < pseudo.length; at += 2) encoder.field(out, pseudo[at]!, pseudo[at + 1]!)
  for (let at = 0; at < fields.length; at += 2) encoder.field(out, fields[at]!, fields[at + 1]!)
  const length = out.at - start - FRAME_HEAD_BYTES
  if (length <= DEFAULT_FRAME_BYTES) setLength(out.bytes, start, length)
  else splitBlock(out, start, length, streamId)
}

/** Names in lower case, without what HTTP/2 carries in other ways (RFC 9113 section 8.2.2). */
function prepareFields(headers: HeaderList): string[] {
  const { raw } = headers
  const fields: string[] = []
  let named: Set<string> | undefined
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase()
    let value = raw[at + 1]!
    if (!TOKEN.test(name))
      throw new HeaderInjectionError(`the header name ${JSON.stringify(raw[at])} is not a token`)
    if (!FIELD_VALUE.test(value))
      throw new HeaderInjectionError(`the value of the header ${name} has control or non-latin1 characters`)
    switch (name) {
      case 'connection':
        named ??= new Set()
        for (const token of value.toLowerCase().split(',')) named.add(token.trim())
        continue
      case 'keep-alive':
      case 'proxy-connection':
      case 'transfer-encoding':
      case 'upgrade':
      case 'http2-settings':
        continue
      case 'te':
        if (!/(?:^|,)[ \t]*trailers[ \t]*(?:;|,|$)/i.test(value)) continue
        value = 'trailers'
    }
    if (isSpace(value.charCodeAt(0)) || isSpace(value.charCodeAt(value.length - 1)))
      value = value.replace(/^[ \t]+|[ \t]+$/g, '')
    fields.push(name, value)
  }
  return named === undefined ? fields : fields.filter((_, at) => !isNamed(named, fields[at & ~1]!))
}

/** Connection may list what ends here; what steers the message it may not take away. */
function isNamed(named: ReadonlySet<string>, name: string): boolean {
  return (
    named.has(name) &&
    name !== 'te' &&
    name !== 'host' &&
    name !== 'content-length' &&
    name !== 'authorization'
  )
}

function splitBlock(out: ByteWriter, start: number, length: number, streamId: number): void {
  const block = Buffer.from(out.bytes.subarray(start + FRAME_HEAD_BYTES, start + FRAME_HEAD_BYTES + length))
  setLength(out.bytes, start, DEFAULT_FRAME_BYTES)
  out.bytes[start + 4]! &= ~Flag.END_HEADERS
  out.at = start + FRAME_HEAD_BYTES + DEFAULT_FRAME_BYTES
  for (let at = DEFAULT_FRAME_BYTES; at < length; at += DEFAULT_FRAME_BYTES) {
    const part = block.subarray(at, at + DEFAULT_FRAME_BYTES)
    const last = at + part.length === length
    writeFrameHead(out, part.length, FrameType.CONTINUATION, last ? Flag.END_HEADERS : 0, streamId)
    out.ensure(part.length)
    out.bytes.set(part, out.at)
    out.at += part.length
  }
}

function writeNumber(out: ByteWriter, value: number): void {
  out.ensure(4)
  writeUInt32(out.bytes, out.at, value)
  out.at += 4
}

function writeUInt32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

function setLength(bytes: Buffer, at: number, length: number): void {
  bytes[at] = length >>> 16
  bytes[at + 1] = length >>> 8
  bytes[at + 2] = length
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}
