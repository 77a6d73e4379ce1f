import { quoteUnknown } from './quote.ts'

/** Kinds of tokens, by Go's text/template/parse. */
export type TokenKind =
  | 'error'
  | 'bool'
  | 'char'
  | 'charConstant'
  | 'comment'
  | 'complex'
  | 'assign'
  | 'declare'
  | 'eof'
  | 'field'
  | 'identifier'
  | 'leftDelim'
  | 'leftParen'
  | 'number'
  | 'pipe'
  | 'rawString'
  | 'rightDelim'
  | 'rightParen'
  | 'space'
  | 'string'
  | 'text'
  | 'variable'
  | 'dot'
  | 'nil'
  | Keyword

export type Keyword =
  | 'block'
  | 'break'
  | 'continue'
  | 'define'
  | 'else'
  | 'end'
  | 'if'
  | 'range'
  | 'template'
  | 'with'

export interface Token {
  readonly kind: TokenKind
  readonly text: string
  /** In characters from the beginning of the whole template. */
  readonly position: number
  readonly line: number
}

const KEYWORDS: ReadonlySet<string> = new Set<Keyword>([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
])

const SPACES = ' \t\r\n'
const isSpace = (char: string | undefined) => char !== undefined && SPACES.includes(char)
const ALPHANUMERIC = /[_\p{L}\p{Nd}]/u

export interface LexOptions {
  readonly left: string
  readonly right: string
  /** False when a function of that name takes the keyword's place. */
  readonly breakOK: boolean
  readonly continueOK: boolean
}

/** Cuts a template into tokens, one a call. Comments are left out. After an error there is only the end. */
export class Lexer {
  readonly #text: string
  readonly #options: LexOptions
  #position = 0
  #start = 0
  #line = 1
  #startLine = 1
  #parentheses = 0
  #inAction = false
  #failed = false

  constructor(text: string, options: LexOptions) {
    this.#text = text
    this.#options = options
  }

  next(): Token {
    if (this.#failed) return this.#token('eof')
    return this.#inAction ? this.#action() : this.#outside()
  }

  /** The token from `#start` to `#position`, after which the next one begins. */
  #token(kind: TokenKind): Token {
    const text = kind === 'eof' ? 'EOF' : this.#text.slice(this.#start, this.#position)
    const token = { kind, text, position: this.#start, line: this.#startLine }
    this.#start = this.#position
    this.#startLine = this.#line
    return token
  }

  #error(message: string): Token {
    this.#failed = true
    return { kind: 'error', text: message, position: this.#start, line: this.#startLine }
  }

  /** Passes over what no token is made of. */
  #ignore(): void {
    for (let at = this.#start; at < this.#position; at++) if (this.#text[at] === '\n') this.#line++
    this.#start = this.#position
    this.#startLine = this.#line
  }

  #countLines(): void {
    for (let at = this.#start; at < this.#position; at++) if (this.#text[at] === '\n') this.#line++
  }

  #outside(): Token {
    for (;;) {
      const { left } = this.#options
      const at = this.#text.indexOf(left, this.#position)
      if (at < 0) {
        this.#position = this.#text.length
        if (this.#position > this.#start) {
          this.#countLines()
          return this.#token('text')
        }
        return this.#token('eof')
      }
      if (at > this.#position) {
        const text = this.#textBefore(at, left)
        if (text !== undefined) return text
      }
      const opened = this.#leftDelim(left)
      if (opened !== undefined) return opened
    }
  }

