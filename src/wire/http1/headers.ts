import { fieldLine, steeringName, steeringNumber } from './field-line.ts'

/** What a caller may give for headers: several values of one name become several lines. */
export type HeaderInit =
  | HeaderList
  | Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>>
type HeaderValue = string | number

/**
 * Header fields in the order and the case in which they stand on the wire; lookup ignores case.
 * Values are latin1: one character a byte.
 *
 * A list that was received keeps its lines as one text, so that whoever hands most of them on copies them in one piece
 * and checks nothing twice. It falls into names and values when somebody asks for `raw` or edits it.
 */
export class HeaderList implements Iterable<readonly [name: string, value: string]> {
  #raw: string[] | undefined
  /** Lines that are known to be well-formed, each `Name: value` CR LF; only while there is no `#raw`. */
  #lines = ''
  /** Of each line: where its colon stands, where its CR LF, and the number of its steering name. Made when it is needed. */
  #marks: number[] | undefined

  constructor(raw: string[] | undefined = []) {
    this.#raw = raw
  }

  static from(init: HeaderInit): HeaderList {
    const list = new HeaderList()
    list.addAll(init)
    return list
  }

  /** Lines that were checked already, each `Name: value` CR LF without further white space. */
  static ofLines(lines: string): HeaderList {
    const list = new HeaderList(NO_FIELDS)
    list.#raw = undefined
    list.#lines = lines
    return list
  }

