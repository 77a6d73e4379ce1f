const STAR = 0x2a
const SLASH = 0x2f

/**
 * Text with stars. In a path or an identity `*` stands for text within one segment, `**` for any text, and a star at
 * the very end for all that follows: `/api/*` holds `/api/` and `/api/a/b`, `spiffe://*` every identity. In a plain
 * text (a host, a header's value, a claim) every star stands for any text. Nothing else is special; case counts.
 */
export interface Glob {
  readonly text: string
  /** Time grows with the product of the lengths at worst, never faster. Allocates nothing. */
  matches(value: string): boolean
}

export function pathGlob(text: string): Glob {
  return compile(text, true)
}

export function textGlob(text: string): Glob {
  return compile(text, false)
}

export function anyMatches(globs: readonly Glob[], value: string): boolean {
  for (let at = 0; at < globs.length; at++) if (globs[at]!.matches(value)) return true
  return false
}

/** Most patterns are one of the three simple forms, which need no search. */
function compile(text: string, segments: boolean): Glob {
  const star = text.indexOf('*')
  if (star === -1) return { text, matches: value => value === text }
  if (/^[^*]*\*+$/.test(text)) {
    const prefix = text.slice(0, star)
    return { text, matches: value => value.startsWith(prefix) }
  }
  if (/^\*+[^*]*$/.test(text) && (!segments || text.startsWith('**'))) {
    const suffix = text.slice(text.lastIndexOf('*') + 1)
    return { text, matches: value => value.endsWith(suffix) }
  }
  return { text, matches: value => search(text, value, segments) }
}

/** Goes back to the last star when the text behind it does not fit, and from there to the last star that may pass a slash. */
function search(pattern: string, value: string, segments: boolean): boolean {
  let at = 0
  let from = 0
  let oneAt = -1
  let oneFrom = 0
  let anyAt = -1
  let anyFrom = 0
  for (;;) {
    if (at < pattern.length && pattern.charCodeAt(at) === STAR) {
      const behind = afterStars(pattern, at)
      if (behind === pattern.length) return true
      if (segments && behind - at === 1) {
        oneAt = behind
        oneFrom = from
      } else {
        anyAt = behind
        anyFrom = from
        oneAt = -1
      }
      at = behind
      continue
    }
    if (from === value.length ? at === pattern.length : pattern.charCodeAt(at) === value.charCodeAt(from)) {
      if (from === value.length) return true
      at++
      from++
      continue
    }
    if (oneAt !== -1 && oneFrom < value.length && value.charCodeAt(oneFrom) !== SLASH) {
      at = oneAt
      from = ++oneFrom
    } else if (anyAt !== -1 && anyFrom < value.length) {
      oneAt = -1
      at = anyAt
      from = ++anyFrom
    } else return false
  }
}

function afterStars(pattern: string, at: number): number {
  while (at < pattern.length && pattern.charCodeAt(at) === STAR) at++
  return at
}
