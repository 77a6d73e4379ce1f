import type { JsonRecord } from '../../../wire/json/record.ts'
import type { ByteWriter } from '../../../wire/json/writer.ts'
import type { Format, OnMisfit } from './format.ts'
import { writeMisfit } from './raw.ts'

/** The line is a JSON object and stays as it is; it is verified, not parsed. */
export class JsonFormat implements Format {
  readonly timeMs = Number.NaN
  readonly #onMisfit: OnMisfit

  constructor(onMisfit: OnMisfit) {
    this.#onMisfit = onMisfit
  }

  read(bytes: Buffer, start: number, end: number, record: JsonRecord, out: ByteWriter): boolean {
    if (record.open(bytes, start, end)) return true
    this.#onMisfit()
    return writeMisfit(bytes, start, end, whyNotObject(record, start), out)
  }
}

/** What a refused line lacks, for people: `not a JSON object: expected ":" after a key at byte 6`. */
export function whyNotObject(record: JsonRecord, start: number): string {
  return `not a JSON object: expected ${record.error} at byte ${record.errorAt - start + 1}`
}
