import { daysFromCivil, instant, isDate, type Zone } from './civil.ts'
import { parseOffset, secondOfDay } from './iso8601.ts'

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

/**
 * A parser for strptime's notation: %Y %y %m %d %e %j %H %I %M %S %p %b %B %h %a %A %z %Z %s %%,
 * %L and %f (a fraction of a second of any length, behind the point), and the composites %T %R %D %F.
 * White space in the form matches any, also none. Month and day names are English. `%Z` reads only UTC, GMT and Z.
 */
export function compileStrptime(form: string, zone: Zone = 0): ParseTime | UnknownDirective {
  const reads: Read[] = []
  for (let at = 0; at < form.length; at++) {
    const char = form[at]
    if (char !== '%') {
      reads.push(/\s/.test(char) ? skipBlanks : literal(char))
      continue
    }
    const letter = form[++at] ?? ''
    const composite = COMPOSITES[letter]
    const letters = composite === undefined ? `%${letter}` : composite
    for (const [, directive, plain] of letters.matchAll(/%(.?)|([^%])/gs)) {
      const read = plain === undefined ? DIRECTIVES.get(directive) : literal(plain)
      if (read === undefined) return { directive: `%${letter}`, at: at - 1 }
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
const COMPOSITES: Record<string, string> = { T: '%H:%M:%S', R: '%H:%M', D: '%m/%d/%y', F: '%Y-%m-%d' }
const DAY_MS = 86_400_000

const month = name(MONTHS, (fields, index) => {
  fields.month = index + 1
})
const dayName = name(DAYS, () => {})
const fraction = digits(9, (fields, value, count) => {
  fields.fractionMs = Math.floor(value / 10 ** (count - 3))
})
const dayOfMonth = digits(2, (fields, value) => {
  fields.day = value
})

const DIRECTIVES = new Map<string, Read>([
  ['Y', digits(4, (fields, value) => void (fields.year = value))],
  ['y', digits(2, (fields, value) => void (fields.year = value + (value < 69 ? 2000 : 1900)))],
  ['m', digits(2, (fields, value) => void (fields.month = value))],
  ['d', dayOfMonth],
  ['e', (bytes, at, end, fields) => dayOfMonth(bytes, skipBlanks(bytes, at, end), end, fields)],
  ['j', digits(3, (fields, value) => void (fields.dayOfYear = value))],
  ['H', digits(2, (fields, value) => void (fields.hour = value))],
  [
    'I',
    digits(2, (fields, value) => void (fields.hour = value >= 1 && value <= 12 ? value % 12 : Number.NaN)),
  ],
  ['M', digits(2, (fields, value) => void (fields.minute = value))],
  ['S', digits(2, (fields, value) => void (fields.second = value))],
  ['p', name(['am', 'pm'], (fields, index) => void (fields.afternoon = index === 1))],
  ['b', month],
  ['B', month],
  ['h', month],
  ['a', dayName],
  ['A', dayName],
  ['L', fraction],
  ['f', fraction],
  ['s', digits(12, (fields, value) => void (fields.epochSeconds = value))],
  ['z', offset],
  ['Z', name(['utc', 'gmt', 'z'], fields => void (fields.zone = 0))],
  ['n', skipBlanks],
  ['t', skipBlanks],
  ['%', literal('%')],
])

function blank(zone: Zone): TimeFields {
  return {
    year: undefined,
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
  if (fields.year !== undefined) return inYear(fields.year, fields)
  const year = new Date(nowMs).getUTCFullYear()
  const next = inYear(year + 1, fields)
  if (next <= nowMs + DAY_MS) return next
  const current = inYear(year, fields)
  return current > nowMs + DAY_MS ? inYear(year - 1, fields) : current
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
  return -1
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
