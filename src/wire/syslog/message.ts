import type { Zone } from '../time/civil.ts'
import { parseIso8601 } from '../time/iso8601.ts'
import { compileStrptime, type ParseTime } from '../time/strptime.ts'

/** The keywords of RFC 5424 section 6.2.1, by number, as syslog.conf and journald write them. */
export const FACILITIES: readonly string[] =
  'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock local0 local1 local2 local3 local4 local5 local6 local7'.split(
    ' ',
  )
export const SEVERITIES: readonly string[] = 'emerg alert crit err warning notice info debug'.split(' ')

/** A part of the message; empty when the message does not have it. */
export interface Part {
  start: number
  end: number
}

/**
 * One syslog message: RFC 5424, or RFC 3164 as it is met in practice (with or without priority, year, fraction,
 * host name, or with an ISO 8601 time, as rsyslog writes files). One instance serves message after message;
 * the parts are slices of the bytes it was given.
 */
export class SyslogMessage {
  /** 0 to 191; -1 when the message names none. */
  priority = -1
  /** 1 for RFC 5424, 0 for RFC 3164. */
  version: 0 | 1 = 0
  /** NaN when the message names no time. */
  timeMs = Number.NaN
  readonly time: Part = { start: 0, end: 0 }
  readonly hostname: Part = { start: 0, end: 0 }
  readonly appname: Part = { start: 0, end: 0 }
  readonly procid: Part = { start: 0, end: 0 }
  readonly msgid: Part = { start: 0, end: 0 }
  /** Verified: `readStructuredData` takes it. */
  readonly structuredData: Part = { start: 0, end: 0 }
  readonly message: Part = { start: 0, end: 0 }
  /** Why the last message was refused, for people. */
  error = ''
  /** Where it was: the position in the bytes. */
  errorAt = 0

  readonly #zone: Zone
  readonly #forms: readonly ParseTime[]