  /** A list of its own with the same fields; lines are shared until one of the two is edited. */
  clone(): HeaderList {
    if (this.#raw !== undefined) return new HeaderList(this.#raw.slice())
    const list = HeaderList.ofLines(this.#lines)
    list.#marks = this.#marks
    return list
  }

  /** name, value, name, value … */
  get raw(): string[] {
    if (this.#raw === undefined) {
      const raw: string[] = []
      for (let at = 0; at < this.size; at++) raw.push(this.nameAt(at), this.valueAt(at))
      this.#raw = raw
      this.#lines = ''
      this.#marks = undefined
    }
    return this.#raw
  }

  addAll(init: HeaderInit): void {
    const raw = this.raw
    if (init instanceof HeaderList) {
      for (const text of init.raw) raw.push(text)
      return
    }
    for (const name in init) {
      const value = init[name]
      if (value === undefined) continue
      if (typeof value === 'object') for (const one of value) raw.push(name, String(one))
      else raw.push(name, String(value))
    }
  }

  get size(): number {
    return this.#raw === undefined ? this.#marked().length / 3 : this.#raw.length / 2
  }

  nameAt(index: number): string {
    return this.#raw === undefined
      ? this.#lines.slice(this.#startOf(index), this.#marked()[3 * index]!)
      : this.#raw[2 * index]!
  }

  valueAt(index: number): string {
    if (this.#raw !== undefined) return this.#raw[2 * index + 1]!
    const marks = this.#marked()
    return this.#lines.slice(marks[3 * index]! + 2, marks[3 * index + 1]!)
  }

  /** The name in lower case of a field that steers connection, framing or a hop; '' for any other. */
  steeringAt(index: number): string {
    if (this.#raw === undefined) return steeringName(this.#marked()[3 * index + 2]!)
    const name = this.#raw[2 * index]!
    return steeringName(steeringNumber(name, 0, name.length))
  }

  /** The lines of the fields from `from` to before `to` as they are written. Throws HeaderInjectionError. */
  lines(from: number, to: number): string {
    if (from === to) return ''
    if (this.#raw === undefined)
      return this.#lines.slice(this.#startOf(from), this.#marked()[3 * to - 2]! + 2)
    let text = ''
    for (let at = 2 * from; at < 2 * to; at += 2) text += fieldLine(this.#raw[at]!, this.#raw[at + 1]!)
    return text
  }

  /** All of them as they are written. Throws HeaderInjectionError. */
  allLines(): string {
    return this.#raw === undefined ? this.#lines : this.lines(0, this.size)
  }

  /** The first value, or undefined. */
  get(name: string): string | undefined {
    const index = this.#find(name.toLowerCase(), 0)
    return index === -1 ? undefined : this.valueAt(index)
  }

  getAll(name: string): string[] {
    const wanted = name.toLowerCase()
    const values: string[] = []
    for (let index = this.#find(wanted, 0); index !== -1; index = this.#find(wanted, index + 1))
      values.push(this.valueAt(index))
    return values
  }

  /** All values as one comma list (RFC 9110 section 5.3), or undefined. */
  combined(name: string): string | undefined {
    const wanted = name.toLowerCase()
    let index = this.#find(wanted, 0)
    if (index === -1) return undefined
    let values = this.valueAt(index)
    while ((index = this.#find(wanted, index + 1)) !== -1) values += `, ${this.valueAt(index)}`
    return values
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
    if (this.#raw === undefined) this.#addLine(fieldLine(name, value))
    else this.#raw.push(name, value)
  }

  /** `append` for a value that was read, and so checked, already. */
  add(name: string, value: string): void {
    if (this.#raw === undefined) this.#addLine(`${name}: ${value}\r\n`)
    else this.#raw.push(name, value)
  }

  /** An empty list of the same kind, lines or names and values, to which fields are copied without a change of form. */
  likewise(): HeaderList {
    return this.#raw === undefined ? HeaderList.ofLines('') : new HeaderList()
  }

  /** Appends the fields of another list from `from` to before `to`. */
  copy(list: HeaderList, from: number, to: number): void {
    if (this.#raw === undefined) this.#addLine(list.lines(from, to))
    else for (let at = from; at < to; at++) this.#raw.push(list.nameAt(at), list.valueAt(at))
  }

  /** Replaces the first line of this name in its place and removes the others; appends when there is none. */
  set(name: string, value: string): void {
    const wanted = name.toLowerCase()
    const raw = this.raw
    const index = this.#find(wanted, 0)
    if (index === -1) {
      raw.push(name, value)
      return
    }
    raw[2 * index + 1] = value
    this.#deleteFrom(wanted, index + 1)
  }

  delete(name: string): void {
    this.#deleteFrom(name.toLowerCase(), 0)
  }

  *[Symbol.iterator](): Iterator<readonly [string, string]> {
    for (let at = 0; at < this.size; at++) yield [this.nameAt(at), this.valueAt(at)]
  }

  #find(lowerName: string, from: number): number {
    const { size } = this
    const length = lowerName.length
    for (let index = from; index < size; index++) {
      if (this.#raw === undefined) {
        const start = this.#startOf(index)
        if (this.#marks![3 * index]! - start !== length) continue
        if (this.#lines.slice(start, start + length).toLowerCase() === lowerName) return index
      } else {
        const name = this.#raw[2 * index]!
        if (name.length === length && (name === lowerName || name.toLowerCase() === lowerName)) return index
      }
    }
    return -1
  }

  #deleteFrom(lowerName: string, from: number): void {
    const raw = this.raw
    for (let index = this.#find(lowerName, from); index !== -1; index = this.#find(lowerName, index))
      raw.splice(2 * index, 2)
  }

  #addLine(line: string): void {
    this.#lines += line
    this.#marks = undefined
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : this.#marked()[3 * index - 2]! + 2
  }

  #marked(): number[] {
    if (this.#marks !== undefined) return this.#marks
    const marks: number[] = []
    const lines = this.#lines
    for (let at = 0; at < lines.length; ) {
      const colon = lines.indexOf(':', at)
      const end = lines.indexOf('\r\n', colon)
      marks.push(colon, end, steeringNumber(lines, at, colon))
      at = end + 2
    }
    this.#marks = marks
    return marks
  }
}

const NO_FIELDS: string[] = []
