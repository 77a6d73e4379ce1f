import type { Segment } from './segment.ts'
import type { Segments } from './segments.ts'

/** A point between two frames. */
export interface Place {
  /** Without it: before the oldest segment. */
  readonly segment: Segment | undefined
  readonly offset: number
  /** Records of this segment before the point. */
  readonly records: number
  /** No frame behind the point has a lower sequence. */
  readonly sequence: number
}

/** What lies behind a point. */
export function behind(place: Place, segments: Segments): { records: number; bytes: number } {
  let records = 0 - place.records
  let bytes = 0 - place.offset
  for (const segment of segments.all) {
    if (place.segment && segment.first < place.segment.first) continue
    records += segment.records
    bytes += segment.end
  }
  if (place.segment && !segments.all.includes(place.segment)) {
    records += place.records
    bytes += place.offset
  }
  return { records, bytes }
}

/** Whether all of the segment lies before the point. */
export function isPast(place: Place, segment: Segment): boolean {
  if (!place.segment) return false
  return place.segment === segment ? place.offset >= segment.end : place.segment.first > segment.first
}
