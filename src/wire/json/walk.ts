import { CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, KIND_BY_FIRST, Kind, skipSpace } from './bytes.ts'
import { behindString, behindValue, isKey, type Key } from './path.ts'
import { hasEscape, readString } from './value.ts'

/**
 * Walks over verified JSON text from value to value, in one pass and without making objects.
 *
 * `if (walk.kind() === Kind.object) { walk.enter(); while (walk.more()) { switch (walk.key()) { … default: walk.skip() } } }`
 */
export class JsonWalk {
  readonly bytes: Buffer
  /** Where the walk stands: at a value, or behind one. */
  at: number

  /** `at`: where a value begins, or the white space in front of it. */
  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes
    this.at = skipSpace(bytes, at, bytes.length)
  }

  /** One of `Kind`, of the value that it stands at. */
  kind(): number {
    return KIND_BY_FIRST[this.bytes[this.at]]
  }

  /** Into the object or array. */
  enter(): void {
    this.at++
  }

  /** To the next member or element; false at the end, which is passed. */
  more(): boolean {
    const { bytes } = this
    let at = skipSpace(bytes, this.at, bytes.length)
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1, bytes.length)
    const ends = bytes[at] === CLOSE_BRACE || bytes[at] === CLOSE_BRACKET
    this.at = ends ? at + 1 : at
    return !ends
  }

  /** The member's name; the walk goes on to its value. */
  key(): string {
    const { bytes, at } = this
    return readString(bytes, at, this.#passKey())
  }

  /** Which of these names the member has, as its index; -1: another. The walk goes on to its value. */
  keyAmong(names: readonly Key[]): number {
    const { bytes, at } = this
    const end = this.#passKey()
    const isEscaped = hasEscape(bytes, at, end)
    for (let i = 0; i < names.length; i++) if (isKey(names[i], bytes, at + 1, end - 1, isEscaped)) return i
    return -1
  }

  /** From a name to its value; tells where the name ends. */
  #passKey(): number {
    const { bytes } = this
    const end = behindString(bytes, this.at)
    let at = end
    if (bytes[at] !== COLON) at = skipSpace(bytes, at, bytes.length)
    at++
    this.at = bytes[at] > 0x20 ? at : skipSpace(bytes, at, bytes.length)
    return end
  }

  /** Behind the value. */
  skip(): void {
    this.at = behindValue(this.bytes, this.at)
  }

  /** The string's text, or undefined for any other value; behind it. */
  text(): string | undefined {
    const { bytes, at } = this
    const isText = this.kind() === Kind.string
    this.skip()
    return isText ? readString(bytes, at, this.at) : undefined
  }
}
