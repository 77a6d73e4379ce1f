/** `on`, `true`, `yes`, `1` and their opposites, in any case; undefined for all else. */
export function readBoolean(text: string): boolean | undefined {
  const word = text.trim().toLowerCase()
  if (['on', 'true', 'yes', '1'].includes(word)) return true
  if (['off', 'false', 'no', '0'].includes(word)) return false
  return undefined
}

const SIZE = /^(\d+(?:\.\d+)?)\s*([kmg]?)b?$/i
const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, k: 1000, m: 1000 ** 2, g: 1000 ** 3 }

/** `32k`, `5MB`, `1G`, `4096` → bytes; a k is 1000 bytes. Undefined for all else. */
export function readSize(text: string): number | undefined {
  const parts = SIZE.exec(text.trim())
  if (parts === null) return undefined
  const bytes = Math.round(Number(parts[1]) * SIZE_UNITS[parts[2].toLowerCase()])
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

const TIME = /^(\d+(?:\.\d+)?)\s*(|s|m|h|d|ms|sec|secs|seconds?|min|minutes?|hours?|days?)$/i
const TIME_UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `5`, `5s`, `1m`, `10h`, `2d`, `0.5` → milliseconds; a bare number counts seconds. Undefined for all else. */
export function readTime(text: string): number | undefined {
  const parts = TIME.exec(text.trim())
  if (parts === null) return undefined
  const unit = parts[2].toLowerCase()
  const factor = unit === 'ms' ? 1 : TIME_UNITS[unit.charAt(0) || 's']
  const ms = Math.round(Number(parts[1]) * factor)
  return Number.isSafeInteger(ms) ? ms : undefined
}

/** Separated by commas; blanks around them do not count. */
export function readCommaList(text: string): string[] {
  return text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
}

/**
 * Words separated by blanks, at most `limit` of them: the last takes all that is left. A word in double quotes may hold
 * blanks; \" and \\ stand for themselves in it.
 */
export function readWords(text: string, limit = Number.POSITIVE_INFINITY): string[] {
  const words: string[] = []
  let rest = text.trim()
  while (rest !== '') {
    if (words.length === limit - 1) {
      words.push(unquoted(rest))
      break
    }
    const quoted = /^"((?:[^"\\]|\\.)*)"(?:\s+|$)/s.exec(rest)
    if (quoted) {
      words.push(unescaped(quoted[1]))
      rest = rest.slice(quoted[0].length)
      continue
    }
    const [word] = /^\S+/.exec(rest)!
    words.push(word)
    rest = rest.slice(word.length).trimStart()
  }
  return words
}

/** `"…"` without its quotes, when they enclose all of it. */
export function unquoted(text: string): string {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/s.exec(text)
  return quoted ? unescaped(quoted[1]) : text
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(["\\])/g, '$1')
}
