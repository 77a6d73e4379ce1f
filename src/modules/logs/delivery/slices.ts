import type { Slice } from '../batch.ts'

/** What the records take, gaps between them included. */
export function sliceBytes({ frame, from, to }: Slice): number {
  return from === to ? 0 : frame.batch.ends[to - 1]! - frame.batch.starts[from]!
}

export function totalBytes(slices: readonly Slice[]): number {
  return slices.reduce((sum, slice) => sum + sliceBytes(slice), 0)
}

export function totalRecords(slices: readonly Slice[]): number {
  return slices.reduce((sum, { from, to }) => sum + to - from, 0)
}

/** The first records of the slice that fit, at least one; all of it when all fit. */
export function fitting(slice: Slice, maxRecords: number, maxBytes: number): Slice {
  const { frame, from } = slice
  const { starts, ends } = frame.batch
  const to = Math.min(slice.to, from + Math.max(1, maxRecords))
  const limit = starts[from]! + maxBytes
  if (ends[to - 1]! <= limit) return to === slice.to ? slice : { frame, from, to }
  // The first record that ends behind the limit.
  let low = from
  let high = to - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (ends[middle]! > limit) high = middle
    else low = middle + 1
  }
  return { frame, from, to: Math.max(low, from + 1) }
}

/** Two lists with half of the records each. */
export function halves(slices: readonly Slice[]): [Slice[], Slice[]] {
  let left = totalRecords(slices) >> 1
  const first: Slice[] = []
  const second: Slice[] = []
  for (const { frame, from, to } of slices) {
    const middle = Math.min(to, from + left)
    if (middle > from) first.push({ frame, from, to: middle })
    if (to > middle) second.push({ frame, from: middle, to })
    left -= middle - from
  }
  return [first, second]
}

/** The records of `slices` that are not in `other`. */
export function without(slices: readonly Slice[], other: readonly Slice[]): Slice[] {
  if (other.length === 0) return [...slices]
  const ranges = rangesByFrame(other)
  const left: Slice[] = []
  for (const { frame, from, to } of slices) {
    let at = from
    for (const [start, end] of ranges.get(frame.sequence) ?? []) {
      if (end <= at) continue
      if (start >= to) break
      if (start > at) left.push({ frame, from: at, to: start })
      at = end
    }
    if (at < to) left.push({ frame, from: at, to })
  }
  return left
}

/** The records of `slices` that are in `other` as well. */
export function common(slices: readonly Slice[], other: readonly Slice[]): Slice[] {
  return other.length === 0 ? [] : without(slices, without(slices, other))
}

function rangesByFrame(slices: readonly Slice[]): Map<number, [number, number][]> {
  const ranges = new Map<number, [number, number][]>()
  for (const { frame, from, to } of slices) {
    if (from >= to) continue
    const known = ranges.get(frame.sequence)
    if (known) known.push([from, to])
    else ranges.set(frame.sequence, [[from, to]])
  }
  for (const list of ranges.values()) list.sort((a, b) => a[0] - b[0])
  return ranges
}
