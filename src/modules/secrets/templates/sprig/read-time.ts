const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const MONTH = '(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)'
const LONG_MONTH = '(January|February|March|April|May|June|July|August|September|October|November|December)'
const DAY = '(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat)'
const LONG_DAY = '(?:Sunday|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday)'
const TWO = '(\\d{2})'
const ONE_OR_TWO = '(\\d{1,2})'

interface Read {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  fraction: number
  /** In minutes east of UTC. */
  offset: number
  isAfternoon?: boolean
}

type Part = readonly [pattern: string, read?: (into: Read, text: string) => void]

const number =
  (key: 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second') => (into: Read, text: string) => {
    into[key] = Number(text)
  }
const monthName = (into: Read, text: string) => {
  into.month = MONTHS.indexOf(text.slice(0, 3).toLowerCase()) + 1
}
const afternoon = (into: Read, text: string) => {
  into.isAfternoon = text.toLowerCase() === 'pm'
}
const offset = (into: Read, text: string) => {
  if (text === 'Z') return
  const [, sign, hours, minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(text)!
  into.offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1)
}

const PARTS: Readonly<Record<string, Part>> = {
  January: [LONG_MONTH, monthName],
  Jan: [MONTH, monthName],
  Monday: [LONG_DAY],
  Mon: [DAY],
  MST: ['(?:UTC|GMT|[A-Z]{3,4})'],
  '2006': ['(\\d{4})', number('year')],
  '01': [TWO, number('month')],
  '02': [TWO, number('day')],
  '03': [TWO, number('hour')],
  '04': [TWO, number('minute')],
  '05': [`${TWO}(?:[.,]\\d+)?`, number('second')],
  '06': [
    TWO,
    (into, text) => {
      into.year = Number(text) + (Number(text) >= 69 ? 1900 : 2000)
    },
  ],
  '15': [TWO, number('hour')],
  PM: ['([AP]M)', afternoon],
  pm: ['([ap]m)', afternoon],
  'Z07:00': ['(Z|[+-]\\d\\d:\\d\\d)', offset],
  Z0700: ['(Z|[+-]\\d{4})', offset],
  Z07: ['(Z|[+-]\\d\\d)', offset],
  '-07:00': ['([+-]\\d\\d:\\d\\d)', offset],
  '-0700': ['([+-]\\d{4})', offset],
  '-07': ['([+-]\\d\\d)', offset],
  _2: [' ?(\\d{1,2})', number('day')],
  '1': [ONE_OR_TWO, number('month')],
  '2': [ONE_OR_TWO, number('day')],
  '3': [ONE_OR_TWO, number('hour')],
  '4': [ONE_OR_TWO, number('minute')],
  '5': [`${ONE_OR_TWO}(?:[.,]\\d+)?`, number('second')],
}

const LAYOUT =
  /[.,](?:0+|9+)(?!\d)|January|Jan|Monday|Mon|MST|2006|_2(?!006)|01|02|03|04|05|06|15|PM|pm|Z07:00|Z0700|Z07|-07:00|-0700|-07|1|2|3|4|5/g

/** Milliseconds since 1970 of a text by a layout of Go; undefined when it is not of the layout, or no time. UTC unless it says. */
export function readTime(layout: string, text: string): number | undefined {
  const readers: NonNullable<Part[1]>[] = []
  let [pattern, at] = ['', 0]
  for (const match of layout.matchAll(LAYOUT)) {
    pattern += literal(layout.slice(at, match.index))
    at = match.index + match[0].length
    const part = PARTS[match[0]]
    // A fraction is read with the seconds, whether the layout has one or not.
    if (part === undefined) continue
    pattern += part[0]
    if (part[1] !== undefined) readers.push(part[1])
  }
  const found = new RegExp(`^${pattern}${literal(layout.slice(at))}$`).exec(text)
  if (found === null) return undefined
  const read: Read = { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0, fraction: 0, offset: 0 }
  for (const [index, reader] of readers.entries()) reader(read, found[index + 1]!)
  read.fraction = Number(`0.${/\d[.,](\d+)/.exec(/:\d\d?[.,]\d+/.exec(text)?.[0] ?? '')?.[1] ?? '0'}`)
  return instant(read)
}

function instant(read: Read): number | undefined {
  const { year, month, day, minute, second, isAfternoon } = read
  let { hour } = read
  if (isAfternoon === true && hour < 12) hour += 12
  if (isAfternoon === false && hour === 12) hour = 0
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const at = new Date(0)
  at.setUTCFullYear(year, month - 1, day)
  if (at.getUTCMonth() !== month - 1 || at.getUTCDate() !== day) return undefined
  at.setUTCHours(hour, minute, second, Math.floor(read.fraction * 1000))
  return at.getTime() - read.offset * 60_000
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
