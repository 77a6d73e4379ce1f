import type { LongWork } from '../../../../kernel/long-work.ts'
import { CLOSE_BRACKET, COMMA, OPEN_BRACKET, skipSpace } from '../../../../wire/json/bytes.ts'
import { ObjectScanner } from '../../../../wire/json/scan.ts'
import type { ByteWriter } from '../../../../wire/json/writer.ts'
import { Refused } from './refusal.ts'

/** How many records one request may bring. */
export const MAX_RECORDS = 100_000

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
/** So many bytes of JSON make a step. */
const STEP_BYTES = 16 * 1024

/** Where the objects of a body stand. */
export interface JsonRecords {
  readonly count: number
  readonly starts: Uint32Array
  readonly ends: Uint32Array
}

/**
 * Finds the records of a body that is one JSON object, an array of them, or objects one after the other (NDJSON, or with
 * nothing in between). They are verified, not parsed. Throws Refused with the place of the first fault.
 */
export function* splitJson(bytes: Buffer): LongWork<JsonRecords> {
  const scanner = new ObjectScanner()
  const end = bytes.length
  let at = skipSpace(bytes, byteOrderMark(bytes), end)
  const isArray = bytes[at] === OPEN_BRACKET
  if (isArray) at = skipSpace(bytes, at + 1, end)
  let starts = new Uint32Array(16)
  let ends = new Uint32Array(16)
  let count = 0
  let stepEnd = at + STEP_BYTES
  for (let first = true; at < end && !(isArray && first && bytes[at] === CLOSE_BRACKET); first = false) {
    if (!scanner.scanFirst(bytes, at, end)) throw malformed(scanner.error, scanner.errorAt, count)
    if (count === MAX_RECORDS)
      throw new Refused('too_large', 413, `a request may bring ${MAX_RECORDS} records`)
    if (count === starts.length) {
      starts = doubled(starts)
      ends = doubled(ends)
    }
    starts[count] = scanner.start
    ends[count++] = scanner.end
    at = skipSpace(bytes, scanner.end, end)
    if (isArray) {
      if (bytes[at] !== COMMA) break
      at = skipSpace(bytes, at + 1, end)
    }
    if (at >= stepEnd) {
      yield
      stepEnd = at + STEP_BYTES
    }
  }
  if (isArray) {
    if (at >= end || bytes[at] !== CLOSE_BRACKET) throw malformed('"," or "]" after an object', at, count)
    at = skipSpace(bytes, at + 1, end)
    if (at < end) throw malformed('the end of the body', at, count)
  }
  return { count, starts, ends }
}

/** Appends a verified piece of JSON on one line: line ends stand only between its tokens. */
export function copyOnOneLine(out: ByteWriter, bytes: Buffer, start: number, end: number): void {
  const from = out.length
  out.copy(bytes, start, end)
  const record = out.bytes.subarray(from, out.length)
  for (let at = record.indexOf(LINE_FEED); at >= 0; at = record.indexOf(LINE_FEED, at)) {
    record[at] = SPACE
    if (at > 0 && record[at - 1] === CARRIAGE_RETURN) record[at - 1] = SPACE
  }
}

function malformed(expected: string, at: number, record: number): Refused {
  return new Refused('malformed', 400, `the body is not JSON: expected ${expected} at byte ${at + 1}`, {
    record,
  })
}

/** UTF-8's mark, which some Windows programs put in front, is none of JSON's. */
function byteOrderMark(bytes: Buffer): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
}

function doubled(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(column.length * 2)
  larger.set(column)
  return larger
}
