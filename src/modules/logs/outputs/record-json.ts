import { isUtf8 } from 'node:buffer'
import { type KeyPath, keyPathOf } from '../../../wire/json/path.ts'
import type { ByteWriter } from '../../../wire/json/writer.ts'
import { compileStrftime, type FormatTime } from '../../../wire/time/strftime.ts'
import type { RecordView } from '../template/template.ts'
import type { TimeField } from './time-field-config.ts'

const forms: Readonly<Record<TimeField['format'], string>> = {
  double: '%s.%6N',
  epoch: '%s',
  epoch_ms: '%s%L',
  iso8601: '"%Y-%m-%dT%H:%M:%S.%6NZ"',
  java_sql_timestamp: '"%Y-%m-%d %H:%M:%S.%6N"',
}

/** Writes records as JSON in UTF-8, with their time where that is wished. */
export class RecordJson {
  /** Records whose bytes had to be replaced because they are not UTF-8. */
  replaced = 0

  readonly #time: { readonly key: Buffer; readonly path: KeyPath; readonly format: FormatTime } | undefined

  constructor(time: TimeField | undefined) {
    if (time === undefined) return
    const format = compileStrftime(forms[time.format])
    if (typeof format !== 'function') throw new Error(`${forms[time.format]} is no form of a time`)
    this.#time = { key: Buffer.from(JSON.stringify(time.field)), path: keyPathOf([time.field]), format }
  }

  write(view: RecordView, out: ByteWriter): void {
    const text = this.text(view.bytes.subarray(view.start, view.end))
    const head = this.#headOf(view, text)
    if (head === undefined) {
      out.copy(text, 0, text.length)
      return
    }
    let from = 0
    while (text[from] !== 0x7b) from++
    from++
    while (text[from] <= 0x20) from++
    const prefix = Buffer.from(text[from] === 0x7d ? `{${head}` : `{${head},`)
    out.copy(prefix, 0, prefix.length)
    out.copy(text, from, text.length)
  }

  /** The bytes themselves, or what is left of them as UTF-8. */
  text(bytes: Buffer): Buffer {
    if (isUtf8(bytes)) return bytes
    this.replaced++
    return Buffer.from(bytes.toString())
  }

  #headOf(view: RecordView, text: Buffer): string | undefined {
    const time = this.#time
    if (time === undefined) return undefined
    if (text.includes(time.key) && view.find(time.path) !== undefined) return undefined
    return view.open() ? `${time.key.toString()}:${time.format(view.timeMs)}` : undefined
  }
}
