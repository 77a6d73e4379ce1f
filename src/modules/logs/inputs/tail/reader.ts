import type { LineSplitter, LongLines, Split } from '../split.ts'
import type { TailedFile } from './file.ts'
import type { FileLayer } from './layer.ts'

/** What one read of a file came to. `read` moved the file's `next`; the others left it where it was. */
export type Chunk =
  | ReadChunk
  /** Only a line without its end is left, or nothing. */
  | { readonly kind: 'nothing' }
  /** The line is longer than the chunk: another read must bring more. */
  | { readonly kind: 'longer' }
  /** The bytes before `next` are not those that were read: the content was replaced. */
  | { readonly kind: 'replaced' }
  | { readonly kind: 'compressed' }

export interface ReadChunk {
  readonly kind: 'read'
  readonly bytes: Buffer
  /** Where `bytes` begin in the file. */
  readonly base: number
  readonly split: Split
  readonly consumed: number
  /** It is the first of the file's content. */
  readonly begins: boolean
  /** More was there already when it was read. */
  readonly more: boolean
}

export interface ReadLimits {
  readonly readBytes: number
  readonly maxLineBytes: number
  readonly longLines: LongLines
}

// gzip, zstd, xz, bzip2
const COMPRESSED = ['1f8b', '28b52ffd', 'fd377a585a00', '425a68'].map(hex => Buffer.from(hex, 'hex'))

/** The memory that the next read of this file takes. */
export function nextReadBytes(file: TailedFile, { readBytes, maxLineBytes }: ReadLimits): number {
  // Four more than a line: its line feed, and room to cut at a character.
  const want = Math.min(Math.max(readBytes, file.wantBytes), Math.max(readBytes, maxLineBytes + 4))
  return Math.min(want, file.unread) + file.trail.recent.length
}

/**
 * Reads once from `next` on into `buffer`, of `nextReadBytes`, and cuts it into lines. Each read starts a little
 * earlier, with bytes that were read before: when they differ, the file was truncated and has grown past the offset
 * since, which its size cannot tell.
 */
export async function readChunk(
  file: TailedFile,
  layer: FileLayer,
  splitter: LineSplitter,
  buffer: Buffer,
): Promise<Chunk> {
  if (file.size < file.next) return { kind: 'replaced' }
  const { recent } = file.trail
  const length = await layer.read(file.fd!, buffer, file.next - recent.length)
  const bytes = length === buffer.length ? buffer : buffer.subarray(0, length)
  if (length < recent.length || !bytes.subarray(0, recent.length).equals(recent)) return { kind: 'replaced' }
  file.doubtful = false
  if (file.next === 0 && isCompressed(bytes)) return { kind: 'compressed' }
  const start = recent.length
  const first = file.mayStartWithHole ? endOfZeros(bytes, start) : start
  if (first < length) file.mayStartWithHole = false
  const atEnd = file.next + (length - start) >= file.size
  const split = splitter.split({ bytes, from: first, midLine: file.midLine, final: file.finishing && atEnd })
  if (split.next === start) return notAdvanced(file, length - start, buffer.length - start)
  const passed = bytes.subarray(start, split.next)
  const base = file.next - start
  file.pass(passed, split.midLine)
  const more = base + length < file.size
  return { kind: 'read', bytes, base, split, consumed: passed.length, begins: base === 0, more }
}

function notAdvanced(file: TailedFile, got: number, asked: number): Chunk {
  if (got < asked) {
    // It shrank after it was last looked at: the next look tells by how much.
    file.size = file.next + got
    file.cameShort = true
  } else if (file.unread > got) {
    file.wantBytes = 2 * got
    return { kind: 'longer' }
  }
  file.heldSize = file.size
  return { kind: 'nothing' }
}

function isCompressed(bytes: Buffer): boolean {
  return COMPRESSED.some(
    magic => bytes.length >= magic.length && magic.equals(bytes.subarray(0, magic.length)),
  )
}

function endOfZeros(bytes: Buffer, from: number): number {
  let end = from
  while (end < bytes.length && bytes[end] === 0) end++
  return end
}

/** Where the last line begins that has no line feed yet; the end when there is none within `withinBytes`. */
export async function lastLineStart(
  file: TailedFile,
  layer: FileLayer,
  withinBytes: number,
): Promise<number> {
  const from = Math.max(0, file.size - withinBytes)
  const bytes = Buffer.alloc(file.size - from)
  const length = await layer.read(file.fd!, bytes, from)
  const feed = bytes.subarray(0, length).lastIndexOf(10)
  if (feed !== -1) return from + feed + 1
  return from === 0 ? 0 : file.size
}
