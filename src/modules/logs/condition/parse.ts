import { compilePattern } from '../../../kernel/pattern.ts'
import type { CompareOp, Condition, FieldPath, Scalar } from './ast.ts'
import { readFieldPath } from './field.ts'
import { type Mistake, nextToken, type Token } from './tokens.ts'

/** A parsed condition, or one line that says where it went wrong: `column 9: expected a value, got ")"`. */
export type ParsedCondition =
  | { readonly condition: Condition }
  | { readonly problem: string; readonly column: number }

/** How deep a condition may be nested. */
const MAX_DEPTH = 64
const COMPARISONS: Readonly<Record<string, CompareOp>> = {
  '=': '==',
  '==': '==',
  '!=': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
}
const WORDS_OF_VALUES = new Map<string, Scalar>([
  ['true', true],
  ['false', false],
  ['null', null],
])
const RESERVED = new Set(['and', 'or', 'not', 'in', 'matches', 'contains', ...WORDS_OF_VALUES.keys()])

/**
 * Parses a condition such as `status >= 500 and not (path matches "^/health" or level in ["debug", "trace"])`.
 *
 * `or` binds weaker than `and`, `and` weaker than `not`; `||`, `&&`, `!` and `=` are other spellings.
 * A field is a dotted path, with segments in quotes where they have dots or blanks: `labels."app.kubernetes.io/name"`.
 * `any("^k8s_")` asks for a name, `any("^k8s_") matches "x"` and `all("^k8s_") matches "x"` for the values of fields so
 * named.
 * Values are text in single or double quotes, numbers, true, false and null.
 */
export function parseCondition(source: string): ParsedCondition {
  try {
    return { condition: new Parser(source).whole() }
  } catch (error) {
    if (!(error instanceof Unexpected)) throw error
    const { at, expected, got } = error.mistake
    return { problem: `column ${at + 1}: expected ${expected}, got ${got}`, column: at + 1 }
  }
}

/** Carries a mistake out of the recursion; never leaves this file. */
class Unexpected extends Error {
  readonly mistake: Mistake
  constructor(mistake: Mistake) {
    super(mistake.expected)
    this.mistake = mistake
  }
}

class Parser {
  readonly #source: string
  #token!: Token
  #depth = 0

  constructor(source: string) {
    this.#source = source
    this.#moveTo(0)
  }

