import { isUtf8 } from 'node:buffer'
import { ObjectScanner } from '../../../../wire/json/scan.ts'
import type { Batch, Slice } from '../../batch.ts'
import { countBytes, countRecords } from '../selection.ts'
import type { DatedName } from './dated-name.ts'

/** How records become lines of a `_bulk` body. */
export interface BulkPlan {
  readonly op: 'create' | 'index'
  /** The index by the record's date; absent when the URL names it. */
  readonly index?: DatedName
  /** Gives each record the `_id` `<spoolId>-<frame>-<record>`; absent: the server makes one. */
  readonly spoolId?: string
}

/** The bytes that a body has beyond those of its records, at most, for each record. */
export function overheadBytes(plan: BulkPlan): number {
  const id = plan.spoolId === undefined ? 0 : plan.spoolId.length + sequenceDigits + ordinalDigits + 10
  const index = plan.index === undefined ? 0 : plan.index.length + 12
  return plan.op.length + 8 + id + index + timestampBytes + 1
}

const ordinalDigits = 6
const sequenceDigits = 12
/** `"@timestamp":"2026-11-22T15:12:53.123Z",` */
const timestampBytes = 40
const lastTimeMs = 253_402_300_799_999

const timestampKey = Buffer.from('"@timestamp"')
const lineFeed = 0x0a
const openBrace = 0x7b
const closeBrace = 0x7d

/**
 * One `_bulk` request body: for each record an action line and the record, which gets a `@timestamp` in front
 * when it has none. The bytes of records are copied, never parsed; those that are not UTF-8 become U+FFFD.
 *
 * What stands before a record (the action, the timestamp) changes little from one to the next: it is kept as
 * bytes, in which only the milliseconds and the ordinal are overwritten.
 */
export class BulkBody {
  /** Records whose bytes had to be replaced because they are not UTF-8. */
  replaced = 0

  readonly #plan: BulkPlan
  #body: Buffer
  #length = 0

  #head: Buffer = Buffer.alloc(0)
  /** Where the parts of the head that change are. */
  #actionBytes = 0
  #millisecondsAt = 0
  #ordinalAt = 0
  /** What the head was made for. */
  #second = Number.NaN
  #timeMs = Number.NaN
  #sequence = -1

  #scanner: ObjectScanner | undefined
  /** Room in the body that was not reserved for any record. */
  #spare = 0

  /** `memory` gives room of at least so many bytes. */
  constructor(
    plan: BulkPlan,
    slices: readonly Slice[],
    memory: (bytes: number) => Buffer = Buffer.allocUnsafeSlow,
  ) {
    this.#plan = plan
    this.#body = memory(countBytes(slices) + countRecords(slices) * overheadBytes(plan))
  }

  /** Appends the records of a slice. */
  add({ frame, from, to }: Slice): void {
    if (from >= to) return
    const { batch } = frame
    if (this.#sequence !== frame.sequence) {
      this.#sequence = frame.sequence
      this.#forgetHead()
    }
    const first = batch.starts[from]
    const region = batch.bytes.subarray(first, batch.ends[to - 1])
    const plain = isUtf8(region)
    const hit = region.indexOf(timestampKey)
    if (plain && hit < 0) this.#addPlain(batch, from, to)
    else this.#addChecked(batch, from, to, plain, hit < 0 ? Number.POSITIVE_INFINITY : first + hit)
  }

  /** What has been added. */
  bytes(): Buffer {
    return this.#body.subarray(0, this.#length)
  }

  /** All of the memory that `bytes()` lies in. */
  get memory(): Buffer {
    return this.#body
  }

