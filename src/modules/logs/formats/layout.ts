import { BACKSLASH, DIGIT, QUOTE } from '../../../wire/json/bytes.ts'
import type { JsonRecord } from '../../../wire/json/record.ts'
import { ByteWriter } from '../../../wire/json/writer.ts'
import type { ParseTime } from '../../../wire/time/strptime.ts'
import { type Field, type FieldType, FieldWriter, fieldOf } from './field-writer.ts'
import type { Format, OnMisfit } from './format.ts'
import { writeMisfit } from './raw.ts'

/** What stands in a line of an access log, between single blanks. `-` means that there is nothing. */
export type Piece =
  /** A word; one that must be a number makes the line a misfit when it is none. */
  | { readonly kind: 'word'; readonly field: Field }
  /** `"…"`, with escapes. */
  | { readonly kind: 'quoted'; readonly field: Field }
  /** `[…]`. */
  | { readonly kind: 'time' }
  /** `"METHOD path PROTOCOL"`; text that is not that becomes `request`. */
  | { readonly kind: 'request' }

export interface Layout {
  readonly pieces: readonly Piece[]
  /** A line may end before the piece with this index. */
  readonly optionalFrom?: number
}

export function word(name: string, type: FieldType = 'string'): Piece {
  return { kind: 'word', field: fieldOf(name, type) }
}

export function quoted(name: string): Piece {
  return { kind: 'quoted', field: fieldOf(name) }
}

const TIME = fieldOf('time')
const METHOD = fieldOf('method')
const PATH = fieldOf('path')
const PROTOCOL = fieldOf('protocol')
const REQUEST = fieldOf('request')
const EXTRA = fieldOf('extra')
const SPACE = 0x20
const DASH = 0x2d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** Reads lines of a fixed order of words and quoted texts, without a regular expression. */
export class LayoutFormat implements Format {
  timeMs = Number.NaN
  readonly #what: string
  readonly #layouts: readonly Layout[]
  readonly #parseTime: ParseTime
  readonly #onMisfit: OnMisfit
  readonly #fields = new FieldWriter()
  readonly #unescaped = new ByteWriter(256)
  /** Where the line just read does not fit. */
  #errorAt = 0

  /** `layouts` are tried in their order; `what` names the log for people. */
  constructor(what: string, layouts: readonly Layout[], parseTime: ParseTime, onMisfit: OnMisfit) {
    this.#what = what
    this.#layouts = layouts
    this.#parseTime = parseTime
    this.#onMisfit = onMisfit
  }

  read(
    bytes: Buffer,
    start: number,
    end: number,
    _record: JsonRecord,
    out: ByteWriter,
    nowMs: number,
  ): false {
    const begin = out.length
    let errorAt = start
    for (const layout of this.#layouts) {
      this.timeMs = Number.NaN
      this.#fields.begin()
      if (this.#readLayout(layout, bytes, start, end, out, nowMs)) {
        this.#fields.end(out)
        return false
      }
      out.length = begin
      errorAt = Math.max(errorAt, this.#errorAt)
    }
    this.timeMs = Number.NaN
    this.#onMisfit()
    return writeMisfit(bytes, start, end, `not ${this.#what} at byte ${errorAt - start + 1}`, out)
  }

  #readLayout(
    { pieces, optionalFrom = pieces.length }: Layout,
    bytes: Buffer,
    start: number,
    end: number,
    out: ByteWriter,
    nowMs: number,
  ): boolean {
    let at = start
    for (let i = 0; i < pieces.length; i++) {
      if (i > 0) {
        if (at === end && i >= optionalFrom) return true
        if (at >= end || bytes[at] !== SPACE) return this.#refuse(at)
        at++
      }
      at = this.#readPiece(pieces[i], bytes, at, end, out, nowMs)
      if (at < 0) return false
    }
    while (at < end && bytes[at] === SPACE) at++
    if (at < end) this.#fields.write(EXTRA, bytes, at, end, out)
    return true
  }

