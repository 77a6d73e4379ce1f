/** What a caller may give for headers: several values of one name become several lines. */
export type HeaderInit =
  | HeaderList
  | Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>>
type HeaderValue = string | number

/**
 * Header fields in the order and the case in which they stand on the wire; lookup ignores case.
 * Values are latin1: one character a byte.
 */
export class HeaderList implements Iterable<readonly [name: string, value: string]> {
  /** name, value, name, value … */
  readonly raw: string[]

  constructor(raw: string[] = []) {
    this.raw = raw
  }

  static from(init: HeaderInit): HeaderList {
    const list = new HeaderList()
    list.addAll(init)
    return list
  }

  addAll(init: HeaderInit): void {
    if (init instanceof HeaderList) {
      for (const text of init.raw) this.raw.push(text)
      return
    }
    for (const name in init) {
      const value = init[name]
      if (value === undefined) continue
      if (typeof value === 'object') for (const one of value) this.raw.push(name, String(one))
      else this.raw.push(name, String(value))
    }
  }

  get size(): number {
    return this.raw.length / 2
  }

  /** The first value, or undefined. */
  get(name: string): string | undefined {
    const at = this.#find(name.toLowerCase(), 0)
    return at === -1 ? undefined : this.raw[at + 1]
  }

  getAll(name: string): string[] {
    const wanted = name.toLowerCase()
    const values: string[] = []
    for (let at = this.#find(wanted, 0); at !== -1; at = this.#find(wanted, at + 2))
      values.push(this.raw[at + 1]!)
    return values
  }

  /** All values as one comma list (RFC 9110 section 5.3), or undefined. */
  combined(name: string): string | undefined {
    const values = this.getAll(name)
    return values.length === 0 ? undefined : values.join(', ')
  }

  has(name: string): boolean {
    return this.#find(name.toLowerCase(), 0) !== -1
  }

  /** Whether a comma list such as Connection names this token; case is ignored. */
  lists(name: string, token: string): boolean {
    const wanted = token.toLowerCase()
    return this.getAll(name).some(value =>
      value
        .toLowerCase()
        .split(',')
        .some(item => item.trim() === wanted),
    )
  }

  append(name: string, value: string): void {
    this.raw.push(name, value)
  }

  /** Replaces the first line of this name in its place and removes the others; appends when there is none. */
  set(name: string, value: string): void {
    const wanted = name.toLowerCase()
    const at = this.#find(wanted, 0)
    if (at === -1) {
      this.raw.push(name, value)
      return
    }
    this.raw[at + 1] = value
    this.#deleteFrom(wanted, at + 2)
  }

  delete(name: string): void {
    this.#deleteFrom(name.toLowerCase(), 0)
  }

  *[Symbol.iterator](): Iterator<readonly [string, string]> {
    for (let at = 0; at < this.raw.length; at += 2) yield [this.raw[at]!, this.raw[at + 1]!]
  }

  #find(lowerName: string, from: number): number {
    const raw = this.raw
    for (let at = from; at < raw.length; at += 2) {
      const name = raw[at]!
      if (name.length === lowerName.length && (name === lowerName || name.toLowerCase() === lowerName))
        return at
    }
    return -1
  }

  #deleteFrom(lowerName: string, from: number): void {
    for (let at = this.#find(lowerName, from); at !== -1; at = this.#find(lowerName, at))
      this.raw.splice(at, 2)
  }
}
