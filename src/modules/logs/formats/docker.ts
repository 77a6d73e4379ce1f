import { BACKSLASH, Kind } from '../../../wire/json/bytes.ts'
import { keyOf, keyPathOf } from '../../../wire/json/path.ts'
import type { JsonRecord } from '../../../wire/json/record.ts'
import { hasEscape, ValueSpan } from '../../../wire/json/value.ts'
import type { ByteWriter } from '../../../wire/json/writer.ts'
import { parseIso8601 } from '../../../wire/time/iso8601.ts'
import type { Format, OnMisfit } from './format.ts'
import { whyNotObject } from './json.ts'
import { writeMisfit } from './raw.ts'

const LOG = keyPathOf(['log'])
const MESSAGE = keyOf('message')
const TIME = keyPathOf(['time'])
const STREAM = keyPathOf(['stream'])
const PARTIAL = keyPathOf(['partial'])
const TRUE = Buffer.from('true')
const LOWER_N = 0x6e
const LOWER_R = 0x72

/**
 * What Docker's json-file driver writes: `{"log":"…\n","stream":"stdout","time":"…"}`. `log` becomes `message` without
 * its line ending; a record whose `log` has none is a part of a longer line and gets `"partial": true`.
 */
export class DockerFormat implements Format {
  timeMs = Number.NaN
  isPart = false
  stream = ''
  readonly #onMisfit: OnMisfit
  readonly #value = new ValueSpan()

  constructor(onMisfit: OnMisfit) {
    this.#onMisfit = onMisfit
  }

  read(bytes: Buffer, start: number, end: number, record: JsonRecord, out: ByteWriter): boolean {
    this.timeMs = Number.NaN
    this.isPart = false
    this.stream = ''
    if (!record.open(bytes, start, end))
      return this.#misfit(bytes, start, end, whyNotObject(record, start), out)
    const value = this.#value
    if (record.locate(TIME, value) && value.kind === Kind.string) this.timeMs = timeOf(value)
    if (record.locate(STREAM, value) && value.kind === Kind.string) this.stream = streamOf(value)
    if (!record.locate(LOG, value) || value.kind !== Kind.string) {
      return this.#misfit(bytes, start, end, 'not a line of json-file: expected a field "log" with text', out)
    }
    const textEnd = value.end - 1
    const behind = withoutEscaped(LOWER_N, bytes, value.start + 1, textEnd)
    this.isPart = behind === textEnd
    if (this.isPart) record.set(PARTIAL, TRUE)
    else this.#shorten(record, withoutEscaped(LOWER_R, bytes, value.start + 1, behind))
    record.rename(LOG, MESSAGE)
    return true
  }

  /** Lets the text of `log` end before `textEnd`. */
  #shorten(record: JsonRecord, textEnd: number): void {
    const { bytes, start } = this.#value
    record.rewrite(LOG, scratch => {
      scratch.copy(bytes, start, textEnd)
      scratch.byte(0x22)
    })
  }

  #misfit(bytes: Buffer, start: number, end: number, why: string, out: ByteWriter): false {
    this.#onMisfit()
    return writeMisfit(bytes, start, end, why, out)
  }
}

function streamOf({ bytes, start }: ValueSpan): string {
  // "stdout" or "stderr": there is no other.
  return bytes[start + 4] === 0x65 ? 'stderr' : 'stdout'
}

function timeOf({ bytes, start, end }: ValueSpan): number {
  return hasEscape(bytes, start, end) ? Number.NaN : parseIso8601(bytes, start + 1, end - 1)
}

/** `end` without the escape `\n` or `\r` before it: the letter, behind an odd number of backslashes. */
function withoutEscaped(letter: number, bytes: Buffer, start: number, end: number): number {
  if (end - start < 2 || bytes[end - 1] !== letter) return end
  let at = end - 2
  while (at >= start && bytes[at] === BACKSLASH) at--
  return (end - 2 - at) % 2 === 1 ? end - 2 : end
}
