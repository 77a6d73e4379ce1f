import { Kind } from '../../../../wire/json/bytes.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { ByteWriter } from '../../../../wire/json/writer.ts'
import type { RecordView, Template } from '../../template/template.ts'
import { unescapeInto } from '../message-field.ts'
import type { RedisConfig } from './config.ts'

/** Commands, one behind the other, as RESP. */
export class CommandWriter {
  readonly out: ByteWriter
  count = 0

  constructor(capacity: number) {
    this.out = new ByteWriter(capacity)
  }

  command(...parts: readonly string[]): void {
    this.begin(parts.length)
    for (const each of parts) this.part(each)
  }

  /** So many parts follow. */
  begin(parts: number): void {
    this.count++
    this.#head('*', parts)
  }

  part(text: string): void {
    const bytes = Buffer.from(text)
    this.bytes(bytes, 0, bytes.length)
  }

  bytes(source: Buffer, start: number, end: number): void {
    this.#head('$', end - start)
    this.out.copy(source, start, end)
    this.#end()
  }

  /** A JSON string's text; the quotes are not part of it. */
  unescaped(source: Buffer, start: number, end: number): void {
    if (source.subarray(start, end).indexOf(0x5c) < 0) {
      this.bytes(source, start, end)
      return
    }
    const text = Buffer.allocUnsafe(end - start)
    this.bytes(text, 0, unescapeInto(source, start, end, text, 0))
  }

  get written(): Buffer {
    return this.out.bytes.subarray(0, this.out.length)
  }

  #head(kind: '*' | '$', value: number): void {
    const { out } = this
    const text = `${kind}${value}\r\n`
    out.reserve(text.length)
    out.length += out.bytes.write(text, out.length, 'latin1')
  }

  #end(): void {
    this.out.byte(0x0d)
    this.out.byte(0x0a)
  }
}

/** Writes the command of one record. */
export type WriteCommand = (view: RecordView, commands: CommandWriter, nowMs: number) => void

export function commandOf(config: RedisConfig, key: Template): WriteCommand {
  const { as, entry, field, maxLength, maxAgeMs } = config
  if (as !== 'stream') {
    const verb = as === 'list' ? 'RPUSH' : 'PUBLISH'
    return (view, commands) => {
      commands.begin(3)
      commands.part(verb)
      commands.part(key.render(view)!)
      commands.bytes(view.bytes, view.start, view.end)
    }
  }
  const trimsBy = maxLength === undefined ? 'MINID' : 'MAXLEN'
  const trims = maxLength !== undefined || maxAgeMs !== undefined
  const value = new ValueSpan()
  return (view, commands, nowMs) => {
    const members = entry === 'fields' && view.open() ? view.record.count : 0
    commands.begin((trims ? 6 : 3) + 2 * Math.max(1, members))
    commands.part('XADD')
    commands.part(key.render(view)!)
    if (trims) {
      commands.part(trimsBy)
      commands.part('~')
      commands.part(String(maxLength ?? nowMs - maxAgeMs!))
    }
    commands.part('*')
    if (members === 0) {
      commands.part(field)
      commands.bytes(view.bytes, view.start, view.end)
      return
    }
    const { record } = view
    for (let i = 0; i < members; i++) {
      commands.part(record.nameAt(i)!)
      const { bytes, start, end, kind } = record.valueAt(i, value)
      if (kind === Kind.string) commands.unescaped(bytes, start + 1, end - 1)
      else commands.bytes(bytes, start, end)
    }
  }
}
