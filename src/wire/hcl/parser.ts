import { parseJsonForm } from './json.ts'
import { Scanner, type Token } from './scanner.ts'
import {
  HclError,
  type HclItem,
  type HclKey,
  type HclObject,
  type HclPlace,
  type HclValue,
  MAX_DEPTH,
} from './tree.ts'

/**
 * Reads HCL 1, the language of Vault's and consul-template's configurations, or its JSON form, which is known by its
 * first character. Throws HclError at the first mistake. As Vault does, it refuses an argument that is given twice.
 */
export function parseHcl(text: string): HclObject {
  return /^\ufeff?\s*\{/.test(text) ? parseJsonForm(text) : new Parser(text).file()
}

const START: HclPlace = { line: 1, column: 1 }

class Parser {
  readonly #scanner: Scanner
  #token: Token
  #depth = 0

  constructor(text: string) {
    this.#scanner = new Scanner(text)
    this.#token = this.#scanner.next()
  }

  file(): HclObject {
    const items = this.#items('end')
    return { kind: 'object', items, place: START }
  }

  #items(end: 'end' | '}'): HclItem[] {
    const items: HclItem[] = []
    const assigned = new Map<string, HclPlace>()
    while (this.#token.kind !== end) {
      const { item, isAssigned } = this.#item()
      const [key] = item.keys
      const before = isAssigned ? assigned.get(key!.text) : undefined
      if (before !== undefined)
        throw new HclError(
          key!.place,
          `"${key!.text}" is given a second time`,
          `remove one; the other is at ${before.line}:${before.column}`,
        )
      if (isAssigned) assigned.set(key!.text, key!.place)
      items.push(item)
      if (this.#token.kind === ',') this.#take()
    }
    return items
  }

  #item(): { item: HclItem; isAssigned: boolean } {
    const keys = this.#keys()
    if (this.#token.kind === '{') return { item: { keys, value: this.#object() }, isAssigned: false }
    if (this.#token.kind !== '=')
      throw this.#unexpected(`= or { after ${keys.map(({ text }) => `"${text}"`).join(' ')}`)
    if (keys.length > 1)
      throw new HclError(
        this.#token.place,
        `expected { after ${keys.map(({ text }) => `"${text}"`).join(' ')}, got "="`,
        'a block with labels has no =',
      )
    this.#take()
    return { item: { keys, value: this.#value() }, isAssigned: true }
  }

  #keys(): HclKey[] {
    const keys: HclKey[] = []
    while (this.#token.kind === 'identifier' || this.#token.kind === 'string') {
      keys.push({ text: this.#token.value, place: this.#token.place })
      this.#take()
    }
    if (keys.length === 0) throw this.#unexpected('a name')
    return keys
  }

  #value(): HclValue {
    const token = this.#token
    switch (token.kind) {
      case '{':
        return this.#object()
      case '[':
        return this.#list()
      case 'string':
      case 'heredoc':
        this.#take()
        return { kind: 'string', value: token.value, place: token.place }
      case 'boolean':
        this.#take()
        return { kind: 'boolean', value: token.value, place: token.place }
      case 'number':
        this.#take()
        return { kind: 'number', value: token.value, text: token.text, place: token.place }
      case 'identifier':
        throw new HclError(
          token.place,
          `expected a value, got ${token.value}`,
          `text stands in quotes: "${token.value}"`,
        )
      default:
        throw this.#unexpected('a value')
    }
  }

  #object(): HclObject {
    const { place } = this.#token
    this.#enter()
    const items = this.#items('}')
    this.#leave()
    return { kind: 'object', items, place }
  }

  #list(): HclValue {
    const { place } = this.#token
    const values: HclValue[] = []
    this.#enter()
    while (!this.#comes(']')) {
      values.push(this.#value())
      if (this.#comes(',')) this.#take()
      else if (!this.#comes(']')) throw this.#unexpected('"," or "]"')
    }
    this.#leave()
    return { kind: 'list', values, place }
  }

  #comes(kind: Token['kind']): boolean {
    return this.#token.kind === kind
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) throw new HclError(this.#token.place, 'it is nested too deeply')
    this.#take()
  }

  #leave(): void {
    this.#depth--
    this.#take()
  }

  #take(): void {
    this.#token = this.#scanner.next()
  }

  #unexpected(expected: string): HclError {
    return new HclError(this.#token.place, `expected ${expected}, got ${shown(this.#token)}`)
  }
}

function shown(token: Token): string {
  switch (token.kind) {
    case 'end':
      return 'the end of the file'
    case 'string':
      return 'a string'
    case 'heredoc':
      return 'a text'
    case 'identifier':
      return `"${token.value}"`
    case 'number':
      return token.text
    case 'boolean':
      return String(token.value)
    default:
      return `"${token.kind}"`
  }
}
