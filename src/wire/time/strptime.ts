import { daysFromCivil, instant, isDate, type Zone } from './civil.ts'
import { parseOffset, secondOfDay } from './iso8601.ts'
import { ABBREVIATIONS, namedZone, type ZoneRule } from './zone.ts'

/**
 * Reads the milliseconds since the epoch out of `bytes[start, end)`; NaN when they do not have the form.
 * A form without a year means the year that brings the time nearest below `nowMs` (a day ahead is let pass).
 */
export type ParseTime = (bytes: Uint8Array, start: number, end: number, nowMs: number) => number

/** Why a form cannot be used: `at` is the position of the directive in it. */
export interface UnknownDirective {
  readonly directive: string
  readonly at: number
}

/** What a form may have, for people. */
export const DIRECTIVE_LETTERS =
  '%Y %y %C %m %d %e %j %H %k %I %l %M %S %L %f %N %p %b %B %h %a %A %z %Z %s %c %x %X %T %R %r %D %F %v %n %t %%'

/**
 * A parser for strptime's notation: those of `DIRECTIVE_LETTERS`, and %u %w %U %W %V %G %g, which are read and not used.
 * %L, %f and %N are a fraction of a second of any length, behind the point; with a number before the letter (%3N) of so
 * many digits at most. White space in the form matches any, also none. Month and day names are English. `%z` and `%Z`
 * read offsets with and without a colon, Z, the usual abbreviations (CET, PDT), and `%Z` also the names of IANA zones.
 */
