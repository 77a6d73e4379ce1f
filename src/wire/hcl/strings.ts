/** The value of a quoted string, given without its quotes; undefined when an escape is none. Inside `${…}` nothing is escaped. */
export function unquote(inner: string): string | undefined {
  if (!inner.includes('\\')) return inner
  let value = ''
  for (let at = 0; at < inner.length; ) {
    const end = interpolationEnd(inner, at)
    if (end > at) {
      value += inner.slice(at, end)
      at = end
      continue
    }
    if (inner[at] !== '\\') {
      value += inner[at++]
      continue
    }
    const escaped = escapeAt(inner, at)
    if (escaped === undefined) return undefined
    value += escaped.value
    at += escaped.length
  }
  return value
}

/** Where an interpolation that begins at `at` ends; `at` itself when none begins there. */
export function interpolationEnd(text: string, at: number): number {
  if (text[at] !== '$' || text[at + 1] !== '{') return at
  let braces = 1
  let end = at + 2
  for (; end < text.length && braces > 0; end++) {
    if (text[end] === '{') braces++
    else if (text[end] === '}') braces--
  }
  return end
}

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
}

const CODES = [/^\\x([0-9a-fA-F]{2})/, /^\\u([0-9a-fA-F]{4})/, /^\\U([0-9a-fA-F]{8})/]

function escapeAt(text: string, at: number): { value: string; length: number } | undefined {
  const simple = SIMPLE[text[at + 1] ?? '']
  if (simple !== undefined) return { value: simple, length: 2 }
  const octal = /^\\([0-3][0-7]{2})/.exec(text.slice(at, at + 4))
  if (octal) return { value: String.fromCharCode(Number.parseInt(octal[1]!, 8)), length: 4 }
  for (const pattern of CODES) {
    const match = pattern.exec(text.slice(at, at + 10))
    if (!match) continue
    const code = Number.parseInt(match[1]!, 16)
    const isCharacter = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
    return isCharacter ? { value: String.fromCodePoint(code), length: match[0].length } : undefined
  }
  return undefined
}

/**
 * What a heredoc holds. With `<<-` the indentation of its last line, the anchor's, is taken from every line, unless one
 * has less: then all stays as it is.
 */
export function heredocValue(body: string, anchorIndent: string, isIndented: boolean): string {
  if (!isIndented) return body + anchorIndent
  const lines = body.split('\n')
  if (!lines.slice(0, -1).every(line => line.startsWith(anchorIndent))) return body
  return lines.map(line => line.slice(anchorIndent.length)).join('\n')
}