  /** The position behind the piece, or -1. */
  #readPiece(piece: Piece, bytes: Buffer, at: number, end: number, out: ByteWriter, nowMs: number): number {
    if (piece.kind === 'word') return this.#readWord(piece.field, bytes, at, end, out)
    if (piece.kind === 'time') return this.#readTime(bytes, at, end, out, nowMs)
    const close = at < end && bytes[at] === QUOTE ? closingQuote(bytes, at + 1, end) : -1
    if (close < 0) {
      this.#errorAt = at
      return -1
    }
    if (piece.kind === 'request') this.#writeRequest(bytes, at + 1, close, out)
    else this.#writeQuoted(piece.field, bytes, at + 1, close, out)
    return close + 1
  }

  #readWord(field: Field, bytes: Buffer, from: number, end: number, out: ByteWriter): number {
    let at = from
    let digits = true
    for (; at < end && bytes[at] !== SPACE; at++) if (DIGIT[bytes[at]] === 0) digits = false
    const nothing = at === from + 1 && bytes[from] === DASH
    if (at === from || (field.type === 'integer' && !digits && !nothing)) {
      this.#errorAt = from
      return -1
    }
    if (!nothing) this.#fields.write(field, bytes, from, at, out)
    return at
  }

  #readTime(bytes: Buffer, open: number, end: number, out: ByteWriter, nowMs: number): number {
    const close = bytes[open] === OPEN_BRACKET ? bytes.indexOf(CLOSE_BRACKET, open) : -1
    this.#errorAt = open
    if (close < 0 || close >= end) return -1
    this.timeMs = this.#parseTime(bytes, open + 1, close, nowMs)
    if (Number.isNaN(this.timeMs)) return -1
    this.#fields.write(TIME, bytes, open + 1, close, out)
    return close + 1
  }

  #writeQuoted(field: Field, bytes: Buffer, start: number, end: number, out: ByteWriter): void {
    if (end === start + 1 && bytes[start] === DASH) return
    if (!hasBackslash(bytes, start, end)) {
      this.#fields.write(field, bytes, start, end, out)
      return
    }
    this.#unescaped.length = 0
    undoEscapes(bytes, start, end, this.#unescaped)
    this.#fields.write(field, this.#unescaped.bytes, 0, this.#unescaped.length, out)
  }

  #writeRequest(bytes: Buffer, start: number, end: number, out: ByteWriter): void {
    let methodEnd = start
    while (methodEnd < end && bytes[methodEnd] !== SPACE) methodEnd++
    let protocol = end
    while (protocol > methodEnd && bytes[protocol - 1] !== SPACE) protocol--
    if (protocol - 1 <= methodEnd || methodEnd === start || !startsProtocol(bytes, protocol, end)) {
      this.#writeQuoted(REQUEST, bytes, start, end, out)
      return
    }
    this.#fields.write(METHOD, bytes, start, methodEnd, out)
    this.#writeQuoted(PATH, bytes, methodEnd + 1, protocol - 1, out)
    this.#fields.write(PROTOCOL, bytes, protocol, end, out)
  }

  #refuse(at: number): false {
    this.#errorAt = at
    return false
  }
}

function closingQuote(bytes: Buffer, from: number, end: number): number {
  let at = from
  while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at < end ? at : -1
}

function hasBackslash(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true
  return false
}

/** `HTTP/1.1`, or another name in upper case with a slash. */
function startsProtocol(bytes: Buffer, start: number, end: number): boolean {
  return (
    end - start >= 4 &&
    bytes[start] >= 0x41 &&
    bytes[start] <= 0x5a &&
    bytes.subarray(start, end).includes(0x2f)
  )
}

/** Apache and nginx write `\"`, `\\` and `\xHH`; any other backslash is text. */
function undoEscapes(bytes: Buffer, start: number, end: number, out: ByteWriter): void {
  for (let at = start; at < end; at++) {
    const next = at + 1 < end ? bytes[at + 1] : 0
    if (bytes[at] !== BACKSLASH) {
      out.byte(bytes[at])
    } else if (next === QUOTE || next === BACKSLASH) {
      out.byte(next)
      at++
    } else {
      const code = next === 0x78 && at + 3 < end ? hexByte(bytes, at + 2) : -1
      out.byte(code < 0 ? BACKSLASH : code)
      if (code >= 0) at += 3
    }
  }
}

function hexByte(bytes: Buffer, at: number): number {
  const text = bytes.toString('latin1', at, at + 2)
  return /^[\dA-Fa-f]{2}$/.test(text) ? Number.parseInt(text, 16) : -1
}
