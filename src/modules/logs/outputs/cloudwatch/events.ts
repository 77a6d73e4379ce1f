import { isUtf8 } from 'node:buffer'
import { Kind } from '../../../../wire/json/bytes.ts'
import { hasEscape, type ValueSpan } from '../../../../wire/json/value.ts'
import type { Slice } from '../../batch.ts'
import { MessageField } from '../message-field.ts'

/** The rules for one PutLogEvents call (its API reference). */
export const putRules = {
  /** Of the sum of all messages as UTF-8, plus `eventOverheadBytes` each. */
  maxBytes: 1_048_576,
  eventOverheadBytes: 26,
  maxEvents: 10_000,
  maxSpanMs: 24 * 60 * 60 * 1000,
} as const

/** One PutLogEvents call: events in ascending order of time. */
export interface PutCall {
  /** The place of each event's record among all records of the send. */
  readonly ordinals: readonly number[]
  /** `[{"timestamp":…,"message":"…"},…]` */
  readonly events: string
}

/** Takes records in and cuts them into calls that keep the rules. */
export class Events {
  /** Records that are larger than an event may be. */
  readonly tooLarge: number[] = []
  /** Records whose bytes had to be replaced because they are not UTF-8. */
  replaced = 0

  readonly #field: MessageField | undefined
  readonly #maxEventBytes: number
  readonly #timesMs: number[] = []
  readonly #ordinals: number[] = []
  readonly #sizes: number[] = []
  /** Messages as JSON string literals. */
  readonly #literals: string[] = []
  #next = 0
  #sorted = true

  /** `messageField`: the record's field that is the message; absent: the record as a whole. */
  constructor(messageField: string | undefined, maxEventBytes: number) {
    this.#field = messageField === undefined ? undefined : new MessageField(messageField)
    this.#maxEventBytes = Math.min(maxEventBytes, putRules.maxBytes - putRules.eventOverheadBytes)
  }

  /** `first`: the place of the first record among all of the send; behind those of the last call unless given. */
  add({ frame, from, to }: Slice, first: number = this.#next): void {
    const { bytes, starts, ends, timesMs } = frame.batch
    this.#next = first
    for (let i = from; i < to; i++) {
      const ordinal = this.#next++
      const value = this.#field?.find(bytes, starts[i], ends[i])
      if (value && !isEmptyText(value)) this.#addValue(value, timesMs[i], ordinal)
      else this.#addText(bytes, starts[i], ends[i], timesMs[i], ordinal)
    }
  }

  /** All events in as few calls as the rules allow. */
  calls(): PutCall[] {
    const order = this.#order()
    const calls: PutCall[] = []
    let ordinals: number[] = []
    let events = ''
    let bytes = 0
    let firstMs = 0
    const close = () => {
      if (ordinals.length > 0) calls.push({ ordinals, events: `[${events}]` })
      ordinals = []
      events = ''
      bytes = 0
    }
    for (const at of order) {
      const timeMs = this.#timesMs[at]
      const size = this.#sizes[at] + putRules.eventOverheadBytes
      const full =
        bytes + size > putRules.maxBytes ||
        ordinals.length === putRules.maxEvents ||
        timeMs - firstMs > putRules.maxSpanMs
      if (full) close()
      if (ordinals.length === 0) firstMs = timeMs
      else events += ','
      events += `{"timestamp":${timeMs},"message":${this.#literals[at]}}`
      ordinals.push(this.#ordinals[at])
      bytes += size
    }
    close()
    return calls
  }

  /** A string's text is sent without its quotes, anything else as its JSON. */
  #addValue(value: ValueSpan, timeMs: number, ordinal: number): void {
    const { bytes, start, end } = value
    if (value.kind !== Kind.string) {
      this.#addText(bytes, start, end, timeMs, ordinal)
      return
    }
    const literal = bytes.toString('utf8', start, end)
    const whole = isUtf8(bytes.subarray(start, end))
    if (!whole) this.replaced++
    const size =
      whole && !hasEscape(bytes, start, end)
        ? end - start - 2
        : Buffer.byteLength(JSON.parse(literal) as string)
    this.#push(literal, size, timeMs, ordinal)
  }

  #addText(bytes: Buffer, start: number, end: number, timeMs: number, ordinal: number): void {
    const text = bytes.toString('utf8', start, end)
    const whole = isUtf8(bytes.subarray(start, end))
    if (!whole) this.replaced++
    this.#push(JSON.stringify(text), whole ? end - start : Buffer.byteLength(text), timeMs, ordinal)
  }

  #push(literal: string, size: number, time: number, ordinal: number): void {
    if (size > this.#maxEventBytes) {
      this.tooLarge.push(ordinal)
      return
    }
    const timeMs = time >= 0 ? Math.trunc(time) : 0
    const last = this.#timesMs.length - 1
    if (last >= 0 && timeMs < this.#timesMs[last]) this.#sorted = false
    this.#timesMs.push(timeMs)
    this.#ordinals.push(ordinal)
    this.#sizes.push(size)
    this.#literals.push(literal)
  }

  /** Ascending in time; records of the same moment keep their order. */
  #order(): Iterable<number> {
    const order = this.#timesMs.keys()
    return this.#sorted ? order : [...order].sort((a, b) => this.#timesMs[a] - this.#timesMs[b] || a - b)
  }
}

/** An event without text is refused by the service. */
function isEmptyText(value: ValueSpan): boolean {
  return value.kind === Kind.string && value.end - value.start === 2
}
