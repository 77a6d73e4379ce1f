import type { ValueSpan } from '../../../wire/json/value.ts'

/** A value's text as it is written, in a buffer of its own: what is lent to a record must not change. */
export function rawOf({ bytes, start, end }: ValueSpan): Buffer {
  return Buffer.from(bytes.subarray(start, end))
}
