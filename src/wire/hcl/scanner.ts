import { heredocValue, interpolationEnd, unquote } from './strings.ts'
import { HclError, type HclPlace } from './tree.ts'

export type Token =
  | { readonly kind: '{' | '}' | '[' | ']' | ',' | '=' | 'end'; readonly place: HclPlace }
  | { readonly kind: 'identifier' | 'string' | 'heredoc'; readonly value: string; readonly place: HclPlace }
  | { readonly kind: 'boolean'; readonly value: boolean; readonly place: HclPlace }
  | { readonly kind: 'number'; readonly value: number; readonly text: string; readonly place: HclPlace }

const SPACE = /(?:[ \t\n\r]|#[^\n]*|\/\/[^\n]*)+/y
const IDENTIFIER = /[\p{L}_][\p{L}\p{Nd}_.-]*/uy
const NUMBER = /-?(?:0[xX][0-9a-fA-F]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)/y
const ANCHOR = /<<(-?)([\p{L}\p{Nd}_]+)\n/uy

/** The tokens of a text in HCL 1, one a call. Throws HclError. */
export class Scanner {
  readonly #text: string
  #at = 0
  #line = 1
  #lineStart = 0

  constructor(text: string) {
    this.#text = text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n')
    const nul = this.#text.indexOf('\0')
    if (nul < 0) return
    this.#advance(nul)
    throw new HclError(this.#place(), 'there is a NUL character', 'is this a text file?')
  }

  next(): Token {
    this.#skipSpace()
    const place = this.#place()
    const char = this.#text[this.#at]
    if (char === undefined) return { kind: 'end', place }
    switch (char) {
      case '{':
      case '}':
      case '[':
      case ']':
      case ',':
      case '=':
        this.#at++
        return { kind: char, place }
      case '"':
        return { kind: 'string', value: this.#string(), place }
      case '<':
        return { kind: 'heredoc', value: this.#heredoc(), place }
    }
    return this.#word(place) ?? this.#number(place) ?? this.#illegal()
  }

  #word(place: HclPlace): Token | undefined {
    const word = this.#match(IDENTIFIER)?.[0]
    if (word === undefined) return undefined
    this.#at += word.length
    if (word === 'true' || word === 'false') return { kind: 'boolean', value: word === 'true', place }
    return { kind: 'identifier', value: word, place }
  }

  #number(place: HclPlace): Token | undefined {
    const text = this.#match(NUMBER)?.[0]
    if (text === undefined) return undefined
    const value = numberOf(text)
    if (typeof value === 'string') throw new HclError(place, value)
    const rest = /^[\p{L}_.]+/u.exec(this.#text.slice(this.#at + text.length, this.#at + text.length + 20))
    if (rest)
      throw new HclError(
        place,
        `expected a number, got ${text}${rest[0]}`,
        `put it in quotes: "${text}${rest[0]}"`,
      )
    this.#at += text.length
    return { kind: 'number', value, text, place }
  }

  #illegal(): never {
    const shown = JSON.stringify(String.fromCodePoint(this.#text.codePointAt(this.#at)!))
    const hint = this.#text[this.#at] === "'" ? 'strings stand in double quotes' : undefined
    throw new HclError(this.#place(), `unexpected character ${shown}`, hint)
  }

  #string(): string {
    const start = this.#at
    const text = this.#text
    let at = start + 1
    for (;;) {
      const char = text[at]
      if (char === undefined || char === '\n' || char === '\0')
        throw new HclError(
          this.#place(),
          'the string is not closed on its line',
          'close it with ", or use a heredoc: <<EOF',
        )
      if (char === '"') break
      if (char === '\\') at += 2
      else at = Math.max(at + 1, interpolationEnd(text, at))
    }
    const value = unquote(text.slice(start + 1, at))
    if (value === undefined)
      throw new HclError(
        this.#place(),
        'the string has a backslash before something that is no escape',
        'a backslash itself is written \\\\',
      )
    this.#advance(at + 1)
    return value
  }

  #heredoc(): string {
    const anchor = this.#match(ANCHOR)
    if (!anchor)
      throw new HclError(
        this.#place(),
        'expected << or <<-, a word and the end of the line',
        'such as <<EOF; the text ends at a line with that word alone',
      )
    const [opening, dash, word] = anchor
    const start = this.#at + opening.length
    for (let line = start; line <= this.#text.length; ) {
      const newline = this.#text.indexOf('\n', line)
      const end = newline < 0 ? this.#text.length : newline
      const content = this.#text.slice(line, end)
      if (content.trimStart().replace(/\r+$/, '') === word) {
        const indent = content.slice(0, content.length - content.trimStart().length)
        const value = heredocValue(this.#text.slice(start, line), indent, dash === '-')
        this.#advance(end)
        return value
      }
      line = end + 1
    }
    throw new HclError(
      this.#place(),
      `the text that <<${dash}${word} begins does not end`,
      `end it with a line ${word}`,
    )
  }

  #skipSpace(): void {
    for (;;) {
      const space = this.#match(SPACE)?.[0]
      if (space !== undefined) this.#advance(this.#at + space.length)
      else if (this.#text.startsWith('/*', this.#at)) {
        const end = this.#text.indexOf('*/', this.#at + 2)
        if (end < 0) throw new HclError(this.#place(), 'the comment is not closed', 'close it with */')
        this.#advance(end + 2)
      } else return
    }
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    return pattern.exec(this.#text)
  }

  #place(): HclPlace {
    return { line: this.#line, column: this.#at - this.#lineStart + 1 }
  }

  #advance(to: number): void {
    for (let newline = this.#text.indexOf('\n', this.#at); newline >= 0 && newline < to; ) {
      this.#line++
      this.#lineStart = newline + 1
      newline = this.#text.indexOf('\n', newline + 1)
    }
    this.#at = to
  }
}

/** The number, or why it is none. A leading 0 means octal. */
function numberOf(text: string): number | string {
  const digits = text.replace(/^-/, '')
  const sign = digits === text ? 1 : -1
  if (/[.eE]/.test(digits) && !/^0[xX]/.test(digits)) {
    const value = Number(text)
    return Number.isFinite(value) ? value : `${text} is too large for a number`
  }
  const isOctal = /^0[0-9]/.test(digits)
  if (isOctal && /[89]/.test(digits)) return `${text} begins with 0 and is no octal number`
  const whole = BigInt(isOctal ? `0o${digits.slice(1)}` : digits.toLowerCase())
  const limit = 2n ** 63n - (sign === 1 ? 1n : 0n)
  return whole > limit ? `${text} is too large for a number` : sign * Number(whole)
}
