import type { Disk } from './disk.ts'
import type { FilePosition, Segment } from './segment.ts'
import { SlotFile } from './slot-file.ts'

/*
 * How far every source is read. The newest positions travel in the frames; this file keeps those whose frames
 * are deleted, and is written before a segment goes.
 *
 * The value: 16 bytes spool id, f64 next sequence, u32 entries, then for each: u16 length of the identity,
 * u16 length of the path, u16 length of the mark, f64 offset, identity, path, mark.
 */
const SLOT_BYTES = 16 * 1024
const FIXED_BYTES = 28
const ENTRY_BYTES = 14

export interface SavedPositions {
  readonly spoolId: Buffer
  readonly nextSequence: number
  readonly positions: Map<string, FilePosition>
}

export class PositionsFile {
  readonly #slots: SlotFile
  /** What the last write said; undefined when the file is new. */
  readonly saved: SavedPositions | undefined

  private constructor(slots: SlotFile, saved: SavedPositions | undefined) {
    this.#slots = slots
    this.saved = saved
  }

  static async open(disk: Disk, path: string): Promise<PositionsFile> {
    const { slots, value } = await SlotFile.open(disk, path, SLOT_BYTES)
    return new PositionsFile(slots, value && decode(value))
  }

  /** Durable once it resolves. */
  async save(next: SavedPositions): Promise<void> {
    await this.#slots.write(encode(next))
    await this.#slots.sync()
  }

  close(): Promise<void> {
    return this.#slots.close()
  }
}

/** Two views of the positions, both bounded: as of now, and as of the end of the last deleted segment. */
export class Positions {
  readonly current: Map<string, FilePosition>
  readonly folded: Map<string, FilePosition>
  /** Positions from before a gap that no frame says yet. Until one does, they go over all that was folded. */
  pendingResets: ReadonlyMap<string, FilePosition> = new Map()
  readonly #max: number
  readonly #onForgotten: (file: string, position: FilePosition) => void

  constructor(
    folded: Map<string, FilePosition>,
    max: number,
    onForgotten: (file: string, position: FilePosition) => void,
  ) {
    this.folded = folded
    this.current = new Map(folded)
    this.#max = max
    this.#onForgotten = onForgotten
  }

  set(file: string, position: FilePosition): void {
    const dropped = put(this.current, file, position, this.#max)
    if (dropped) this.#onForgotten(...dropped)
  }

  /** The segment is about to be deleted: its positions outlive it here. */
  fold(segment: Segment): void {
    for (const [file, position] of segment.positions) put(this.folded, file, position, this.#max)
    for (const [file, position] of this.pendingResets) put(this.folded, file, position, this.#max)
  }

  forget(file: string, segments: readonly Segment[]): void {
    this.current.delete(file)
    this.folded.delete(file)
    for (const segment of segments) segment.positions.delete(file)
  }
}

/** Newest last; returns what had to go, the one that has not moved for longest. */
function put(
  map: Map<string, FilePosition>,
  file: string,
  position: FilePosition,
  max: number,
): [string, FilePosition] | undefined {
  map.delete(file)
  map.set(file, position)
  if (map.size <= max) return undefined
  const oldest = map.entries().next().value!
  map.delete(oldest[0])
  return oldest
}

function encode({ spoolId, nextSequence, positions }: SavedPositions): Buffer {
  const entries = [...positions.values()].map(({ file, path, mark, offset }) => ({
    texts: [file, path, mark ?? ''].map(text => Buffer.from(text)),
    offset,
  }))
  const bytes = entries.reduce(
    (sum, { texts }) => sum + ENTRY_BYTES + texts.reduce((length, text) => length + text.length, 0),
    FIXED_BYTES,
  )
  const value = Buffer.allocUnsafe(bytes)
  value.set(spoolId)
  value.writeDoubleLE(nextSequence, 16)
  value.writeUInt32LE(entries.length, 24)
  let at = FIXED_BYTES
  for (const { texts, offset } of entries) {
    for (const [index, text] of texts.entries()) value.writeUInt16LE(text.length, at + 2 * index)
    value.writeDoubleLE(offset, at + 6)
    at += ENTRY_BYTES
    for (const text of texts) {
      value.set(text, at)
      at += text.length
    }
  }
  return value
}

function decode(value: Buffer): SavedPositions {
  const positions = new Map<string, FilePosition>()
  let at = FIXED_BYTES
  for (let left = value.readUInt32LE(24); left > 0; left--) {
    const fileEnd = at + ENTRY_BYTES + value.readUInt16LE(at)
    const pathEnd = fileEnd + value.readUInt16LE(at + 2)
    const markEnd = pathEnd + value.readUInt16LE(at + 4)
    const offset = value.readDoubleLE(at + 6)
    const file = value.toString('utf8', at + ENTRY_BYTES, fileEnd)
    const path = value.toString('utf8', fileEnd, pathEnd)
    const mark = value.toString('utf8', pathEnd, markEnd)
    positions.set(file, { file, path, offset, ...(mark && { mark }) })
    at = markEnd
  }
  return { spoolId: Buffer.from(value.subarray(0, 16)), nextSequence: value.readDoubleLE(16), positions }
}
