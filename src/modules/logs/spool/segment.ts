import { join } from 'node:path'
import type { Position } from '../batch.ts'
import { checksum } from './checksum.ts'

/*
 * A segment file: a header, then frames up to its end. It is named after its first sequence.
 *
 *   0 "OUTRSPL1"   8 u32 CRC-32 of the rest   12 u32 0   16 16 bytes: the spool's id   32 f64 first sequence
 */
export const SEGMENT_HEADER_BYTES = 40
const MAGIC = Buffer.from('OUTRSPL1')
const NAME = /^(\d{16})\.seg$/

/** The position of a file after the frames so far, and where the file was then. */
export interface FilePosition extends Position {
  readonly path: string
}

/** One segment as the running spool knows it. */
export interface Segment {
  readonly path: string
  /** The sequence in its name: no frame in it has a lower one. */
  readonly first: number
  /** Where the next frame goes; 0 while the file is empty. Bytes behind it do not count. */
  end: number
  frames: number
  records: number
  /** The last position of each file in this segment. */
  readonly positions: Map<string, FilePosition>
  /** Nothing is added to it any more. */
  sealed: boolean
  /** Not to be deleted: its damage is not dealt with yet. */
  held: boolean
}

export function newSegment(folder: string, first: number): Segment {
  const path = join(folder, segmentName(first))
  return { path, first, end: 0, frames: 0, records: 0, positions: new Map(), sealed: false, held: false }
}

export function segmentName(first: number): string {
  return `${String(first).padStart(16, '0')}.seg`
}

/** The first sequence of a segment's file name; undefined for foreign files. */
export function firstSequence(name: string): number | undefined {
  const match = NAME.exec(name)
  return match ? Number(match[1]) : undefined
}

export function encodeSegmentHeader(spoolId: Uint8Array, first: number): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES)
  header.set(MAGIC)
  header.set(spoolId, 16)
  header.writeDoubleLE(first, 32)
  header.writeUInt32LE(checksum([header.subarray(12)]), 8)
  return header
}

/** The spool's id in a segment's header; undefined when the header is not sound. */
export function decodeSegmentHeader(header: Buffer): Buffer | undefined {
  if (header.length < SEGMENT_HEADER_BYTES || !header.subarray(0, 8).equals(MAGIC)) return undefined
  if (checksum([header.subarray(12, SEGMENT_HEADER_BYTES)]) !== header.readUInt32LE(8)) return undefined
  return header.subarray(16, 32)
}

/** Remembers how far a source is read. */
export function notePosition(segment: Segment, position: Position | undefined, path: string): void {
  if (!position) return
  segment.positions.delete(position.file)
  segment.positions.set(position.file, { ...position, path })
}
