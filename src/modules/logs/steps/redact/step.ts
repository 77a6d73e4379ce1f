import type { Counter } from '../../../../kernel/metrics/metrics.ts'
import { compilePattern } from '../../../../kernel/pattern.ts'
import { COLON, KIND_BY_FIRST, Kind, skipSpace } from '../../../../wire/json/bytes.ts'
import { behindString, behindWord, type KeyPath, keyPathOf } from '../../../../wire/json/path.ts'
import type { JsonRecord } from '../../../../wire/json/record.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { ByteWriter } from '../../../../wire/json/writer.ts'
import { fieldPath } from '../../condition/field.ts'
import { type Encoding, isLossy } from '../../exact-text.ts'
import type { Step } from '../step.ts'
import type { RedactConfig } from './config.ts'

/** What stands in place of a text. */
type Replace = (text: string) => string

/** Masks or hashes whole values of fields, or what a pattern matches in their texts and numbers, or everywhere. */
export function redactStep(config: RedactConfig, redacted: Counter): Step {
  const replace = replacement(config)
  const paths = config.fields.map(field => keyPathOf(fieldPath(field)))
  if (config.pattern === undefined) return wholeValues(paths, replace, redacted)
  const scrubber = new Scrubber(config.pattern, replace, redacted)
  return paths.length === 0 ? everywhere(scrubber) : insideFields(paths, scrubber)
}

function replacement({ method, mask, key }: RedactConfig): Replace {
  if (method === 'mask') return () => mask
  const { createHash, createHmac } = process.getBuiltinModule('node:crypto')
  if (key === undefined) return text => createHash('sha256').update(text).digest('hex')
  const secret = key.reveal()
  return text => createHmac('sha256', secret).update(text).digest('hex')
}

function wholeValues(paths: readonly KeyPath[], replace: Replace, redacted: Counter): Step {
  const value = new ValueSpan()
  return record => {
    for (const path of paths) {
      if (!record.locate(path, value)) continue
      record.set(path, Buffer.from(JSON.stringify(replace(value.asText()))))
      redacted.inc()
    }
    return true
  }
}

function insideFields(paths: readonly KeyPath[], scrubber: Scrubber): Step {
  const value = new ValueSpan()
  const out = new ByteWriter(256)
  return record => {
    for (const path of paths) {
      if (!record.locate(path, value)) continue
      out.length = 0
      if (!scrubber.scrub(value.bytes, value.start, value.end, out)) continue
      record.rewrite(path, scratch => scratch.copy(out.bytes, 0, out.length))
    }
    return true
  }
}

function everywhere(scrubber: Scrubber): Step {
  const text = new ByteWriter(1024)
  const out = new ByteWriter(1024)
  return record => {
    out.length = 0
    if (scrubRecord(record, scrubber, text, out)) record.open(out.bytes, 0, out.length)
    return true
  }
}

function scrubRecord(record: JsonRecord, scrubber: Scrubber, text: ByteWriter, out: ByteWriter): boolean {
  if (!record.changed) return scrubber.scrub(record.bytes, record.start, record.end, out)
  text.length = 0
  record.writeTo(text)
  return scrubber.scrub(text.bytes, 0, text.length, out)
}

/** Replaces what a pattern matches in the texts and numbers of JSON text; keys stay. */
class Scrubber {
  readonly #regex: RegExp
  readonly #replace: Replace
  readonly #redacted: Counter
  readonly #value = new ValueSpan()

  constructor(pattern: string, replace: Replace, redacted: Counter) {
    const compiled = compilePattern(pattern, 'g')
    if ('reason' in compiled) throw new Error(compiled.reason)
    this.#regex = compiled.regex
    this.#replace = replace
    this.#redacted = redacted
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
      const scrubbed = isKey(bytes, behind, end)
        ? undefined
        : this.#scrubbed(this.#value.at(bytes, at, behind, kind))
      if (scrubbed !== undefined) {
        out.copy(bytes, copied, at)
        out.text(scrubbed.text, scrubbed.encoding)
        copied = behind
      }
      at = behind
    }
    if (copied === start) return false
    out.copy(bytes, copied, end)
    return true
  }

  /** The value's text with the matches replaced, undefined when there are none. */
  #scrubbed(value: ValueSpan): { text: string; encoding: Encoding } | undefined {
    let text = value.asText()
    let encoding: Encoding = 'utf8'
    if (isLossy(text, value.bytes, value.start, value.end)) {
      encoding = 'latin1'
      text = value.asText(encoding)
    }
    this.#regex.lastIndex = 0
    if (!this.#regex.test(text)) return undefined
    this.#redacted.inc()
    return { text: text.replace(this.#regex, match => this.#replace(match)), encoding }
  }
}

function isKey(bytes: Buffer, behind: number, end: number): boolean {
  const at = skipSpace(bytes, behind, end)
  return at < end && bytes[at] === COLON
}