  /** `zone` is that of times which name none, as those of RFC 3164. */
  constructor(zone: Zone = 0) {
    this.#zone = zone
    this.#forms = ['%b %e %T', '%b %e %T.%L', '%b %e %Y %T', '%b %e %Y %T.%L'].map(form => {
      const parse = compileStrptime(form, zone)
      if (typeof parse !== 'function') throw new Error(form)
      return parse
    })
  }

  /**
   * Reads `bytes[start, end)`; line ends and NULs behind the message are no part of it. False, with `error`, for bytes
   * that begin like RFC 5424 and go on otherwise, and for those that have neither a priority nor a time.
   * `nowMs` gives times without a year theirs.
   */
  parse(bytes: Uint8Array, start: number, end: number, nowMs: number): boolean {
    this.#clear()
    let behind = end
    while (behind > start && isLineEnd(bytes[behind - 1])) behind--
    const at = this.#readPriority(bytes, start, behind)
    if (at < 0) return this.#fail('a priority from <0> to <191>', start)
    if (at > start && bytes[at] === ONE && at + 1 < behind && bytes[at + 1] === SPACE) {
      const timeEnd = wordEnd(bytes, at + 2, behind)
      if (isNil(bytes, at + 2, timeEnd)) return this.#readVersion1(bytes, timeEnd, behind)
      this.timeMs = parseIso8601(bytes, at + 2, timeEnd, this.#zone)
      if (!Number.isNaN(this.timeMs)) {
        set(this.time, at + 2, timeEnd)
        return this.#readVersion1(bytes, timeEnd, behind)
      }
    }
    return this.#readVersion0(bytes, at, behind, nowMs)
  }

  #clear(): void {
    this.priority = -1
    this.version = 0
    this.timeMs = Number.NaN
    for (const part of [
      this.time,
      this.hostname,
      this.appname,
      this.procid,
      this.msgid,
      this.structuredData,
      this.message,
    ]) {
      part.start = part.end = 0
    }
  }

  /** The position behind `<PRI>`, `start` when there is none, -1 when it is not one. */
  #readPriority(bytes: Uint8Array, start: number, end: number): number {
    if (start >= end || bytes[start] !== OPEN) return start
    let value = 0
    let at = start + 1
    for (; at < end && at < start + 4 && isDigit(bytes[at]); at++) value = value * 10 + bytes[at] - ZERO
    if (at === start + 1 || at >= end || bytes[at] !== CLOSE || value > 191) return -1
    this.priority = value
    return at + 1
  }

  /** RFC 5424 from behind the timestamp on. */
  #readVersion1(bytes: Uint8Array, from: number, end: number): boolean {
    this.version = 1
    let at = from
    for (const part of [this.hostname, this.appname, this.procid, this.msgid]) {
      if (at >= end || bytes[at] !== SPACE)
        return this.#fail('host name, app name, process id and message id', at)
      const behind = wordEnd(bytes, at + 1, end)
      if (behind === at + 1) return this.#fail('a word or "-"', behind)
      if (!isNil(bytes, at + 1, behind)) set(part, at + 1, behind)
      at = behind
    }
    if (at + 1 >= end || bytes[at] !== SPACE) return this.#fail('structured data or "-"', at)
    const behind = this.#readStructuredData(bytes, at + 1, end)
    if (behind < 0) return false
    if (behind === end) return true
    if (bytes[behind] !== SPACE) return this.#fail('a blank before the message', behind)
    const bom = bytes[behind + 1] === 0xef && bytes[behind + 2] === 0xbb && bytes[behind + 3] === 0xbf
    set(this.message, Math.min(end, behind + (bom ? 4 : 1)), end)
    return true
  }

  #readStructuredData(bytes: Uint8Array, start: number, end: number): number {
    if (bytes[start] === DASH) return start + 1
    let at = start
    while (at < end && bytes[at] === OPEN_BRACKET) {
      const idStart = at + 1
      at = nameEnd(bytes, idStart, end)
      if (at === idStart) return this.#refuse('the name of an element', at)
      while (at < end && bytes[at] === SPACE) {
        const nameStart = at + 1
        at = nameEnd(bytes, nameStart, end)
        if (at === nameStart || bytes[at] !== EQUALS || bytes[at + 1] !== QUOTE)
          return this.#refuse('name="value"', at)
        at += 2
        while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
        if (at >= end) return this.#refuse('a closing quote', end)
        at++
      }
      if (at >= end || bytes[at] !== CLOSE_BRACKET) return this.#refuse('"]"', at)
      at++
    }
    if (at === start) return this.#refuse('structured data or "-"', at)
    set(this.structuredData, start, at)
    return at
  }

  /** RFC 3164 from behind the priority on: `TIMESTAMP HOSTNAME TAG[PID]: MESSAGE`, of which much may be missing. */
  #readVersion0(bytes: Uint8Array, from: number, end: number, nowMs: number): boolean {
    let at = this.#readTime(bytes, from, end, nowMs)
    if (at === from && this.priority < 0) return this.#fail('<priority> or a time', from)
    if (at > from) {
      const behind = wordEnd(bytes, at, end)
      // Messages of the machine itself (from /dev/log) have no host name: then the tag comes first.
      if (behind < end && !isTag(bytes, at, behind)) {
        set(this.hostname, at, behind)
        at = behind + 1
      }
    }
    at = this.#readTag(bytes, at, end)
    set(this.message, at, end)
    return true
  }

  #readTime(bytes: Uint8Array, from: number, end: number, nowMs: number): number {
    const first = wordEnd(bytes, from, end)
    if (first - from >= 19) {
      this.timeMs = parseIso8601(bytes, from, first, this.#zone)
      return this.#behindTime(from, first, end)
    }
    if (first - from !== 3) return from
    let at = first
    // Day, perhaps the year, and the time of day.
    for (let words = 0; words < 3; words++) {
      while (at < end && bytes[at] === SPACE) at++
      const behind = wordEnd(bytes, at, end)
      const size = behind - at - (bytes[behind - 1] === COLON ? 1 : 0)
      if (size >= 8 && bytes[at + 2] === COLON) {
        const form = (words === 2 ? 2 : 0) + (size > 8 ? 1 : 0)
        this.timeMs = this.#forms[form](bytes, from, at + size, nowMs)
        return this.#behindTime(from, at + size, end, behind)
      }
      at = behind
    }
    return from
  }

  #behindTime(from: number, timeEnd: number, end: number, behind = timeEnd): number {
    if (Number.isNaN(this.timeMs)) return from
    set(this.time, from, timeEnd)
    return Math.min(end, behind + 1)
  }

  #readTag(bytes: Uint8Array, from: number, end: number): number {
    let at = from
    while (at < end && isTagByte(bytes[at])) at++
    const tagEnd = at
    if (tagEnd === from || tagEnd - from > MAX_TAG) return from
    let pidStart = 0
    let pidEnd = 0
    if (at < end && bytes[at] === OPEN_BRACKET) {
      pidStart = ++at
      while (at < end && bytes[at] !== CLOSE_BRACKET && bytes[at] !== SPACE) at++
      if (at >= end || bytes[at] !== CLOSE_BRACKET) return from
      pidEnd = at++
    }
    if (at >= end || bytes[at] !== COLON) return from
    set(this.appname, from, tagEnd)
    if (pidEnd > pidStart) set(this.procid, pidStart, pidEnd)
    at++
    return at < end && bytes[at] === SPACE ? at + 1 : at
  }

  #fail(expected: string, at: number): false {
    this.error = expected
    this.errorAt = at
    return false
  }

  #refuse(expected: string, at: number): -1 {
    this.#fail(expected, at)
    return -1
  }
}

/** The longest tag: RFC 3164 says 32, programs with paths for names have more. */
const MAX_TAG = 128
const SPACE = 0x20
const QUOTE = 0x22
const DASH = 0x2d
const ZERO = 0x30
const ONE = 0x31
const COLON = 0x3a
const OPEN = 0x3c
const EQUALS = 0x3d
const CLOSE = 0x3e
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d

function set(part: Part, start: number, end: number): void {
  part.start = start
  part.end = end
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39
}

function isLineEnd(byte: number): boolean {
  return byte === 0x0a || byte === 0x0d || byte === 0
}

function isNil(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 1 && bytes[start] === DASH
}

function wordEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && bytes[at] !== SPACE) at++
  return at
}

/** The end of an SD-NAME: printable ASCII but `=`, blank, `]` and the quote. */
function nameEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && bytes[at] > SPACE && bytes[at] < 0x7f) {
    if (bytes[at] === EQUALS || bytes[at] === CLOSE_BRACKET || bytes[at] === QUOTE) break
    at++
  }
  return at
}

/** Whether the word reads `tag:` or `tag[pid]:`. */
function isTag(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[end - 1] !== COLON) return false
  if (bytes[end - 2] === CLOSE_BRACKET) return true
  for (let at = start; at < end - 1; at++) if (!isTagByte(bytes[at])) return false
  return true
}

function isTagByte(byte: number): boolean {
  return byte > SPACE && byte !== COLON && byte !== OPEN_BRACKET && byte < 0x7f
}
