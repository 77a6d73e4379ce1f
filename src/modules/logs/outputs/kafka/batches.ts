import { hostname } from 'node:os'
import { type KeyPath, keyPathOf } from '../../../../wire/json/path.ts'
import { ByteWriter } from '../../../../wire/json/writer.ts'
import type { Slice } from '../../batch.ts'
import { readFieldPath } from '../../condition/field.ts'
import { compileTemplate, RecordView, type Template } from '../../template/template.ts'
import { RecordJson } from '../record-json.ts'
import type { KafkaConfig } from './config.ts'

/** One record as Kafka has it. The bytes are copies: they are sent later. */
export interface KafkaMessage {
  readonly ordinal: number
  readonly timeMs: number
  readonly key: Buffer | undefined
  readonly value: Buffer
  readonly headers: ReadonlyMap<Buffer, Buffer>
}

const NO_HEADERS: ReadonlyMap<Buffer, Buffer> = new Map()

/** Makes messages of records, by the options. */
export class MessageWriter {
  readonly json: RecordJson
  readonly #topic: Template
  readonly #key: Template | undefined
  readonly #headers: readonly (readonly [Buffer, Template])[]
  readonly #valueField: KeyPath | undefined
  readonly #plain: boolean

  constructor(config: KafkaConfig) {
    const context = { hostname: hostname() }
    this.json = new RecordJson(config.timeField)
    this.#plain = config.timeField === undefined
    this.#topic = compileTemplate(config.topic, {
      ...context,
      clean: text => text.replace(/[^A-Za-z0-9._-]/g, '_'),
    })
    if (config.key !== undefined) this.#key = compileTemplate(config.key, context)
    this.#headers = Object.entries(config.headers).map(([name, text]) => [
      Buffer.from(name),
      compileTemplate(text, context),
    ])
    if (config.valueField !== undefined) {
      const read = readFieldPath(config.valueField, 0)
      if ('problem' in read) throw new Error(`${config.valueField} is no field: ${read.problem}`)
      this.#valueField = keyPathOf(read.field)
    }
  }

  /** The messages of each topic, in order. Yields now and then. */
  *byTopic(slices: readonly Slice[]): Generator<void, Map<string, KafkaMessage[]>> {
    const topics = new Map<string, KafkaMessage[]>()
    const view = new RecordView()
    let ordinal = 0
    for (const { frame, from, to } of slices) {
      for (let i = from; i < to; i++) {
        view.at(frame.batch, i)
        const topic = this.#topic.render(view)!.slice(0, 249)
        let messages = topics.get(topic)
        if (messages === undefined) {
          messages = []
          topics.set(topic, messages)
        }
        messages.push(this.#message(view, ordinal))
        if (++ordinal % 64 === 0) yield
      }
    }
    return topics
  }

  #message(view: RecordView, ordinal: number): KafkaMessage {
    const key = this.#key?.render(view)
    let headers = NO_HEADERS
    if (this.#headers.length > 0) {
      const made = new Map<Buffer, Buffer>()
      for (const [name, template] of this.#headers) {
        const value = template.render(view)
        if (value !== undefined) made.set(name, Buffer.from(value))
      }
      headers = made
    }
    return {
      ordinal,
      timeMs: Math.max(0, Math.floor(view.timeMs)),
      key: key === undefined ? undefined : Buffer.from(key),
      value: this.#valueOf(view),
      headers,
    }
  }

  #valueOf(view: RecordView): Buffer {
    const text = this.#valueField && view.text(this.#valueField)
    if (text !== undefined) return Buffer.from(text)
    if (this.#plain) {
      const bytes = view.bytes.subarray(view.start, view.end)
      const value = this.json.text(bytes)
      return value === bytes ? Buffer.from(bytes) : value
    }
    const out = new ByteWriter(view.end - view.start + 64)
    this.json.write(view, out)
    return out.bytes.subarray(0, out.length)
  }
}
