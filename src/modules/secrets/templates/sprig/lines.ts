const MARK = '...'

/** At most `width` bytes of a text, from about `offset` on, with dots where something is left out. */
export function abbreviate(bytes: string, offset: number, width: number): string {
  if (bytes.length <= width) return bytes
  const room = width - MARK.length
  const from = Math.min(offset, bytes.length, Math.max(0, bytes.length - room))
  if (from <= 4) return bytes.slice(0, room) + MARK
  if (from + room < bytes.length) return MARK + abbreviate(bytes.slice(from), 0, room)
  return MARK + bytes.slice(-room)
}

export interface Wrapping {
  readonly width: number
  readonly separator: string
  /** Words that are longer than a line are cut; else they stand out. */
  readonly cutWords: boolean
}

/** Lines of at most so many bytes, broken at blanks; blanks at the beginning of a line are left out. */
export function wrap(bytes: string, { width, separator, cutWords }: Wrapping): string {
  const most = Math.max(1, width)
  const lines: string[] = []
  let at = 0
  while (bytes.length - at > most) {
    if (bytes[at] === ' ') {
      at++
      continue
    }
    const blank = bytes.slice(at, at + most + 1).lastIndexOf(' ')
    if (blank >= 0) {
      lines.push(bytes.slice(at, at + blank))
      at += blank + 1
    } else if (cutWords) {
      lines.push(bytes.slice(at, at + most))
      at += most
    } else {
      const next = bytes.indexOf(' ', at + most)
      if (next < 0) break
      lines.push(bytes.slice(at, next))
      at = next + 1
    }
  }
  return [...lines, bytes.slice(at)].join(separator)
}
