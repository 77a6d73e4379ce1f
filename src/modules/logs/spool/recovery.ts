import type { Cursor } from './cursor.ts'
import type { Disk } from './disk.ts'
import type { FrameHead } from './frame-codec.ts'
import type { Place } from './place.ts'
import { FrameScanner, type Scanned } from './scanner.ts'
import {
  decodeSegmentHeader,
  type FilePosition,
  firstSequence,
  newSegment,
  notePosition,
  SEGMENT_HEADER_BYTES,
  type Segment,
} from './segment.ts'

/** Where a segment stops being what was written. */
export interface Damage {
  readonly segment: Segment
  readonly at: number
  /** torn: the newest write, cut off by a crash. corrupt: anything else. */
  readonly kind: 'torn' | 'corrupt'
}

export interface Recovered {
  readonly segments: readonly Segment[]
  /** Higher than every sequence that the segments hold. */
  readonly nextSequence: number
  readonly damages: readonly Damage[]
  /** The positions up to the first gap: what lies behind it is read again rather than trusted. */
  readonly positions: ReadonlyMap<string, FilePosition>
  /** Files whose newest frame lies behind a gap, with the position that is safe. They must be spooled before the damage is cut away, or a second start would trust the frames behind it. */
  readonly resets: ReadonlyMap<string, FilePosition>
  readonly places: ReadonlyMap<string, { readonly place: Place; readonly record: number }>
}

/** Reads every segment of the folder; changes nothing. `saved` are the positions of deleted segments. */
export async function recover(
  disk: Disk,
  folder: string,
  spoolId: Buffer | undefined,
  saved: ReadonlyMap<string, FilePosition>,
  cursors: ReadonlyMap<string, Cursor>,
): Promise<Recovered> {
  const firsts = (await disk.list(folder)).map(firstSequence).filter(first => first !== undefined)
  const scan = new Scan(disk, spoolId, saved, cursors)
  for (const first of firsts.sort((a, b) => a - b)) await scan.segment(newSegment(folder, first))
  return scan.result()
}

class Scan {
  readonly #disk: Disk
  readonly #spoolId: Buffer | undefined
  readonly #cursors: ReadonlyMap<string, Cursor>
  readonly #segments: Segment[] = []
  readonly #damages: Damage[] = []
  readonly #places = new Map<string, { place: Place; record: number }>()
  readonly #latest: Map<string, FilePosition>
  #beforeGap: Map<string, FilePosition> | undefined
  #lastSequence = 0

  constructor(
    disk: Disk,
    spoolId: Buffer | undefined,
    saved: ReadonlyMap<string, FilePosition>,
    cursors: ReadonlyMap<string, Cursor>,
  ) {
    this.#disk = disk
    this.#spoolId = spoolId
    this.#cursors = cursors
    this.#latest = new Map(saved)
  }

  async segment(segment: Segment): Promise<void> {
    segment.sealed = true
    this.#segments.push(segment)
    const file = await this.#disk.open(segment.path, 'read')
    try {
      const size = await file.size()
      const header = Buffer.alloc(SEGMENT_HEADER_BYTES)
      const read = await file.read(header, 0)
      if (read < SEGMENT_HEADER_BYTES) return this.#damaged(segment, 0, 'torn')
      const id = decodeSegmentHeader(header)
      if (!id || (this.#spoolId && !id.equals(this.#spoolId))) return this.#damaged(segment, 0, 'corrupt')
      await this.#frames(segment, new FrameScanner(file, SEGMENT_HEADER_BYTES, true), size)
    } catch {
      this.#damaged(segment, segment.end, 'corrupt')
    } finally {
      await file.close()
    }
  }

  async #frames(segment: Segment, scanner: FrameScanner, size: number): Promise<void> {
    segment.end = SEGMENT_HEADER_BYTES
    for (;;) {
      const scanned: Scanned = await scanner.next(size)
      if (scanned.kind === 'end') return
      if (scanned.kind !== 'frame') return this.#damaged(segment, scanned.at, scanned.kind)
      if (scanned.head.sequence < segment.first || scanned.head.sequence <= this.#lastSequence) {
        return this.#damaged(segment, scanned.from, 'corrupt')
      }
      this.#frame(segment, scanned.head, scanned.from)
      segment.end = scanned.to
    }
  }

  #frame(segment: Segment, { sequence, count, origin }: FrameHead, from: number): void {
    for (const [reader, cursor] of this.#cursors) {
      if (this.#places.has(reader) || sequence < cursor.sequence) continue
      const place = { segment, offset: from, records: segment.records, sequence }
      this.#places.set(reader, { place, record: sequence === cursor.sequence ? cursor.record : 0 })
    }
    this.#lastSequence = sequence
    segment.frames++
    segment.records += count
    notePosition(segment, origin.position, origin.path)
    if (!origin.position) return
    this.#latest.delete(origin.position.file)
    this.#latest.set(origin.position.file, { ...origin.position, path: origin.path })
  }

  #damaged(segment: Segment, at: number, kind: Damage['kind']): void {
    this.#damages.push({ segment, at, kind })
    this.#beforeGap ??= new Map(this.#latest)
  }

  result(): Recovered {
    const newest = this.#segments.findLast(segment => segment.frames > 0)
    const damages = this.#damages.map(damage =>
      damage.kind === 'torn' && newest && damage.segment.first < newest.first && damage.at > 0
        ? { ...damage, kind: 'corrupt' as const }
        : damage,
    )
    const kept = this.#segments.filter(segment => segment.frames > 0)
    for (const { segment } of damages) if (segment.frames > 0) segment.held = true
    const positions = this.#beforeGap ?? this.#latest
    return {
      segments: kept,
      nextSequence: this.#lastSequence + 1,
      damages,
      positions,
      resets: this.#resets(positions),
      places: this.#places,
    }
  }

  #resets(sound: ReadonlyMap<string, FilePosition>): Map<string, FilePosition> {
    const resets = new Map<string, FilePosition>()
    for (const [file, { offset, mark, path }] of this.#latest) {
      const safe = sound.get(file)
      if (safe?.offset !== offset || safe.mark !== mark) resets.set(file, safe ?? { file, offset: 0, path })
    }
    return resets
  }
}
