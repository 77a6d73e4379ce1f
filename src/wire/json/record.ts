import { CLOSE_BRACE, COLON, COMMA, KIND_BY_FIRST, Kind, OPEN_BRACE, QUOTE } from './bytes.ts'
import { descend, isKey, type Key, type KeyPath } from './path.ts'
import { KEY_ESCAPED, KIND_BITS, ObjectScanner } from './scan.ts'
import { readString, type ValueSpan } from './value.ts'
import { ByteWriter } from './writer.ts'

/** Where a key or a value stands: in the text that was opened, in the scratch buffer, or in bytes that were lent. */
const IN_TEXT = 0
const IN_SCRATCH = 1
const FIRST_LENT = 2

/**
 * One JSON object that is read and edited as bytes. `open` verifies it; the edits move its columns
 * only, and every read sees them at once; `writeTo` splices the new text together from the old one.
 * One instance serves record after record.
 */
export class JsonRecord extends ObjectScanner {
  declare bytes: Buffer
  /** Whether an edit has made the record differ from the text that was opened. */
  changed = false

  #keySources = new Uint16Array(this.kinds.length)
  #valueSources = new Uint16Array(this.kinds.length)
  readonly #scratch = new ByteWriter(256)
  readonly #lent: Buffer[] = []
  #nested: JsonRecord | undefined

  /** True when `bytes[start, end)` is one JSON object; else `error` and `errorAt` say why not. */
  open(bytes: Buffer, start: number, end: number): boolean {
    if (this.changed) this.#forgetEdits()
    return this.scan(bytes, start, end)
  }

  /** Moves `value` to the field at `path`; false when the record has none. */
  locate(path: KeyPath, value: ValueSpan): boolean {
    const member = this.find(path[0])
    if (member < 0) return false
    value.at(
      this.#source(this.#valueSources[member]),
      this.valueStarts[member],
      this.valueEnds[member],
      this.kinds[member] & KIND_BITS,
    )
    return path.length === 1 || descend(value, path, 1)
  }

  /** The top-level member with this name, or -1. Of several the last one counts, as everywhere in JSON's practice. */
  find(key: Key): number {
    const { kinds, keyStarts, keyEnds } = this
    const size = key.bytes.length
    for (let member = this.count - 1; member >= 0; member--) {
      // Nearly every key is refused by its length.
      if (keyEnds[member] - keyStarts[member] !== size && (kinds[member] & KEY_ESCAPED) === 0) continue
      if (this.#hasName(member, key)) return member
    }
    return -1
  }

  #hasName(member: number, key: Key): boolean {
    const kind = this.kinds[member]
    if ((kind & KIND_BITS) === Kind.none) return false
    const source = this.#keySources[member]
    const bytes = source === IN_TEXT ? this.bytes : this.#source(source)
    return isKey(key, bytes, this.keyStarts[member], this.keyEnds[member], (kind & KEY_ESCAPED) !== 0)
  }

