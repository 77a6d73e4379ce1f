import { Kind } from '../../../../wire/json/bytes.ts'
import { type KeyPath, keyPathOf } from '../../../../wire/json/path.ts'
import type { ByteWriter } from '../../../../wire/json/writer.ts'
import { fieldPath } from '../../condition/field.ts'
import { compileTemplate, type RecordView, type Template } from '../../template/template.ts'
import type { RecordJson } from '../record-json.ts'
import type { DatadogConfig } from './config.ts'

const tagsPath = keyPathOf(['ddtags'])
const [messageKey] = keyPathOf(['message'])

/** Writes records as the intake wants them: with the attributes that Datadog gives a meaning to. */
export class EntryWriter {
  readonly #attributes: readonly (readonly [KeyPath, Template])[]
  readonly #tags: readonly Template[]
  readonly #message: KeyPath
  readonly #timePath: KeyPath
  readonly #json: RecordJson

  constructor(config: DatadogConfig, hostname: string, json: RecordJson) {
    const compiled = (text: string) => compileTemplate(text, { hostname })
    const { service, source, host, ddTags, messageField, timeField, tagField } = config
    const attributes = Object.entries({
      service,
      ddsource: source,
      hostname: host,
      ...(tagField === undefined ? {} : { [tagField]: '{$tag}' }),
    })
    this.#attributes = attributes.flatMap(([name, text]) =>
      text === undefined ? [] : [[keyPathOf([name]), compiled(text)] as const],
    )
    this.#tags = ddTags.map(compiled)
    this.#message = keyPathOf(fieldPath(messageField))
    this.#timePath = keyPathOf([timeField])
    this.#json = json
  }

  write(view: RecordView, out: ByteWriter): void {
    if (!view.open()) {
      this.#json.write(view, out)
      return
    }
    const { record } = view
    // What a record brings is read before anything of it is changed.
    const attributes = this.#attributes.map(([path, template]) => [path, template.render(view)] as const)
    const tags = this.#tags.flatMap(template => template.render(view) || [])
    const known = view.find(tagsPath)
    if (known?.kind === Kind.string && known.text() !== '') tags.unshift(known.text())
    if (this.#message[0].text !== 'message' || this.#message.length > 1) this.#moveMessage(view)
    for (const [path, value] of attributes) if (value !== undefined) record.set(path, literal(value))
    if (this.#tags.length > 0 && tags.length > 0) record.set(tagsPath, literal(tags.join(',')))
    record.add(this.#timePath, Buffer.from(String(Math.trunc(view.timeMs))))
    const start = out.length
    record.writeTo(out)
    const written = out.bytes.subarray(start, out.length)
    const text = this.#json.text(written)
    if (text === written) return
    out.length = start
    out.copy(text, 0, text.length)
  }

  #moveMessage(view: RecordView): void {
    const path = this.#message
    if (path.length === 1) {
      if (view.record.find(path[0]) >= 0) view.record.rename(path, messageKey)
      return
    }
    // A nested field is copied: the object around it stays as it is.
    const value = view.find(path)
    if (value) view.record.set([messageKey], Buffer.from(value.bytes.subarray(value.start, value.end)))
  }
}

function literal(text: string): Buffer {
  return Buffer.from(JSON.stringify(text.toWellFormed()))
}
