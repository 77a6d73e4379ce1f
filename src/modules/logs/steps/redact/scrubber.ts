import type { Counter } from '../../../../kernel/metrics/metrics.ts'
import { COLON, KIND_BY_FIRST, Kind, skipSpace } from '../../../../wire/json/bytes.ts'
import { behindString, behindValue, behindWord } from '../../../../wire/json/path.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import type { ByteWriter } from '../../../../wire/json/writer.ts'
import { type Encoding, isLossy } from '../../exact-text.ts'
import type { TextFilter } from '../../text-patterns.ts'
import type { Detector } from './detectors.ts'

/** What stands in place of a text. */
export type Replace = (text: string) => string

/** Replaces, in JSON text, what detectors find in texts and numbers, and the whole values of fields with some names; keys stay. */
export class Scrubber {
  readonly #detectors: readonly Detector[]
  readonly #isSecret: TextFilter | undefined
  readonly #replace: Replace
  readonly #redacted: Counter
  readonly #minLength: number
  readonly #value = new ValueSpan()

  /** `isSecret`: whether the value of a field with this name, at any depth, is replaced as a whole. */
  constructor(
    detectors: readonly Detector[],
    isSecret: TextFilter | undefined,
    replace: Replace,
    redacted: Counter,
  ) {
    this.#detectors = detectors
    this.#isSecret = isSecret
    this.#replace = replace
    this.#redacted = redacted
    this.#minLength = Math.min(...detectors.map(({ minLength }) => minLength))
  }

  /** Appends the verified JSON value `bytes[start, end)` with its matches replaced; false, and nothing of use in `out`, when there are none. */
  scrub(bytes: Buffer, start: number, end: number, out: ByteWriter): boolean {
    let copied = start
    for (let at = start; at < end; ) {
      const kind = KIND_BY_FIRST[bytes[at]]
      if (kind !== Kind.string && kind !== Kind.number) {
        at++
        continue
      }
      const behind = kind === Kind.string ? behindString(bytes, at) : behindWord(bytes, at, end)
      const valueAt = kind === Kind.string ? behindKey(bytes, behind, end) : undefined
      if (valueAt === undefined) {
        const scrubbed = this.#scrubbed(this.#value.at(bytes, at, behind, kind))
        if (scrubbed !== undefined) {
          out.copy(bytes, copied, at)
          out.text(scrubbed.text, scrubbed.encoding)
          copied = behind
        }
        at = behind
      } else if (this.#isSecret?.(this.#value.at(bytes, at, behind, kind).text()) === true) {
        at = behindValue(bytes, valueAt)
        out.copy(bytes, copied, valueAt)
        const whole = this.#value.at(bytes, valueAt, at, KIND_BY_FIRST[bytes[valueAt]])
        out.text(this.#replace(whole.asText()), 'utf8')
        this.#redacted.inc()
        copied = at
      } else at = valueAt
    }
    if (copied === start) return false
    out.copy(bytes, copied, end)
    return true
  }

  /** The value's text with the matches replaced, undefined when there are none. */
  #scrubbed(value: ValueSpan): { text: string; encoding: Encoding } | undefined {
    // A text has at most as many characters as bytes.
    if (value.end - value.start < this.#minLength) return undefined
    let text = value.asText()
    let encoding: Encoding = 'utf8'
    if (isLossy(text, value.bytes, value.start, value.end)) {
      encoding = 'latin1'
      text = value.asText(encoding)
    }
    const scrubbed = this.#detectors.reduce((text, detector) => this.#replaced(text, detector), text)
    if (scrubbed === text) return undefined
    this.#redacted.inc()
    return { text: scrubbed, encoding }
  }

  #replaced(text: string, { regex, hint, minLength, isReal }: Detector): string {
    if (text.length < minLength) return text
    if (hint !== undefined && !hint.test(text)) return text
    if (isReal === undefined) return text.replace(regex, match => this.#replace(match))
    return text.replace(regex, (match, at: number) => {
      const around = `${text[at - 1] ?? ''} ${text[at + match.length] ?? ''}`
      return isReal(match, around) ? this.#replace(match) : match
    })
  }
}

/** Where the value of a key begins whose string ends at `behind`; undefined when the string is no key. */
function behindKey(bytes: Buffer, behind: number, end: number): number | undefined {
  const at = skipSpace(bytes, behind, end)
  return at < end && bytes[at] === COLON ? skipSpace(bytes, at + 1, end) : undefined
}