  #textBefore(at: number, left: string): Token | undefined {
    let end = at
    if (hasLeftTrim(this.#text, at + left.length))
      while (end > this.#start && isSpace(this.#text[end - 1])) end--
    this.#position = end
    this.#countLines()
    const token = this.#token('text')
    this.#position = at
    this.#ignore()
    return token.text === '' ? undefined : token
  }

  /** Undefined when it was a comment. */
  #leftDelim(left: string): Token | undefined {
    this.#position += left.length
    const afterMarker = hasLeftTrim(this.#text, this.#position) ? 2 : 0
    if (this.#text.startsWith('/*', this.#position + afterMarker)) {
      this.#position += afterMarker
      this.#ignore()
      return this.#comment()
    }
    const token = this.#token('leftDelim')
    this.#inAction = true
    this.#position += afterMarker
    this.#ignore()
    this.#parentheses = 0
    return token
  }

  #comment(): Token | undefined {
    const end = this.#text.indexOf('*/', this.#position + 2)
    if (end < 0) return this.#error('unclosed comment')
    this.#position = end + 2
    const closing = this.#rightDelimAt(this.#position)
    if (closing === undefined) return this.#error('comment ends before closing delimiter')
    this.#position += closing.length
    if (closing.trims) while (isSpace(this.#text[this.#position])) this.#position++
    this.#ignore()
    return undefined
  }

  #rightDelimAt(position: number): { readonly length: number; readonly trims: boolean } | undefined {
    const { right } = this.#options
    if (hasRightTrim(this.#text, position) && this.#text.startsWith(right, position + 2))
      return { length: right.length + 2, trims: true }
    return this.#text.startsWith(right, position) ? { length: right.length, trims: false } : undefined
  }

  #rightDelim(trims: boolean): Token {
    if (trims) {
      this.#position += 2
      this.#ignore()
    }
    this.#position += this.#options.right.length
    const token = this.#token('rightDelim')
    if (trims) {
      while (isSpace(this.#text[this.#position])) this.#position++
      this.#ignore()
    }
    this.#inAction = false
    return token
  }

  #action(): Token {
    const closing = this.#rightDelimAt(this.#position)
    if (closing !== undefined)
      return this.#parentheses === 0 ? this.#rightDelim(closing.trims) : this.#error('unclosed left paren')
    const char = this.#char()
    if (char === '') return this.#error('unclosed action')
    if (isSpace(char)) return this.#space()
    this.#position += char.length
    switch (char) {
      case '=':
        return this.#token('assign')
      case ':':
        if (this.#char() !== '=') return this.#error('expected :=')
        this.#position++
        return this.#token('declare')
      case '|':
        return this.#token('pipe')
      case '"':
        return this.#quoted('"', 'string', 'unterminated quoted string')
      case '`':
        return this.#raw()
      case '$':
        return this.#fieldOrVariable('variable')
      case "'":
        return this.#quoted("'", 'charConstant', 'unterminated character constant')
      case '(':
        this.#parentheses++
        return this.#token('leftParen')
      case ')':
        this.#parentheses--
        return this.#parentheses < 0 ? this.#error('unexpected right paren') : this.#token('rightParen')
    }
    if (char === '.' && !/[0-9]/.test(this.#char())) {
      if (this.#position < this.#text.length) return this.#fieldOrVariable('field')
    }
    if (/[.+\-0-9]/.test(char)) {
      this.#position -= char.length
      return this.#number()
    }
    if (ALPHANUMERIC.test(char)) return this.#identifier()
    if (/[\x20-\x7e]/.test(char)) return this.#token('char')
    return this.#error(`unrecognized character in action: ${quoteUnknown(char)}`)
  }

  /** The character at the position; '' at the end. */
  #char(): string {
    const code = this.#text.codePointAt(this.#position)
    return code === undefined ? '' : String.fromCodePoint(code)
  }

  #space(): Token {
    let count = 0
    while (isSpace(this.#text[this.#position])) {
      if (this.#text[this.#position] === '\n') this.#line++
      this.#position++
      count++
    }
    // The last space may belong to a delimiter that trims.
    const last = this.#position - 1
    if (hasRightTrim(this.#text, last) && this.#text.startsWith(this.#options.right, last + 2)) {
      this.#position = last
      if (this.#text[last] === '\n') this.#line--
      if (count === 1) return this.#rightDelim(true)
    }
    return this.#token('space')
  }

  #identifier(): Token {
    this.#alphanumerics()
    if (!this.#atTerminator()) return this.#error(`bad character ${quoteUnknown(this.#char())}`)
    const word = this.#text.slice(this.#start, this.#position)
    if (word === 'nil') return this.#token('nil')
    if (word === 'true' || word === 'false') return this.#token('bool')
    const { breakOK, continueOK } = this.#options
    if (!KEYWORDS.has(word) || (word === 'break' && !breakOK) || (word === 'continue' && !continueOK))
      return this.#token('identifier')
    return this.#token(word as Keyword)
  }

  #fieldOrVariable(kind: 'field' | 'variable'): Token {
    if (this.#atTerminator()) return this.#token(kind === 'variable' ? 'variable' : 'dot')
    this.#alphanumerics()
    if (!this.#atTerminator()) return this.#error(`bad character ${quoteUnknown(this.#char())}`)
    return this.#token(kind)
  }

  #alphanumerics(): void {
    for (let char = this.#char(); char !== '' && ALPHANUMERIC.test(char); char = this.#char())
      this.#position += char.length
  }

  #atTerminator(): boolean {
    const char = this.#char()
    return (
      char === '' ||
      isSpace(char) ||
      '.,|:)('.includes(char) ||
      this.#text.startsWith(this.#options.right, this.#position)
    )
  }

  #quoted(quote: string, kind: TokenKind, unterminated: string): Token {
    for (;;) {
      const char = this.#text[this.#position++]
      if (char === quote) return this.#token(kind)
      if (char === '\\') {
        const escaped = this.#text[this.#position++]
        if (escaped !== undefined && escaped !== '\n') continue
        return this.#error(unterminated)
      }
      if (char === undefined || char === '\n') return this.#error(unterminated)
    }
  }

  #raw(): Token {
    const end = this.#text.indexOf('`', this.#position)
    if (end < 0) return this.#error('unterminated raw quoted string')
    this.#position = end + 1
    this.#countLines()
    return this.#token('rawString')
  }

  #number(): Token {
    const bad = () => {
      const text = this.#text.slice(this.#start, this.#position)
      return this.#error(`bad number syntax: ${JSON.stringify(text)}`)
    }
    if (!this.#scanNumber()) return bad()
    const sign = this.#text[this.#position]
    if (sign !== '+' && sign !== '-') return this.#token('number')
    // A complex number has no spaces, and ends in i.
    if (!this.#scanNumber() || this.#text[this.#position - 1] !== 'i') return bad()
    return this.#token('complex')
  }

  /** Takes what may be a number; whether it is one is for who reads it. */
  #scanNumber(): boolean {
    const accept = (chars: string) => {
      const char = this.#text[this.#position]
      if (char === undefined || !chars.includes(char)) return false
      this.#position++
      return true
    }
    const acceptAll = (chars: string) => {
      while (accept(chars));
    }
    accept('+-')
    let digits = '0123456789_'
    if (accept('0')) {
      if (accept('xX')) digits = '0123456789abcdefABCDEF_'
      else if (accept('oO')) digits = '01234567_'
      else if (accept('bB')) digits = '01_'
    }
    acceptAll(digits)
    if (accept('.')) acceptAll(digits)
    if ((digits.length === 11 && accept('eE')) || (digits.length === 23 && accept('pP'))) {
      accept('+-')
      acceptAll('0123456789_')
    }
    accept('i')
    const next = this.#char()
    if (next === '' || !ALPHANUMERIC.test(next)) return true
    this.#position += next.length
    return false
  }
}

/** A minus with a space behind it. */
function hasLeftTrim(text: string, position: number): boolean {
  return text[position] === '-' && isSpace(text[position + 1])
}

/** A space with a minus behind it. */
function hasRightTrim(text: string, position: number): boolean {
  return isSpace(text[position]) && text[position + 1] === '-'
}