  /** Cuts the field at `path`, with all its duplicates. False when there is none. */
  remove(path: KeyPath): boolean {
    if (path.length > 1) return this.#editNested(path, (nested, rest) => nested.remove(rest))
    const key = path[0]
    let removed = false
    for (let member = 0; member < this.count; member++) {
      if (!this.#hasName(member, key)) continue
      this.kinds[member] = Kind.none
      this.changed = removed = true
    }
    return removed
  }

  /**
   * Gives the field at `path` the value `raw`, which is verified JSON text and is lent: it must not change until
   * the record is written. Objects on the way are made; false when something else than an object is in the way.
   */
  set(path: KeyPath, raw: Buffer): boolean {
    const key = path[0]
    const member = this.find(key)
    if (path.length > 1) {
      if (member < 0) return this.#appendNested(path, raw)
      return this.#editNested(path, (nested, rest) => nested.set(rest, raw))
    }
    if (member < 0) return this.#append(key, this.#lend(raw), 0, raw.length, raw[0])
    this.#replace(member, this.#lend(raw), 0, raw.length, raw[0])
    return true
  }

  /** As `set`, but leaves a field that is there already as it is. */
  add(path: KeyPath, raw: Buffer): boolean {
    const key = path[0]
    const member = this.find(key)
    if (path.length > 1) {
      if (member < 0) return this.#appendNested(path, raw)
      return this.#editNested(path, (nested, rest) => nested.add(rest, raw))
    }
    return member < 0 && this.#append(key, this.#lend(raw), 0, raw.length, raw[0])
  }

  /** Gives the field at `path` another name in the same place; a field that had it is removed. False when there is none. */
  rename(path: KeyPath, name: Key): boolean {
    if (path.length > 1) return this.#editNested(path, (nested, rest) => nested.rename(rest, name))
    const member = this.find(path[0])
    if (member < 0 || path[0].text === name.text) return member >= 0
    const kind = this.kinds[member]
    this.kinds[member] = Kind.none
    this.remove([name])
    this.remove(path)
    this.kinds[member] = kind & ~KEY_ESCAPED
    this.#keySources[member] = this.#lend(name.quoted)
    this.keyStarts[member] = 1
    this.keyEnds[member] = name.quoted.length - 1
    this.#markEscaped(member, name)
    this.changed = true
    return true
  }

  /** Gives the value at `value`, which `locate` found at `path`, the text that `write` appends to the writer. */
  rewrite(path: KeyPath, write: (out: ByteWriter) => void): boolean {
    if (path.length > 1) return this.#editNested(path, (nested, rest) => nested.rewrite(rest, write))
    const member = this.find(path[0])
    if (member < 0) return false
    const start = this.#scratch.length
    write(this.#scratch)
    this.#replace(member, IN_SCRATCH, start, this.#scratch.length, this.#scratch.bytes[start])
    return true
  }

  /** The name of a top-level member, 0…count - 1 in their order; undefined when it was removed. */
  nameAt(member: number): string | undefined {
    const kind = this.kinds[member]
    if ((kind & KIND_BITS) === Kind.none) return undefined
    const bytes = this.#source(this.#keySources[member])
    const [start, end] = [this.keyStarts[member], this.keyEnds[member]]
    return (kind & KEY_ESCAPED) === 0
      ? bytes.toString('utf8', start, end)
      : readString(bytes, start - 1, end + 1)
  }

  /** Moves `value` to that of a top-level member which was not removed; gives it back. */
  valueAt(member: number, value: ValueSpan): ValueSpan {
    const bytes = this.#source(this.#valueSources[member])
    return value.at(bytes, this.valueStarts[member], this.valueEnds[member], this.kinds[member] & KIND_BITS)
  }

  removeAt(member: number): void {
    this.kinds[member] = Kind.none
    this.changed = true
  }

  /** Appends the record as it is now. */
  writeTo(out: ByteWriter): void {
    out.reserve(this.end - this.start + 2)
    out.byte(OPEN_BRACE)
    let separate = false
    for (let member = 0; member < this.count; ) {
      if ((this.kinds[member] & KIND_BITS) === Kind.none) {
        member++
        continue
      }
      if (separate) out.byte(COMMA)
      separate = true
      if (!this.#isOriginal(member)) {
        this.#writeMember(member++, out)
        continue
      }
      // Neighbours that nobody touched go over in one copy, commas and white space included.
      const first = member++
      while (member < this.count && this.#isOriginal(member)) member++
      out.copy(this.bytes, this.keyStarts[first] - 1, this.valueEnds[member - 1])
    }
    out.byte(CLOSE_BRACE)
  }

  #isOriginal(member: number): boolean {
    return (
      this.#keySources[member] === IN_TEXT &&
      this.#valueSources[member] === IN_TEXT &&
      (this.kinds[member] & KIND_BITS) !== Kind.none
    )
  }

  #writeMember(member: number, out: ByteWriter): void {
    out.byte(QUOTE)
    out.copy(this.#source(this.#keySources[member]), this.keyStarts[member], this.keyEnds[member])
    out.byte(QUOTE)
    out.byte(COLON)
    out.copy(this.#source(this.#valueSources[member]), this.valueStarts[member], this.valueEnds[member])
  }

  #append(key: Key, source: number, start: number, end: number, first: number): true {
    if (this.count === this.kinds.length) this.grow()
    const member = this.count++
    this.#keySources[member] = this.#lend(key.quoted)
    this.keyStarts[member] = 1
    this.keyEnds[member] = key.quoted.length - 1
    this.kinds[member] = 0
    this.#markEscaped(member, key)
    this.#replace(member, source, start, end, first)
    return true
  }

  /** Appends the first of the path's keys with objects for the others around `raw`. */
  #appendNested(path: KeyPath, raw: Buffer): true {
    const out = this.#scratch
    const start = out.length
    for (let depth = 1; depth < path.length; depth++) {
      out.byte(OPEN_BRACE)
      out.copy(path[depth].quoted, 0, path[depth].quoted.length)
      out.byte(COLON)
    }
    out.copy(raw, 0, raw.length)
    for (let depth = 1; depth < path.length; depth++) out.byte(CLOSE_BRACE)
    return this.#append(path[0], IN_SCRATCH, start, out.length, OPEN_BRACE)
  }

  /** A key that we wrote may itself need escapes: then it is compared by its text. */
  #markEscaped(member: number, key: Key): void {
    if (key.escaped) this.kinds[member] |= KEY_ESCAPED
  }

