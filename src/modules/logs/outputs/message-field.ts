import { type KeyPath, keyPathOf } from '../../../wire/json/path.ts'
import { JsonRecord } from '../../../wire/json/record.ts'
import { ValueSpan } from '../../../wire/json/value.ts'

/** Finds one field of record after record. */
export class MessageField {
  readonly #path: KeyPath
  readonly #record = new JsonRecord()
  readonly #value = new ValueSpan()

  constructor(name: string) {
    this.#path = keyPathOf([name])
  }

  /** The field's value in the record, or undefined when it has none. The result is good until the next call. */
  find(bytes: Buffer, start: number, end: number): ValueSpan | undefined {
    if (!this.#record.open(bytes, start, end)) return undefined
    return this.#record.locate(this.#path, this.#value) ? this.#value : undefined
  }
}

const backslash = 0x5c
/** What the letter behind a backslash stands for (RFC 8259, section 7). */
const letters: Readonly<Record<number, number>> = { 98: 0x08, 102: 0x0c, 110: 0x0a, 114: 0x0d, 116: 0x09 }

/**
 * Writes the text between a JSON string's quotes to `target` at `at`, its escapes resolved and every other byte as it is,
 * UTF-8 or not. Returns where the text ends; it is never longer than what it is made from.
 */
export function unescapeInto(bytes: Buffer, start: number, end: number, target: Buffer, at: number): number {
  let from = start
  for (;;) {
    const plain = bytes.subarray(from, end).indexOf(backslash)
    if (plain < 0) return at + bytes.copy(target, at, from, end)
    at += bytes.copy(target, at, from, from + plain)
    from += plain + 2
    const letter = bytes[from - 1]
    if (letter !== 0x75) {
      target[at++] = letters[letter] ?? letter
      continue
    }
    let text = String.fromCharCode(hex4(bytes, from))
    from += 4
    if (isHighSurrogate(text) && bytes[from] === backslash && bytes[from + 1] === 0x75) {
      const low = String.fromCharCode(hex4(bytes, from + 2))
      if (isLowSurrogate(low)) {
        text += low
        from += 6
      }
    }
    at += target.write(text, at, 'utf8')
  }
}

function hex4(bytes: Buffer, at: number): number {
  return Number.parseInt(bytes.toString('latin1', at, at + 4), 16)
}

function isHighSurrogate(text: string): boolean {
  return (text.charCodeAt(0) & 0xfc00) === 0xd800
}

function isLowSurrogate(text: string): boolean {
  return (text.charCodeAt(0) & 0xfc00) === 0xdc00
}
