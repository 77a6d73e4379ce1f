import { COLON } from '../../../wire/json/bytes.ts'
import type { JsonRecord } from '../../../wire/json/record.ts'
import type { ByteWriter } from '../../../wire/json/writer.ts'
import { type FieldOptions, FieldWriter } from './field-writer.ts'
import type { Format, OnMisfit } from './format.ts'
import { KeySet } from './key-set.ts'
import { writeMisfit } from './raw.ts'

const TAB = 0x09

/** Labelled tab-separated values: `label:value`, a tab between them. Of fields with the same label the first one counts. */
export class LtsvFormat implements Format {
  readonly timeMs = Number.NaN
  readonly #onMisfit: OnMisfit
  readonly #fields: FieldWriter
  readonly #keys = new KeySet()

  constructor(options: FieldOptions, onMisfit: OnMisfit) {
    this.#fields = new FieldWriter(options)
    this.#onMisfit = onMisfit
  }

  read(bytes: Buffer, start: number, end: number, _record: JsonRecord, out: ByteWriter): false {
    const begin = out.length
    const fields = this.#fields
    fields.begin()
    this.#keys.clear()
    for (let at = start; at <= end; ) {
      let labelEnd = at
      while (labelEnd < end && bytes[labelEnd] !== COLON && bytes[labelEnd] !== TAB) labelEnd++
      if (labelEnd === at && bytes[at] !== COLON && (at === end || bytes[at] === TAB)) {
        // Nothing between two tabs.
        at++
        continue
      }
      if (labelEnd === at || labelEnd === end || bytes[labelEnd] === TAB) {
        out.length = begin
        this.#onMisfit()
        return writeMisfit(bytes, start, end, `not LTSV: expected label:value at byte ${at - start + 1}`, out)
      }
      let valueEnd = labelEnd + 1
      while (valueEnd < end && bytes[valueEnd] !== TAB) valueEnd++
      if (this.#keys.add(bytes, at, labelEnd)) {
        fields.writeNamed(bytes, at, labelEnd, labelEnd + 1, valueEnd, out)
      }
      at = valueEnd + 1
    }
    fields.end(out)
    return false
  }
}
