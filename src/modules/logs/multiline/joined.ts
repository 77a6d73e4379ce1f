import { BACKSLASH, Kind, QUOTE } from '../../../wire/json/bytes.ts'
import { type KeyPath, keyPathOf } from '../../../wire/json/path.ts'
import { ValueSpan } from '../../../wire/json/value.ts'
import { ByteWriter } from '../../../wire/json/writer.ts'
import type { Format } from '../formats/format.ts'
import { Made } from '../made.ts'
import type { Held } from './held.ts'

const PARTIAL = keyPathOf(['partial'])
const TRUE = Buffer.from('true')
const LINE_FEED = 0x0a
const LOWER_N = 0x6e

/** Makes the one record of what was held. */
export class Joined {
  readonly #ofFields: boolean
  readonly #field: KeyPath
  readonly #made = new Made()
  readonly #value = new ValueSpan()
  readonly #text = new ByteWriter(1024)

  /** `ofFields`: what is held is records and texts as they stand in JSON, else lines. */
  constructor(ofFields: boolean, field: KeyPath) {
    this.#ofFields = ofFields
    this.#field = field
  }

  /** Undefined when the format makes no record of its first line. */
  make(held: Held, format: Format): Made | undefined {
    const made = this.#made
    const rest = this.#open(held, format)
    if (rest === undefined) return undefined
    const { record } = made
    if (rest.length > 0) this.#extend(rest)
    if (held.partial) record.set(PARTIAL, TRUE)
    else if (held.hadParts) record.remove(PARTIAL)
    made.knownTimeMs = held.knownTimeMs
    made.readAtMs = held.readAtMs
    made.offset = held.offset
    return made
  }

  /** Separators are kept as the text around them. */
  writeSeparator(out: ByteWriter, separator: Buffer): void {
    if (!this.#ofFields) {
      out.copy(separator, 0, separator.length)
    } else if (separator.length === 1 && separator[0] === LINE_FEED) {
      out.byte(BACKSLASH)
      out.byte(LOWER_N)
    } else if (separator.length > 0) {
      const quoted = Buffer.from(JSON.stringify(separator.toString()))
      out.copy(quoted, 1, quoted.length - 1)
    }
  }

  /** Opens the record of the first line; gives what is to be added to its field, as it stands in JSON. */
  #open(held: Held, format: Format): Buffer | undefined {
    const made = this.#made
    const base = held.base!
    const { more } = held
    made.text.length = 0
    if (this.#ofFields) {
      made.ownTimeMs = held.ownTimeMs
      made.record.open(base, 0, base.length)
      made.isOpen = true
      return more.bytes.subarray(0, more.length)
    }
    const all = format.readsWhole ? Buffer.concat([base, more.bytes.subarray(0, more.length)]) : base
    made.isOpen = format.read(all, 0, all.length, made.record, made.text, held.readAtMs)
    if (!made.isOpen && made.text.length === 0) return undefined
    made.ownTimeMs = format.timeMs
    made.open()
    if (all !== base || more.length === 0) return NOTHING
    const text = this.#text
    text.length = 0
    text.string(more.bytes, 0, more.length)
    return text.bytes.subarray(1, text.length - 1)
  }

  #extend(rest: Buffer): void {
    const { record } = this.#made
    const value = this.#value
    if (record.locate(this.#field, value) && value.kind === Kind.string) {
      record.rewrite(this.#field, out => {
        out.copy(value.bytes, value.start, value.end - 1)
        out.copy(rest, 0, rest.length)
        out.byte(QUOTE)
      })
    } else {
      // The separator stands between lines, and here is only one side of it.
      const from = rest[0] === BACKSLASH && rest[1] === LOWER_N ? 2 : 0
      record.add(this.#field, Buffer.from(`"${rest.toString('latin1', from)}"`, 'latin1'))
    }
  }
}

const NOTHING = Buffer.alloc(0)
