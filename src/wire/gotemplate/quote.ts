const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
}

/** What Go prints as it is: letters, marks, numbers, punctuation, symbols, and the space. */
const PRINTABLE = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u

/** As strconv.Quote: in double quotes, with escapes for what is not printed. `asciiOnly`: as strconv.QuoteToASCII. */
export function quote(text: string, asciiOnly = false, mark = '"'): string {
  let quoted = mark
  for (const char of text) quoted += quotedChar(char, mark, asciiOnly)
  return quoted + mark
}

function quotedChar(char: string, mark: string, asciiOnly: boolean): string {
  if (char === mark) return `\\${char}`
  const escaped = ESCAPES[char]
  if (escaped !== undefined) return escaped
  const code = char.codePointAt(0)!
  if (PRINTABLE.test(char) && (!asciiOnly || code < 0x7f) && !isSurrogate(code)) return char
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`
  if (isSurrogate(code)) return '\\ufffd'
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`
}

/** As `%#U`: the code point and, where it can be printed, the character itself. */
export function quoteUnknown(char: string): string {
  if (char === '') return 'U+FFFFFFFFFFFFFFFF'
  const code = char.codePointAt(0)!
  const point = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  return PRINTABLE.test(char) ? `${point} '${char}'` : point
}

export function isPrintable(char: string): boolean {
  return PRINTABLE.test(char)
}

const SIMPLE: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
}

/** As strconv.Unquote, of a literal with its quotes. Undefined when it is none. */
export function unquote(literal: string): string | undefined {
  const mark = literal[0]
  const inner = literal.slice(1, -1)
  if (mark === '`') return inner.replaceAll('\r', '')
  if (!inner.includes('\\')) return inner.includes(mark!) ? undefined : inner
  const bytes: number[] = []
  const encoder = new TextEncoder()
  for (let at = 0; at < inner.length; ) {
    const char = String.fromCodePoint(inner.codePointAt(at)!)
    at += char.length
    if (char !== '\\') {
      bytes.push(...encoder.encode(char))
      continue
    }
    const sequence = /^(?:[abfnrtv\\'"]|[0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/.exec(
      inner.slice(at),
    )?.[0]
    if (sequence === undefined) return undefined
    at += sequence.length
    const taken = escaped(sequence, mark!)
    if (taken === undefined) return undefined
    if (typeof taken === 'number') bytes.push(taken)
    else bytes.push(...encoder.encode(taken))
  }
  return new TextDecoder().decode(new Uint8Array(bytes))
}

/** A byte, or a character. Undefined where Go refuses it. */
function escaped(sequence: string, mark: string): number | string | undefined {
  const [kind] = sequence
  if (sequence.length === 1) {
    if (kind === "'" || kind === '"') return kind === mark ? kind : undefined
    return SIMPLE[kind!]
  }
  if (kind === 'x') return Number.parseInt(sequence.slice(1), 16)
  if (kind === 'u' || kind === 'U') {
    const code = Number.parseInt(sequence.slice(1), 16)
    return code > 0x10ffff || isSurrogate(code) ? undefined : String.fromCodePoint(code)
  }
  const octal = Number.parseInt(sequence, 8)
  return octal > 255 ? undefined : octal
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff
}

function hex(code: number, width: number): string {
  return code.toString(16).padStart(width, '0')
}
