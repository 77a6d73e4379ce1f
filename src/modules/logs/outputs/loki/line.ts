import { Kind, QUOTE } from '../../../../wire/json/bytes.ts'
import { type KeyPath, keyPathOf } from '../../../../wire/json/path.ts'
import type { JsonRecord } from '../../../../wire/json/record.ts'
import { ObjectScanner } from '../../../../wire/json/scan.ts'
import { ByteWriter } from '../../../../wire/json/writer.ts'
import { fieldPath } from '../../condition/field.ts'
import type { RecordView } from '../../template/template.ts'
import { unescapeInto } from '../message-field.ts'
import type { LokiConfig } from './config.ts'

/** Makes the line of a record. */
export class LineMaker {
  /** Whether the line is the record's own bytes, whatever is in it. */
  readonly isRecord: boolean
  readonly #message: KeyPath | undefined
  readonly #removed: readonly KeyPath[]
  readonly #keyValue: boolean
  readonly #single: LokiConfig['singleField']
  readonly #scanner = new ObjectScanner()

  constructor({ messageField, removeFields, format, singleField }: LokiConfig) {
    this.#message = messageField === undefined ? undefined : keyPathOf(fieldPath(messageField))
    this.#removed = removeFields.map(field => keyPathOf(fieldPath(field)))
    this.#keyValue = format === 'key_value'
    this.#single = singleField
    this.isRecord = !this.#message && this.#removed.length === 0 && !this.#keyValue && singleField === 'keep'
  }

  /** The line in memory of its own; undefined when it is the record as it stands. Edits the view's record. */
  make(view: RecordView): Buffer | undefined {
    const message = this.#message && view.find(this.#message)
    if (message && message.kind !== Kind.null) return textOf(message.bytes, message.start, message.end, true)
    const { record } = view
    if (!view.open()) return undefined
    for (const path of this.#removed) record.remove(path)
    const text = record.changed ? written(record) : undefined
    if (!this.#keyValue && this.#single === 'keep') return text
    const scanner = this.#scanner
    if (text) scanner.scan(text, 0, text.length)
    else scanner.scan(view.bytes, view.start, view.end)
    if (this.#single !== 'keep' && scanner.count === 1)
      return textOf(
        scanner.bytes as Buffer,
        scanner.valueStarts[0],
        scanner.valueEnds[0],
        this.#single === 'raw',
      )
    return this.#keyValue ? keyValues(scanner) : text
  }
}

function written(record: JsonRecord): Buffer {
  const out = new ByteWriter(record.end - record.start + 2)
  record.writeTo(out)
  return out.bytes.subarray(0, out.length)
}

/** A value as it stands, or a string's text. */
function textOf(bytes: Buffer, start: number, end: number, unquoted: boolean): Buffer {
  const text = Buffer.allocUnsafe(end - start)
  if (!unquoted || bytes[start] !== QUOTE) return text.subarray(0, bytes.copy(text, 0, start, end))
  return text.subarray(0, unescapeInto(bytes, start + 1, end - 1, text, 0))
}

/** `key="text" other=1` */
function keyValues({
  bytes,
  start,
  end,
  count,
  keyStarts,
  keyEnds,
  valueStarts,
  valueEnds,
}: ObjectScanner): Buffer {
  const out = new ByteWriter(end - start + 1)
  for (let member = 0; member < count; member++) {
    if (member > 0) out.byte(0x20)
    out.copy(bytes as Buffer, keyStarts[member], keyEnds[member])
    out.byte(0x3d)
    out.copy(bytes as Buffer, valueStarts[member], valueEnds[member])
  }
  return out.bytes.subarray(0, out.length)
}
