import type { Slice } from '../batch.ts'

/** How many records the slices hold. */
export function countRecords(slices: readonly Slice[]): number {
  let count = 0
  for (const slice of slices) count += slice.to - slice.from
  return count
}

/** The bytes of all their records, without what stands between them. */
export function countBytes(slices: readonly Slice[]): number {
  let bytes = 0
  for (const { frame, from, to } of slices) {
    const { starts, ends } = frame.batch
    for (let i = from; i < to; i++) bytes += ends[i] - starts[i]
  }
  return bytes
}

/**
 * The records at these places, counted over all slices from 0, as slices again.
 * `ordinals` ascend; neighbours become one slice.
 */
export function selectRecords(slices: readonly Slice[], ordinals: readonly number[]): Slice[] {
  const selected: Slice[] = []
  let at = 0
  let first = 0
  for (const { frame, from, to } of slices) {
    const last = first + to - from
    while (at < ordinals.length && ordinals[at] < last) {
      const begin = ordinals[at]
      let end = begin + 1
      while (++at < ordinals.length && ordinals[at] === end && end < last) end++
      selected.push({ frame, from: from + begin - first, to: from + end - first })
    }
    first = last
  }
  return selected
}
