import { CLOSE_BRACE, COLON, Kind, OPEN_BRACE } from '../../../../wire/json/bytes.ts'
import { type Key, type KeyPath, keyOf, keyPathOf } from '../../../../wire/json/path.ts'
import type { ByteWriter } from '../../../../wire/json/writer.ts'
import { fieldPath } from '../../condition/field.ts'
import { compileTemplate, type RecordView, type Template } from '../../template/template.ts'
import type { RecordJson } from '../record-json.ts'
import type { SplunkConfig } from './config.ts'

/** What the collector calls the place that events are from, in its own words. */
export const META_NAMES = ['host', 'source', 'sourcetype', 'index'] as const

const TIME = keyPathOf(['time'])
const MESSAGE = 'message'
const LINE_FEED = 0x0a

/** Writes records as the collector wants them (Splunk, "Format events for HTTP Event Collector"). */
export class EventWriter {
  readonly #format: SplunkConfig['format']
  readonly #event: KeyPath | undefined
  readonly #meta: readonly { readonly name: string; readonly path: KeyPath; readonly template: Template }[]
  readonly #fields: readonly { readonly key: Key; readonly template: Template }[]
  readonly #json: RecordJson

  constructor(config: SplunkConfig, hostname: string, json: RecordJson) {
    const { format, eventField = format === 'raw' ? MESSAGE : undefined, fields } = config
    this.#format = format
    this.#event = eventField === undefined ? undefined : keyPathOf(fieldPath(eventField))
    this.#meta = META_NAMES.flatMap(name => {
      const text = config[name]
      return text === undefined
        ? []
        : [{ name, path: keyPathOf([name]), template: compileTemplate(text, { hostname }) }]
    })
    this.#fields = Object.entries(fields).map(([name, text]) => ({
      key: keyOf(name),
      template: compileTemplate(text, { hostname }),
    }))
    this.#json = json
  }

  /** For raw text, which has it in the URL: what is to be said of the record. */
  query(view: RecordView): string {
    const query = new URLSearchParams()
    for (const { name, template } of this.#meta) {
      const value = template.render(view)
      if (value) query.set(name, value)
    }
    return query.toString()
  }

  /** False for a record of which nothing would be left: the collector refuses such. */
  write(view: RecordView, out: ByteWriter): boolean {
    switch (this.#format) {
      case 'event':
        return this.#writeEvent(view, out)
      case 'envelope':
        return this.#writeEnvelope(view, out)
      case 'raw':
        return this.#writeLine(view, out)
    }
  }

  #writeEvent(view: RecordView, out: ByteWriter): boolean {
    out.byte(OPEN_BRACE)
    put(out, `"time":${seconds(view.timeMs)}`)
    for (const { name, template } of this.#meta) {
      const value = template.render(view)
      if (value) put(out, `,"${name}":${JSON.stringify(value.toWellFormed())}`)
    }
    this.#writeFields(view, out)
    put(out, ',"event":')
    const value = this.#event && view.find(this.#event)
    const isWhole = value === undefined || value.kind === Kind.null
    if (!isWhole && value.kind === Kind.string && value.end - value.start === 2) return false
    const { bytes, start, end } = isWhole ? view : value
    const text = this.#json.text(bytes.subarray(start, end))
    out.copy(text, 0, text.length)
    out.byte(CLOSE_BRACE)
    return true
  }

  #writeFields(view: RecordView, out: ByteWriter): void {
    let isFirst = true
    for (const { key, template } of this.#fields) {
      const value = template.render(view)
      if (value === undefined) continue
      put(out, isFirst ? ',"fields":{' : ',')
      isFirst = false
      out.copy(key.quoted, 0, key.quoted.length)
      out.byte(COLON)
      put(out, JSON.stringify(value.toWellFormed()))
    }
    if (!isFirst) out.byte(CLOSE_BRACE)
  }

  /** The record itself, with the time and what the options say where it does not say so itself. */
  #writeEnvelope(view: RecordView, out: ByteWriter): boolean {
    if (!view.open()) return false
    const { record } = view
    const values = this.#meta.map(({ path, template }) => [path, template.render(view)] as const)
    record.add(TIME, Buffer.from(seconds(view.timeMs)))
    for (const [path, value] of values)
      if (value) record.add(path, Buffer.from(JSON.stringify(value.toWellFormed())))
    const from = out.length
    record.writeTo(out)
    const text = this.#json.text(out.bytes.subarray(from, out.length))
    const copy = Buffer.from(text)
    out.length = from
    out.copy(copy, 0, copy.length)
    return true
  }

  #writeLine(view: RecordView, out: ByteWriter): boolean {
    const value = this.#event && view.find(this.#event)
    const text =
      value === undefined || value.kind === Kind.null
        ? this.#json.text(view.bytes.subarray(view.start, view.end))
        : Buffer.from(value.asText())
    if (text.length === 0) return false
    out.copy(text, 0, text.length)
    out.byte(LINE_FEED)
    return true
  }
}

/** Seconds since the epoch, with milliseconds. */
function seconds(timeMs: number): string {
  return (Math.max(0, timeMs) / 1000).toFixed(3)
}

function put(out: ByteWriter, text: string): void {
  const bytes = Buffer.from(text)
  out.copy(bytes, 0, bytes.length)
}
