import type { Batch, Origin } from '../batch.ts'
import { checksum } from './checksum.ts'

/*
 * A frame on disk, little-endian:
 *
 *   0 u32  length of the payload        4 u32  CRC-32 of the payload
 *
 * and its payload:
 *
 *    0 u8   kind (1)                    1 u8   1 = has a position
 *    2 u16  length of the input's name  4 u16  length of the path      6 u16  length of the file's identity
 *    8 f64  sequence                   16 f64  when it was spooled    24 f64  offset in the file
 *   32 u32  records                    36 u32  base of starts, ends   40 u32  length of the records' bytes
 *   44 u16  length of the mark     46 u16  length of the route
 *   48      name, path, identity, mark, route; f64 times[]; u32 starts[]; u32 ends[]; the records' bytes
 *
 * The route is the tag (nothing: it is the input's name), then, behind a NUL, the only output that it is for.
 * The columns are written as they lie in memory: encoding a batch copies nothing but its small head.
 */

export const FRAME_HEAD_BYTES = 8
const FIXED_BYTES = 48
const KIND_BATCH = 1
const COLUMN_BYTES = 16

/** What the head of a payload says, without its records. */
export interface FrameHead {
  readonly sequence: number
  readonly spooledAtMs: number
  readonly count: number
  readonly origin: Origin
}

export interface EncodedFrame {
  readonly pieces: readonly Uint8Array[]
  readonly bytes: number
}

function writtenRoute({ input, tag, only }: Origin): string {
  const written = tag === input ? '' : tag
  return only === undefined ? written : `${written}\0${only}`
}

function readRoute(written: string, input: string): Pick<Origin, 'tag' | 'only'> {
  const at = written.indexOf('\0')
  const tag = (at < 0 ? written : written.slice(0, at)) || input
  return at < 0 ? { tag } : { tag, only: written.slice(at + 1) }
}

/** How many bytes the batch takes as a frame. */
export function frameBytes(batch: Batch): number {
  const [from, to] = region(batch)
  const { input, path, position } = batch.origin
  const texts = [input, path, position?.file ?? '', position?.mark ?? '', writtenRoute(batch.origin)]
  const names = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  return FRAME_HEAD_BYTES + FIXED_BYTES + names + batch.count * COLUMN_BYTES + (to - from)
}

export function encodeFrame(batch: Batch, sequence: number, spooledAtMs: number): EncodedFrame {
  const { origin, count } = batch
  const [from, to] = region(batch)
  const input = Buffer.from(origin.input)
  const path = Buffer.from(origin.path)
  const file = Buffer.from(origin.position?.file ?? '')
  const mark = Buffer.from(origin.position?.mark ?? '')
  const route = Buffer.from(writtenRoute(origin))
  const names = Buffer.concat([input, path, file, mark, route])
  const head = Buffer.allocUnsafe(FRAME_HEAD_BYTES + FIXED_BYTES + names.length)
  const payload = head.subarray(FRAME_HEAD_BYTES)
  payload[0] = KIND_BATCH
  payload[1] = origin.position ? 1 : 0
  payload.writeUInt16LE(input.length, 2)
  payload.writeUInt16LE(path.length, 4)
  payload.writeUInt16LE(file.length, 6)
  payload.writeDoubleLE(sequence, 8)
  payload.writeDoubleLE(spooledAtMs, 16)
  payload.writeDoubleLE(origin.position?.offset ?? 0, 24)
  payload.writeUInt32LE(count, 32)
  payload.writeUInt32LE(from, 36)
  payload.writeUInt32LE(to - from, 40)
  payload.writeUInt16LE(mark.length, 44)
  payload.writeUInt16LE(route.length, 46)
  payload.set(names, FIXED_BYTES)
  const columns =
    count === 0
      ? []
      : [
          raw(batch.timesMs, count),
          raw(batch.starts, count),
          raw(batch.ends, count),
          batch.bytes.subarray(from, to),
        ]
  const length = payload.length + count * COLUMN_BYTES + (to - from)
  head.writeUInt32LE(length, 0)
  head.writeUInt32LE(checksum([payload, ...columns]), 4)
  return { pieces: [head, ...columns], bytes: FRAME_HEAD_BYTES + length }
}

/** The head of a payload whose checksum holds; undefined when it is not one of ours. */
export function decodeHead(payload: Buffer): FrameHead | undefined {
  if (payload.length < FIXED_BYTES || payload[0] !== KIND_BATCH) return undefined
  const inputEnd = FIXED_BYTES + payload.readUInt16LE(2)
  const pathEnd = inputEnd + payload.readUInt16LE(4)
  const fileEnd = pathEnd + payload.readUInt16LE(6)
  const markEnd = fileEnd + payload.readUInt16LE(44)
  const routeEnd = markEnd + payload.readUInt16LE(46)
  const count = payload.readUInt32LE(32)
  if (routeEnd + count * COLUMN_BYTES + payload.readUInt32LE(40) !== payload.length) return undefined
  const input = payload.toString('utf8', FIXED_BYTES, inputEnd)
  const path = payload.toString('utf8', inputEnd, pathEnd)
  const file = payload.toString('utf8', pathEnd, fileEnd)
  const mark = payload.toString('utf8', fileEnd, markEnd)
  const route = readRoute(payload.toString('utf8', markEnd, routeEnd), input)
  const position = { file, offset: payload.readDoubleLE(24), ...(mark && { mark }) }
  const origin = payload[1] === 1 ? { input, path, ...route, position } : { input, path, ...route }
  return { sequence: payload.readDoubleLE(8), spooledAtMs: payload.readDoubleLE(16), count, origin }
}

/** The batch of a payload with this head; its bytes stay a view of the payload. */
export function decodeBatch(payload: Buffer, head: FrameHead): Batch {
  const { count, origin } = head
  const base = payload.readUInt32LE(36)
  const bytes = payload.subarray(payload.length - payload.readUInt32LE(40))
  const timesAt = payload.length - bytes.length - count * COLUMN_BYTES
  const timesMs = new Float64Array(count)
  const starts = new Uint32Array(count)
  const ends = new Uint32Array(count)
  raw(timesMs, count).set(payload.subarray(timesAt, timesAt + count * 8))
  raw(starts, count).set(payload.subarray(timesAt + count * 8, timesAt + count * 12))
  raw(ends, count).set(payload.subarray(timesAt + count * 12, timesAt + count * COLUMN_BYTES))
  if (base > 0) {
    for (let index = 0; index < count; index++) {
      starts[index]! -= base
      ends[index]! -= base
    }
  }
  return { bytes, count, starts, ends, timesMs, origin }
}

/** Where the records' bytes begin and end. */
export function region(batch: Batch): [from: number, to: number] {
  return batch.count === 0 ? [0, 0] : [batch.starts[0]!, batch.ends[batch.count - 1]!]
}

/** A column's bytes as they lie in memory: little-endian on every platform that Node runs on but one (s390x). */
function raw(column: Float64Array | Uint32Array, count: number): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, count * column.BYTES_PER_ELEMENT)
}
