import { QUOTE } from '../../../wire/json/bytes.ts'
import type { JsonRecord } from '../../../wire/json/record.ts'
import { ByteWriter } from '../../../wire/json/writer.ts'
import type { ParseTime } from '../../../wire/time/strptime.ts'
import { type Field, type FieldOptions, FieldWriter } from './field-writer.ts'
import type { Format, OnMisfit } from './format.ts'
import { writeMisfit } from './raw.ts'

export interface CsvOptions extends FieldOptions {
  readonly columns: readonly string[]
  /** One character of ASCII. */
  readonly delimiter?: string | undefined
  /** Lines that hold the names of the columns make no record. */
  readonly header?: boolean | undefined
  /** A line may end after so many values; else it must have all. */
  readonly atLeast?: number
  /** Reads the time of the record out of its first value; a line in which it cannot does not fit. */
  readonly parseTime?: ParseTime
}

/**
 * Comma-separated values (RFC 4180): a value in quotes may hold delimiters, line feeds and doubled quotes. A line that
 * has more or fewer values than there are columns does not fit.
 */
export class CsvFormat implements Format {
  timeMs = Number.NaN
  readonly readsWhole = true
  readonly #onMisfit: OnMisfit
  readonly #fields: FieldWriter
  readonly #columns: readonly Field[]
  readonly #delimiter: number
  readonly #header: boolean
  readonly #atLeast: number
  readonly #parseTime: ParseTime | undefined
  #count = 0
  /** Where the values lie: in the line, or in `#unquoted` when they had doubled quotes (then the start is below 0). */
  readonly #starts: Int32Array
  readonly #ends: Int32Array
  readonly #unquoted = new ByteWriter(256)

  constructor(options: CsvOptions, onMisfit: OnMisfit) {
    this.#fields = new FieldWriter(options)
    this.#columns = options.columns.map(name => this.#fields.field(name))
    this.#delimiter = (options.delimiter ?? ',').charCodeAt(0)
    this.#header = options.header ?? false
    this.#atLeast = options.atLeast ?? options.columns.length
    this.#parseTime = options.parseTime
    this.#starts = new Int32Array(options.columns.length)
    this.#ends = new Int32Array(options.columns.length)
    this.#onMisfit = onMisfit
  }

  read(
    bytes: Buffer,
    start: number,
    end: number,
    _record: JsonRecord,
    out: ByteWriter,
    nowMs: number,
  ): false {
    const problem = this.#split(bytes, start, end) ?? this.#timeProblem(bytes, nowMs)
    if (problem !== undefined) {
      this.#onMisfit()
      return writeMisfit(bytes, start, end, `not CSV: ${problem}`, out)
    }
    if (this.#header && this.#isHeader(bytes)) return false
    this.#fields.begin()
    for (let index = 0; index < this.#count; index++) {
      const [source, from, to] = this.#value(bytes, index)
      this.#fields.write(this.#columns[index], source, from, to, out)
    }
    this.#fields.end(out)
    return false
  }

  /** Finds the values; what is wrong with the line when it does not have one for each column. */
  #split(bytes: Buffer, start: number, end: number): string | undefined {
    const wanted = this.#columns.length
    let count = 0
    this.#unquoted.length = 0
    for (let at = start; ; at++) {
      if (count === wanted) return `expected ${wanted} values, got more at byte ${at - start + 1}`
      if (at < end && bytes[at] === QUOTE) {
        at = this.#readQuoted(bytes, at, end, count)
        if (at < 0) return 'expected a closing quote'
        if (at < end && bytes[at] !== this.#delimiter)
          return `expected a delimiter behind the closing quote at byte ${at - start + 1}`
      } else {
        this.#starts[count] = at
        while (at < end && bytes[at] !== this.#delimiter) at++
        this.#ends[count] = at
      }
      count++
      if (at >= end) break
    }
    this.#count = count
    return count >= this.#atLeast ? undefined : `expected ${wanted} values, got ${count}`
  }

  #timeProblem(bytes: Buffer, nowMs: number): string | undefined {
    if (this.#parseTime === undefined) return undefined
    const [source, start, end] = this.#value(bytes, 0)
    this.timeMs = this.#parseTime(source, start, end, nowMs)
    return Number.isNaN(this.timeMs) ? 'expected a time in the first value' : undefined
  }

  /** The position behind the closing quote, or -1. */
  #readQuoted(bytes: Buffer, open: number, end: number, index: number): number {
    const unquoted = this.#unquoted
    const begin = unquoted.length
    let from = open + 1
    for (let at = from; ; at++) {
      while (at < end && bytes[at] !== QUOTE) at++
      if (at >= end) return -1
      if (at + 1 < end && bytes[at + 1] === QUOTE) {
        unquoted.copy(bytes, from, at + 1)
        from = ++at + 1
        continue
      }
      if (unquoted.length === begin) {
        this.#starts[index] = from
        this.#ends[index] = at
      } else {
        unquoted.copy(bytes, from, at)
        this.#starts[index] = -1 - begin
        this.#ends[index] = unquoted.length
      }
      return at + 1
    }
  }

  #value(bytes: Buffer, index: number): readonly [source: Buffer, start: number, end: number] {
    const start = this.#starts[index]
    const end = this.#ends[index]
    return start < 0 ? [this.#unquoted.bytes, -1 - start, end] : [bytes, start, end]
  }

  #isHeader(bytes: Buffer): boolean {
    return this.#columns.every(({ name }, index) => {
      const [source, start, end] = this.#value(bytes, index)
      return source.toString('utf8', start, end) === name
    })
  }
}
