import { HclError, type HclItem, type HclObject, type HclPlace, type HclValue, MAX_DEPTH } from './tree.ts'

/** Reads the JSON form of HCL: an object. Throws HclError at the first mistake. */
export function parseJsonForm(text: string): HclObject {
  return new JsonReader(text).file()
}

const SPACE = /[ \t\n\r]+/y
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const SCALAR = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z.])|(?:true|false|null)\b/y

class JsonReader {
  readonly #text: string
  #at = 0
  #line = 1
  #lineStart = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text.replace(/^\ufeff/, '')
  }

  file(): HclObject {
    this.#skipSpace()
    const object = this.#object()
    if (this.#at < this.#text.length) throw this.#unexpected('nothing more')
    return object
  }

  #value(): HclValue {
    const char = this.#text[this.#at]
    if (char === '{') return this.#object()
    if (char === '[') return this.#list()
    const place = this.#place()
    if (char === '"') return { kind: 'string', value: this.#string(), place }
    const text = this.#match(SCALAR)
    if (text === undefined) throw this.#unexpected('a value')
    this.#skipSpace()
    if (text === 'null') return { kind: 'null', place }
    if (text === 'true' || text === 'false') return { kind: 'boolean', value: text === 'true', place }
    const value = Number(text)
    if (!Number.isFinite(value)) throw new HclError(place, `${text} is too large for a number`)
    return { kind: 'number', value, text, place }
  }

  #object(): HclObject {
    const place = this.#place()
    const items: HclItem[] = []
    const seen = new Map<string, HclPlace>()
    this.#enter()
    while (!this.#ends('}', items.length)) {
      const at = this.#place()
      if (this.#text[this.#at] !== '"') throw this.#unexpected('a name in quotes')
      const text = this.#string()
      const before = seen.get(text)
      if (before !== undefined)
        throw new HclError(
          at,
          `"${text}" is given a second time`,
          `remove one; the other is at ${before.line}:${before.column}`,
        )
      seen.set(text, at)
      if (this.#text[this.#at] !== ':') throw this.#unexpected('":"')
      this.#take()
      items.push({ keys: [{ text, place: at }], value: this.#value() })
    }
    this.#depth--
    return { kind: 'object', items, place }
  }

  #list(): HclValue {
    const place = this.#place()
    const values: HclValue[] = []
    this.#enter()
    while (!this.#ends(']', values.length)) values.push(this.#value())
    this.#depth--
    return { kind: 'list', values, place }
  }

  /** Whether the closing bracket comes; otherwise, after the first element, the comma before the next one. */
  #ends(bracket: '}' | ']', elements: number): boolean {
    if (this.#text[this.#at] === bracket) {
      this.#take()
      return true
    }
    if (elements === 0) return false
    if (this.#text[this.#at] !== ',') throw this.#unexpected(`"," or "${bracket}"`)
    this.#take()
    if (this.#text[this.#at] === bracket)
      throw new HclError(this.#place(), `a comma stands before "${bracket}"`, 'JSON has none there')
    return false
  }

  #string(): string {
    const place = this.#place()
    const text = this.#match(STRING)
    if (text === undefined)
      throw new HclError(place, 'the string is not closed, or holds what JSON has to escape')
    this.#skipSpace()
    return JSON.parse(text) as string
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) throw new HclError(this.#place(), 'it is nested too deeply')
    this.#take()
  }

  #take(): void {
    this.#at++
    this.#skipSpace()
  }

  #skipSpace(): void {
    const start = this.#at
    this.#match(SPACE)
    for (let newline = this.#text.indexOf('\n', start); newline >= 0 && newline < this.#at; ) {
      this.#line++
      this.#lineStart = newline + 1
      newline = this.#text.indexOf('\n', newline + 1)
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)?.[0]
    this.#at += match?.length ?? 0
    return match
  }

  #place(): HclPlace {
    return { line: this.#line, column: this.#at - this.#lineStart + 1 }
  }

  #unexpected(expected: string): HclError {
    const char = this.#text.codePointAt(this.#at)
    const got = char === undefined ? 'the end of the file' : JSON.stringify(String.fromCodePoint(char))
    return new HclError(this.#place(), `expected ${expected}, got ${got}`)
  }
}