  #replace(member: number, source: number, start: number, end: number, first: number): void {
    this.#valueSources[member] = source
    this.valueStarts[member] = start
    this.valueEnds[member] = end
    this.kinds[member] = (this.kinds[member] & KEY_ESCAPED) | KIND_BY_FIRST[first]
    this.changed = true
  }

  /** Edits inside the object at `path[0]` with a record of its own, and takes the result over as the new value. */
  #editNested(path: KeyPath, edit: (nested: JsonRecord, rest: KeyPath) => boolean): boolean {
    const member = this.find(path[0])
    if (member < 0 || (this.kinds[member] & KIND_BITS) !== Kind.object) return false
    this.#nested ??= new JsonRecord()
    const nested = this.#nested
    const source = this.#source(this.#valueSources[member])
    if (!nested.open(source, this.valueStarts[member], this.valueEnds[member])) return false
    const done = edit(nested, path.slice(1))
    if (!nested.changed) return done
    const start = this.#scratch.length
    nested.writeTo(this.#scratch)
    this.#replace(member, IN_SCRATCH, start, this.#scratch.length, OPEN_BRACE)
    return done
  }

  #source(source: number): Buffer {
    if (source === IN_TEXT) return this.bytes
    return source === IN_SCRATCH ? this.#scratch.bytes : this.#lent[source - FIRST_LENT]
  }

  #lend(bytes: Buffer): number {
    return this.#lent.push(bytes) - 1 + FIRST_LENT
  }

  #forgetEdits(): void {
    this.changed = false
    this.#scratch.length = 0
    this.#lent.length = 0
    // A loop: objects are small, and two calls of fill would cost more.
    for (let member = 0; member < this.count; member++) {
      this.#keySources[member] = IN_TEXT
      this.#valueSources[member] = IN_TEXT
    }
  }

  protected override grow(): void {
    super.grow()
    this.#keySources = widened(this.#keySources, this.kinds.length)
    this.#valueSources = widened(this.#valueSources, this.kinds.length)
  }
}

function widened(column: Uint16Array<ArrayBuffer>, size: number): Uint16Array<ArrayBuffer> {
  const larger = new Uint16Array(size)
  larger.set(column)
  return larger
}