export function compileStrptime(form: string, zone: Zone = 0): ParseTime | UnknownDirective {
  const reads: Read[] = []
  for (let at = 0; at < form.length; at++) {
    const char = form[at]
    if (char !== '%') {
      reads.push(/\s/.test(char) ? skipBlanks : literal(char))
      continue
    }
    const begin = at
    if (/[-_0^#EO]/.test(form[at + 1] ?? '')) at++
    const width = Number(form[at + 1])
    if (width > 0 && /[LfN]/.test(form[at + 2] ?? '')) {
      at += 2
      reads.push(fraction(width))
      continue
    }
    const letter = form[++at] ?? ''
    const composite = COMPOSITES[letter]
    const letters = composite === undefined ? `%${letter}` : composite
    for (const [, directive, plain] of letters.matchAll(/%(.?)|([^%])/gs)) {
      const read = plain === undefined ? DIRECTIVES.get(directive) : literal(plain)
      if (read === undefined) return { directive: form.slice(begin, at + 1), at: begin }
      reads.push(read)
    }
  }
  return (bytes, start, end, nowMs) => {
    const fields = blank(zone)
    let at = start
    for (const read of reads) {
      at = read(bytes, at, end, fields)
      if (at < 0) return Number.NaN
    }
    return skipBlanks(bytes, at, end) === end ? instantOf(fields, nowMs) : Number.NaN
  }
}

interface TimeFields {
  year: number | undefined
  century: number | undefined
  yearOfCentury: number | undefined
  month: number
  day: number
  dayOfYear: number | undefined
  hour: number
  minute: number
  second: number
  afternoon: boolean | undefined
  fractionMs: number
  epochSeconds: number | undefined
  zone: Zone
}

/** Moves behind what it reads, or gives -1. */
type Read = (bytes: Uint8Array, at: number, end: number, fields: TimeFields) => number

const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
)
const DAYS = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ')
const COMPOSITES: Record<string, string> = {
  T: '%H:%M:%S',
  X: '%H:%M:%S',
  R: '%H:%M',
  r: '%I:%M:%S %p',
  D: '%m/%d/%y',
  x: '%m/%d/%y',
  F: '%Y-%m-%d',
  v: '%e-%b-%Y',
  c: '%a %b %e %H:%M:%S %Y',
}
const DAY_MS = 86_400_000

const month = name(MONTHS, (fields, index) => {
  fields.month = index + 1
})
const dayName = name(DAYS, () => {})
const hour24 = digits(2, (fields, value) => {
  fields.hour = value
})
const hour12 = digits(2, (fields, value) => {
  fields.hour = value >= 1 && value <= 12 ? value % 12 : Number.NaN
})
const unused = digits(4, () => {})
const dayOfMonth = digits(2, (fields, value) => {
  fields.day = value
})

const DIRECTIVES = new Map<string, Read>([
  ['Y', digits(4, (fields, value) => void (fields.year = value))],
  ['y', digits(2, (fields, value) => void (fields.yearOfCentury = value))],
  ['m', digits(2, (fields, value) => void (fields.month = value))],
  ['d', dayOfMonth],
  ['e', padded(dayOfMonth)],
  ['C', digits(2, (fields, value) => void (fields.century = value))],
  ['j', digits(3, (fields, value) => void (fields.dayOfYear = value))],
  ['H', hour24],
  ['k', padded(hour24)],
  ['I', hour12],
  ['l', padded(hour12)],
  ['M', digits(2, (fields, value) => void (fields.minute = value))],
  ['S', digits(2, (fields, value) => void (fields.second = value))],
  ['p', name(['am', 'pm'], (fields, index) => void (fields.afternoon = index === 1))],
  ['b', month],
  ['B', month],
  ['h', month],
  ['a', dayName],
  ['A', dayName],
  ['L', fraction()],
  ['f', fraction()],
  ['N', fraction()],
  ['s', epochSeconds],
  ['z', offset],
  ['Z', zoneName],
  ['u', unused],
  ['w', unused],
  ['U', unused],
  ['W', unused],
  ['V', unused],
  ['G', unused],
  ['g', unused],
  ['n', skipBlanks],
  ['t', skipBlanks],
  ['%', literal('%')],
])

function blank(zone: Zone): TimeFields {
  return {
    year: undefined,
    century: undefined,
    yearOfCentury: undefined,
    month: 1,
    day: 1,
    dayOfYear: undefined,
    hour: 0,
    minute: 0,
    second: 0,
    afternoon: undefined,
    fractionMs: 0,
    epochSeconds: undefined,
    zone,
  }
}

function instantOf(fields: TimeFields, nowMs: number): number {
  if (fields.epochSeconds !== undefined) return fields.epochSeconds * 1000 + fields.fractionMs
  const written = yearOf(fields)
  if (written !== undefined) return inYear(written, fields)
  const current = new Date(nowMs).getUTCFullYear()
  for (const year of [current + 1, current, current - 1]) {
    const timeMs = inYear(year, fields)
    if (timeMs <= nowMs + DAY_MS) return timeMs
  }
  return Number.NaN
}

function yearOf({ year, century, yearOfCentury }: TimeFields): number | undefined {
  if (year !== undefined) return year
  if (yearOfCentury === undefined) return century === undefined ? undefined : century * 100
  if (century !== undefined) return century * 100 + yearOfCentury
  return yearOfCentury + (yearOfCentury < 69 ? 2000 : 1900)
}

function inYear(
  year: number,
  { month, day, dayOfYear, hour, minute, second, afternoon, fractionMs, zone }: TimeFields,
): number {
  const seconds = secondOfDay(afternoon === true ? hour + 12 : hour, minute, second)
  if (dayOfYear !== undefined) {
    const days = daysFromCivil(year + 1, 1, 1) - daysFromCivil(year, 1, 1)
    if (dayOfYear < 1 || dayOfYear > days) return Number.NaN
    return instant(year, 1, 1, seconds, zone) + (dayOfYear - 1) * DAY_MS + fractionMs
  }
  return isDate(year, month, day) ? instant(year, month, day, seconds, zone) + fractionMs : Number.NaN
}

/** What may stand behind blanks. */
function padded(read: Read): Read {
  return (bytes, at, end, fields) => read(bytes, skipBlanks(bytes, at, end), end, fields)
}

/** Digits behind the point, as many as there are or at most so many; what is finer than milliseconds is cut. */
function fraction(most = Number.POSITIVE_INFINITY): Read {
  return (bytes, from, end, fields) => {
    let ms = 0
    let at = from
    for (let scale = 100; at < end && at - from < most && isDigit(bytes[at]); at++, scale /= 10) {
      if (scale >= 1) ms += (bytes[at] - 0x30) * scale
    }
    if (at === from) return -1
    fields.fractionMs = ms
    return at
  }
}

function epochSeconds(bytes: Uint8Array, from: number, end: number, fields: TimeFields): number {
  const negative = bytes[from] === 0x2d
  let value = 0
  let at = negative ? from + 1 : from
  const first = at
  for (; at < end && at - first < 12 && isDigit(bytes[at]); at++) value = value * 10 + bytes[at] - 0x30
  if (at === first) return -1
  fields.epochSeconds = negative ? -value : value
  return at
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

/** One to `most` digits. */
function digits(most: number, take: (fields: TimeFields, value: number, count: number) => void): Read {
  return (bytes, from, end, fields) => {
    let value = 0
    let at = from
    for (; at < end && at - from < most && bytes[at] >= 0x30 && bytes[at] <= 0x39; at++) {
      value = value * 10 + bytes[at] - 0x30
    }
    if (at === from) return -1
    take(fields, value, at - from)
    return at
  }
}

/** One of these words, in any case, whole or its first three letters. */
function name(words: readonly string[], take: (fields: TimeFields, index: number) => void): Read {
  return (bytes, at, end, fields) => {
    for (let index = 0; index < words.length; index++) {
      const size = matched(words[index], bytes, at, end)
      if (size === 0) continue
      take(fields, index)
      return at + size
    }
    return -1
  }
}

function matched(word: string, bytes: Uint8Array, at: number, end: number): number {
  let size = 0
  while (size < word.length && at + size < end && (bytes[at + size] | 0x20) === word.charCodeAt(size)) size++
  return size === word.length ? size : size >= 3 ? 3 : 0
}

function offset(bytes: Uint8Array, at: number, end: number, fields: TimeFields): number {
  for (const size of [6, 5, 3, 1]) {
    if (at + size > end) continue
    const minutes = parseOffset(bytes, at, at + size)
    if (Number.isNaN(minutes)) continue
    fields.zone = minutes
    return at + size
  }
  return abbreviation(bytes, at, end, fields)
}

function abbreviation(bytes: Uint8Array, from: number, end: number, fields: TimeFields): number {
  let name = ''
  let at = from
  for (; at < end && name.length < 8 && isLetter(bytes[at]); at++)
    name += String.fromCharCode(bytes[at] | 0x20)
  if (!Object.hasOwn(ABBREVIATIONS, name)) return -1
  fields.zone = ABBREVIATIONS[name]
  return at
}

/** An offset, an abbreviation, or the name of an IANA zone, which has a slash in it. */
function zoneName(bytes: Uint8Array, from: number, end: number, fields: TimeFields): number {
  const behind = offset(bytes, from, end, fields)
  if (behind >= 0) return behind
  let name = ''
  let at = from
  for (; at < end && name.length < 64 && isZoneByte(bytes[at]); at++) name += String.fromCharCode(bytes[at])
  const rule = name.includes('/') ? knownZone(name) : undefined
  if (rule === undefined) return -1
  fields.zone = rule
  return at
}

/** Zones by the names that lines had, also those that are none. */
const ZONES = new Map<string, ZoneRule | undefined>()
const MAX_ZONES = 64

function knownZone(name: string): ZoneRule | undefined {
  if (!ZONES.has(name)) {
    if (ZONES.size >= MAX_ZONES) ZONES.clear()
    ZONES.set(name, namedZone(name))
  }
  return ZONES.get(name)
}

function isLetter(byte: number): boolean {
  return (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
}

function isZoneByte(byte: number): boolean {
  return isLetter(byte) || isDigit(byte) || byte === 0x2f || byte === 0x5f || byte === 0x2b || byte === 0x2d
}

function literal(char: string): Read {
  const wanted = new TextEncoder().encode(char)
  return (bytes, at, end) => {
    if (at + wanted.length > end) return -1
    for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return -1
    return at + wanted.length
  }
}

function skipBlanks(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && (bytes[at] === 0x20 || (bytes[at] >= 0x09 && bytes[at] <= 0x0d))) at++
  return at
}