  /** Records that are known to be UTF-8 and without a timestamp. */
  #addPlain(batch: Batch, from: number, to: number): void {
    const { bytes, starts, ends, timesMs } = batch
    const body = this.#body
    let at = this.#length
    for (let i = from; i < to; i++) {
      const start = starts[i]
      const end = ends[i]
      this.#turnHeadTo(timesMs[i], i)
      at += this.#head.copy(body, at)
      if (bytes[start] !== openBrace || bytes[start + 1] <= 0x20 || bytes[start + 1] === closeBrace) {
        at = copyOddObject(bytes, start, end, body, at)
      } else {
        at += bytes.copy(body, at, start + 1, end)
      }
      body[at++] = lineFeed
    }
    this.#length = at
  }

  /** The same when each record has to be looked at. `hit` is the first place of a timestamp key in the batch, in a record or not. */
  #addChecked(batch: Batch, from: number, to: number, plain: boolean, hit: number): void {
    for (let i = from; i < to; i++) {
      let { bytes } = batch
      let start = batch.starts[i]
      let end = batch.ends[i]
      if (hit < start) hit = nextHit(bytes, start)
      this.#turnHeadTo(batch.timesMs[i], i)
      const stamped = hit < end && this.#isMember(bytes, start, end, hit)
      if (!plain && !isUtf8(bytes.subarray(start, end))) {
        bytes = Buffer.from(bytes.toString('utf8', start, end))
        start = 0
        end = bytes.length
        this.replaced++
        this.#reserve(end - (batch.ends[i] - batch.starts[i]))
      }
      if (stamped) this.#appendAsIs(bytes, start, end)
      else this.#appendStamped(bytes, start, end)
    }
  }

  #appendAsIs(bytes: Buffer, start: number, end: number): void {
    this.#length += this.#head.copy(this.#body, this.#length, 0, this.#actionBytes)
    this.#length += bytes.copy(this.#body, this.#length, start, end)
    this.#body[this.#length++] = lineFeed
  }

  #appendStamped(bytes: Buffer, start: number, end: number): void {
    this.#length += this.#head.copy(this.#body, this.#length)
    this.#length = copyOddObject(bytes, start, end, this.#body, this.#length)
    this.#body[this.#length++] = lineFeed
  }

  /** Whether the key found at `hit` is one of the object's own, not of a nested one and not a piece of a string. */
  #isMember(bytes: Buffer, start: number, end: number, hit: number): boolean {
    if (hit === start + 1) return true
    const scanner = (this.#scanner ??= new ObjectScanner())
    if (!scanner.scan(bytes, start, end)) return false
    const length = timestampKey.length - 2
    for (let i = 0; i < scanner.count; i++) {
      const key = scanner.keyStarts[i]
      if (
        scanner.keyEnds[i] - key === length &&
        timestampKey.compare(bytes, key - 1, key + length + 1) === 0
      ) {
        return true
      }
    }
    return false
  }

  /** Replacement characters are longer than what they replace: makes room beyond what the record had. */
  #reserve(extra: number): void {
    if (extra > this.#spare) {
      const more = extra + (this.#body.length >>> 3)
      const grown = Buffer.allocUnsafeSlow(this.#body.length + more)
      this.#body.copy(grown, 0, 0, this.#length)
      this.#body = grown
      this.#spare += more
    }
    this.#spare -= extra
  }

  /** The next record's time is then taken for a new one. */
  #forgetHead(): void {
    this.#second = Number.NaN
    this.#timeMs = Number.NaN
  }

  #turnHeadTo(timeMs: number, ordinal: number): void {
    if (timeMs !== this.#timeMs) this.#turnTime(timeMs)
    if (this.#ordinalAt > 0) writeOrdinal(this.#head, this.#ordinalAt, ordinal)
  }

  #turnTime(timeMs: number): void {
    const sane = timeMs >= 0 && timeMs <= lastTimeMs ? Math.trunc(timeMs) : 0
    const second = Math.floor(sane / 1000)
    if (second !== this.#second) this.#makeHead(sane, second)
    const head = this.#head
    const milliseconds = sane - second * 1000
    head[this.#millisecondsAt] = 0x30 + ((milliseconds / 100) | 0)
    head[this.#millisecondsAt + 1] = 0x30 + (((milliseconds / 10) | 0) % 10)
    head[this.#millisecondsAt + 2] = 0x30 + (milliseconds % 10)
    this.#timeMs = timeMs
  }

  #makeHead(timeMs: number, second: number): void {
    const { op, index, spoolId } = this.#plan
    const fields: string[] = []
    if (index) fields.push(`"_index":"${index.at(timeMs)}"`)
    let ordinalAt = 0
    if (spoolId !== undefined) {
      fields.push(`"_id":"${spoolId}-${this.#sequence.toString(36)}-`)
      ordinalAt = `{"${op}":{${fields.join(',')}`.length
      fields.push(`${fields.pop()}${'0'.repeat(ordinalDigits)}"`)
    }
    const action = `{"${op}":{${fields.join(',')}}}\n`
    const head = `${action}{"@timestamp":"${new Date(timeMs).toISOString()}",`
    this.#head = Buffer.from(head, 'latin1')
    this.#actionBytes = action.length
    this.#millisecondsAt = head.length - 6
    this.#ordinalAt = ordinalAt
    this.#second = second
  }
}

/** Copies an object without its opening brace, over the comma in front of it when it is empty. Returns where the copy ends. */
function copyOddObject(bytes: Buffer, start: number, end: number, body: Buffer, at: number): number {
  let from = start
  while (from < end && bytes[from] <= 0x20) from++
  from++
  while (from < end && bytes[from] <= 0x20) from++
  const to = bytes[from] === closeBrace ? at - 1 : at
  return to + bytes.copy(body, to, from, end)
}

function nextHit(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(timestampKey, from)
  return at < 0 ? Number.POSITIVE_INFINITY : at
}

/** Fixed width, so that it can be overwritten in place; a frame holds fewer than 16 million records. */
function writeOrdinal(head: Buffer, at: number, ordinal: number): void {
  let rest = ordinal
  for (let i = at + ordinalDigits - 1; i >= at; i--) {
    const digit = rest & 15
    head[i] = digit < 10 ? 0x30 + digit : 0x57 + digit
    rest >>>= 4
  }
}
