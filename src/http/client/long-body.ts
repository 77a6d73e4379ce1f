/** What one write may carry: the kernel copies it while the loop waits, over loopback all the way to the receiver. */
const PART_BYTES = 128 * 1024

/** Whether a body would hold the loop for long if it were written at once: 3 MB are some milliseconds. */
export function isLong(buffers: readonly Buffer[]): boolean {
  for (const { length } of buffers) if (length > PART_BYTES) return true
  return false
}

/** The body in parts, with a turn of the loop for everybody else between two of them. */
export async function* inParts(buffers: readonly Buffer[]): AsyncGenerator<Buffer, void, undefined> {
  let first = true
  for (const buffer of buffers) {
    for (let at = 0; at < buffer.length; at += PART_BYTES) {
      if (!first) await new Promise(setImmediate)
      first = false
      yield buffer.subarray(at, at + PART_BYTES)
    }
  }
}
