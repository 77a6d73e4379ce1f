/** What a search under the flag g may take of one text, before the rest of it counts as found. */
const MAX_SEARCH_MS = 250

/**
 * A regular expression whose time is bounded: short texts go to one engine, longer ones to another that is slower and
 * linear, and what is longer still does not match; under the flag g it matches as a whole. It is used as any other:
 * `exec`, `test`, `replace` and the like.
 */
export class BoundedRegExp extends RegExp {
  readonly #short: RegExp
  readonly #long: RegExp | undefined
  readonly #shortLength: number
  readonly #longLength: number
  /** The text of the search under way, and when it began. */
  #text: string | undefined
  #beganMs = 0

  /** Texts of up to `shortLength` go to `short`; up to `longLength`, if there is one, to `long`. */
  constructor(short: RegExp, long: RegExp | undefined, shortLength: number, longLength: number) {
    super(short.source, short.flags)
    this.#short = short
    this.#long = long
    this.#shortLength = shortLength
    this.#longLength = longLength
  }

  override exec(text: string): RegExpExecArray | null {
    const engine = this.#engineFor(text.length)
    if (!this.global) return engine === undefined ? null : engine.exec(text)
    if (engine === undefined || this.#isTooLong(text)) return this.#rest(text)
    engine.lastIndex = this.lastIndex
    const found = engine.exec(text)
    this.lastIndex = engine.lastIndex
    return found
  }

  /** From the beginning of the text on, with its own `lastIndex`. */
  override *[Symbol.matchAll](text: string): RegExpStringIterator<RegExpExecArray> {
    this.lastIndex = 0
    for (let found = this.exec(text); found !== null; found = this.exec(text)) {
      yield found
      if (!this.global) return
      if (found[0] === '') this.lastIndex++
    }
  }

  #engineFor(length: number): RegExp | undefined {
    if (length <= this.#shortLength) return this.#short
    return length <= this.#longLength ? this.#long : undefined
  }

  /** Finding all matches may take the square of the text although finding one does not. */
  #isTooLong(text: string): boolean {
    const nowMs = performance.now()
    if (this.lastIndex === 0 || this.#text !== text) {
      this.#text = text
      this.#beganMs = nowMs
      return false
    }
    return nowMs - this.#beganMs > MAX_SEARCH_MS
  }

  #rest(text: string): RegExpExecArray | null {
    const from = this.lastIndex
    this.#text = undefined
    if (from >= text.length) {
      this.lastIndex = 0
      return null
    }
    this.lastIndex = text.length
    return Object.assign([text.slice(from)] as [string], { index: from, input: text }) as RegExpExecArray
  }
}
