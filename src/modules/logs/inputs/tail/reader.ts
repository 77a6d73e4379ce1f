import { LineSplitter, type LongLines, type Split, Utf16Splitter } from '../split.ts'
import {
  type Encoding,
  type EncodingOption,
  encodingOf,
  type Transcoded,
  transcode,
  unitBytes,
} from './encoding.ts'
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
  /** The lines in UTF-8, when they are not. */
  readonly transcoded: Transcoded | undefined
  readonly consumed: number
  /** It does not go on where the last read of the file ended. */
  readonly begins: boolean
  /** More was there already when it was read. */
  readonly more: boolean
}

export interface ReadLimits {
  readonly readBytes: number
  readonly maxLineBytes: number
  readonly longLines: LongLines
  readonly encoding: EncodingOption
  /** Of one file; undefined: as fast as it goes. */
  readonly bytesPerSecond: number | undefined
}

// gzip, zstd, xz, bzip2
const COMPRESSED = ['1f8b', '28b52ffd', 'fd377a585a00', '425a68'].map(hex => Buffer.from(hex, 'hex'))

const UTF_8: Encoding = { name: 'utf-8', markBytes: 0 }
/** No byte order mark is longer. */
const MARK_BYTES = 3

/** Cuts the files of one input, whatever they are written in. */
export class Splitters {
  readonly encoding: EncodingOption
  readonly #limits: ReadLimits
  readonly #byUnits = new Map<'bytes' | 'utf-16le' | 'utf-16be', LineSplitter>()

  constructor(limits: ReadLimits) {
    this.encoding = limits.encoding
    this.#limits = limits
  }

  of({ name }: Encoding): LineSplitter {
    const units = name === 'utf-16le' || name === 'utf-16be' ? name : 'bytes'
    let splitter = this.#byUnits.get(units)
    if (splitter === undefined) {
      const { maxLineBytes, longLines } = this.#limits
      splitter =
        units === 'bytes'
          ? new LineSplitter(maxLineBytes, longLines)
          : new Utf16Splitter(maxLineBytes, longLines, units === 'utf-16be')
      this.#byUnits.set(units, splitter)
    }
    return splitter
  }

  /** How many lines were shortened since it was asked last. */
  takeShortened(): number {
    let sum = 0
    for (const splitter of this.#byUnits.values()) {
      sum += splitter.shortened
      splitter.shortened = 0
    }
    return sum
  }
}

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
  splitters: Splitters,
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
  let first = file.mayStartWithHole ? endOfZeros(bytes, start) : start
  const head = file.next === 0 ? bytes.subarray(first, first + MARK_BYTES) : file.trail.head
  file.encoding ??= encodingOf(splitters.encoding, head)
  // A byte of a mark may be all that there is.
  const encoding = file.encoding ?? (file.finishing ? UTF_8 : undefined)
  if (encoding === undefined) return notAdvanced(file, length - start, buffer.length - start)
  first -= (first - start) % unitBytes(encoding)
  if (first < length) file.mayStartWithHole = false
  if (file.next === 0) first = Math.min(length, first + encoding.markBytes)
  const atEnd = file.next + (length - start) >= file.size
  const split = splitters
    .of(encoding)
    .split({ bytes, from: first, midLine: file.midLine, final: file.finishing && atEnd })
  if (split.next === start) return notAdvanced(file, length - start, buffer.length - start)
  const passed = bytes.subarray(start, split.next)
  const base = file.next - start
  const { begins } = file
  file.pass(passed, split.midLine)
  const more = base + length < file.size
  const transcoded = transcode(bytes, split, encoding)
  return { kind: 'read', bytes, base, split, transcoded, consumed: passed.length, begins, more }
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
  encoding: EncodingOption,
): Promise<number> {
  const head = Buffer.alloc(Math.min(MARK_BYTES, file.size))
  await layer.read(file.fd!, head, 0)
  const { name } = encodingOf(encoding, head) ?? UTF_8
  // From an even place on, where units of two bytes begin.
  const earliest = Math.max(0, file.size - withinBytes)
  const from = earliest - (earliest % 2)
  const bytes = Buffer.alloc(file.size - from)
  const length = await layer.read(file.fd!, bytes, from)
  for (let feed = bytes.lastIndexOf(10, length - 1); feed !== -1; feed = lastFeedBefore(bytes, feed)) {
    if (name === 'utf-16le' && (feed % 2 === 1 || feed + 1 >= length || bytes[feed + 1] !== 0)) continue
    if (name === 'utf-16be' && (feed % 2 === 0 || bytes[feed - 1] !== 0)) continue
    return from + feed + (name === 'utf-16le' ? 2 : 1)
  }
  return from === 0 ? 0 : file.size
}

function lastFeedBefore(bytes: Buffer, feed: number): number {
  return feed === 0 ? -1 : bytes.lastIndexOf(10, feed - 1)
}