  whole(): Condition {
    if (this.#atEnd()) this.#expected('a condition')
    const condition = this.#or()
    if (!this.#atEnd()) this.#expected('"and", "or" or the end')
    return condition
  }

  #or(): Condition {
    return this.#chain('or', '||', () => this.#chain('and', '&&', () => this.#not()))
  }

  #chain(kind: 'and' | 'or', symbol: string, item: () => Condition): Condition {
    const items = [item()]
    while (this.#takes('word', kind) || this.#takes('symbol', symbol)) items.push(item())
    return items.length === 1 ? items[0] : { kind, items }
  }

  #not(): Condition {
    if (!this.#takes('word', 'not') && !this.#takes('symbol', '!')) return this.#primary()
    return this.#nested(() => ({ kind: 'not', item: this.#not() }))
  }

  #primary(): Condition {
    if (this.#takes('symbol', '(')) {
      const inner = this.#nested(() => this.#or())
      this.#require(')')
      return inner
    }
    const token = this.#token
    if (token.kind === 'word' && token.text === 'exists' && /^\s*\(/.test(this.#source.slice(token.end))) {
      this.#next()
      this.#require('(')
      const field = this.#field()
      this.#require(')')
      return { kind: 'exists', field }
    }
    if (
      token.kind === 'word' &&
      (token.text === 'any' || token.text === 'all') &&
      /^\s*\(/.test(this.#source.slice(token.end))
    ) {
      this.#next()
      return this.#names(token.text)
    }
    return this.#test(this.#field())
  }

  /** Behind `any` or `all`: a pattern of names in brackets, then `matches` with the pattern of their values, which `all` needs. */
  #names(kind: 'any' | 'all'): Condition {
    this.#require('(')
    const names = this.#pattern()
    this.#require(')')
    const hasValues = this.#takes('word', 'matches')
    if (kind === 'any') return { kind, pattern: names, ...(hasValues && { values: this.#pattern() }) }
    if (!hasValues) this.#expected('matches')
    return { kind, names, values: this.#pattern() }
  }

  #test(field: FieldPath): Condition {
    const operator = this.#token
    if (operator.kind === 'symbol' && Object.hasOwn(COMPARISONS, operator.text)) {
      this.#next()
      return { kind: 'compare', field, op: COMPARISONS[operator.text], value: this.#value() }
    }
    if (this.#takes('word', 'matches')) return { kind: 'matches', field, pattern: this.#pattern() }
    if (this.#takes('word', 'contains'))
      return { kind: 'contains', field, text: this.#text('a text in quotes') }
    if (this.#takes('word', 'in')) return { kind: 'in', field, values: this.#values() }
    return this.#expected('one of == != < <= > >= matches contains in')
  }

  #field(): FieldPath {
    const { kind, text, at } = this.#token
    if (
      (kind !== 'word' && kind !== 'text' && kind !== 'number') ||
      (kind === 'word' && RESERVED.has(text))
    ) {
      return this.#expected('a field')
    }
    const parsed = readFieldPath(this.#source, at)
    if ('problem' in parsed) throw this.#mistake(parsed.at, 'the name of a field')
    this.#moveTo(parsed.end)
    return parsed.field
  }

  #value(): Scalar {
    const token = this.#token
    if (token.kind === 'number') {
      this.#next()
      return token.value
    }
    const word = token.kind === 'word' ? WORDS_OF_VALUES.get(token.text) : undefined
    if (word === undefined) return this.#text('a value: text in quotes, a number, true, false or null')
    this.#next()
    return word
  }

  #values(): Scalar[] {
    this.#require('[')
    const values = [this.#value()]
    while (this.#takes('symbol', ',')) values.push(this.#value())
    if (!this.#takes('symbol', ']')) this.#expected('"," or "]"')
    return values
  }

  #pattern(): string {
    const { at } = this.#token
    const source = this.#text('a regular expression in quotes')
    const pattern = compilePattern(source)
    if ('reason' in pattern) {
      const got = `${JSON.stringify(source)} (${pattern.reason})`
      throw new Unexpected({ at, expected: 'a regular expression', got })
    }
    return source
  }

  #text(expected: string): string {
    const token = this.#token
    if (token.kind !== 'text') return this.#expected(expected)
    this.#next()
    return token.text
  }

  #nested(parse: () => Condition): Condition {
    if (++this.#depth > MAX_DEPTH) this.#expected(`at most ${MAX_DEPTH} levels of nesting`)
    const condition = parse()
    this.#depth--
    return condition
  }

  #require(symbol: string): void {
    if (!this.#takes('symbol', symbol)) this.#expected(`"${symbol}"`)
  }

  #takes(kind: Token['kind'], text: string): boolean {
    if (this.#token.kind !== kind || this.#token.text !== text) return false
    this.#next()
    return true
  }

  #atEnd(): boolean {
    return this.#token.kind === 'end'
  }

  #next(): void {
    this.#moveTo(this.#token.end)
  }

  #moveTo(at: number): void {
    const token = nextToken(this.#source, at)
    if ('expected' in token) throw new Unexpected(token)
    this.#token = token
  }

  #expected(expected: string): never {
    throw this.#mistake(this.#token.at, expected)
  }

  #mistake(at: number, expected: string): Unexpected {
    const rest = nextToken(this.#source, at)
    const text = this.#source.slice(at, 'expected' in rest ? at + 1 : rest.end)
    return new Unexpected({
      at,
      expected,
      got: text === '' ? 'the end' : /^["']/.test(text) ? text : `"${text}"`,
    })
  }
}
