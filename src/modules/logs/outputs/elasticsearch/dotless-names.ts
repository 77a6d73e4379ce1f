const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const DOT = 0x2e
const UNDERSCORE = 0x5f

/** Puts underscores for the dots in all names of the JSON text in `bytes` from `start` to `end`, in place. */
export function replaceDots(bytes: Buffer, start: number, end: number): void {
  for (let at = start; at < end; ) {
    if (bytes[at] !== QUOTE) {
      at++
      continue
    }
    const close = endOfString(bytes, at, end)
    let behind = close + 1
    while (behind < end && bytes[behind] <= 0x20) behind++
    if (bytes[behind] === COLON && behind < end)
      for (let i = at + 1; i < close; i++) if (bytes[i] === DOT) bytes[i] = UNDERSCORE
    at = behind
  }
}

function endOfString(bytes: Buffer, open: number, end: number): number {
  let at = open + 1
  while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return Math.min(at, end)
}
