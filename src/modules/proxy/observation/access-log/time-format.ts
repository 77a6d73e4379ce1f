const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

const two = (value: number): string => String(value).padStart(2, '0')
const fraction = (date: Date, digits: number): string =>
  String(date.getUTCMilliseconds()).padStart(3, '0').padEnd(digits, '0').slice(0, digits)

/** Of strftime, and of Envoy's additions to it; all in UTC. */
const PARTS: Readonly<Record<string, (date: Date) => string>> = {
  '%Y': date => String(date.getUTCFullYear()),
  '%y': date => two(date.getUTCFullYear() % 100),
  '%m': date => two(date.getUTCMonth() + 1),
  '%d': date => two(date.getUTCDate()),
  '%e': date => String(date.getUTCDate()).padStart(2, ' '),
  '%H': date => two(date.getUTCHours()),
  '%M': date => two(date.getUTCMinutes()),
  '%S': date => two(date.getUTCSeconds()),
  '%F': date => date.toISOString().slice(0, 10),
  '%T': date => date.toISOString().slice(11, 19),
  '%b': date => MONTHS[date.getUTCMonth()]!,
  '%a': date => DAYS[date.getUTCDay()]!,
  '%z': () => '+0000',
  '%Z': () => 'UTC',
  '%s': date => String(Math.floor(date.getTime() / 1000)),
  '%3f': date => fraction(date, 3),
  '%6f': date => fraction(date, 6),
  '%9f': date => fraction(date, 9),
  '%f': date => fraction(date, 9),
  '%E3S': date => `${two(date.getUTCSeconds())}.${fraction(date, 3)}`,
  '%E6S': date => `${two(date.getUTCSeconds())}.${fraction(date, 6)}`,
  '%%': () => '%',
}

const PART = /%(?:E\dS|\df|.|$)/g

/** For messages. */
export const TIME_PARTS = Object.keys(PARTS).join(' ')

/** A function that writes times in this way, or the part of the format that is not known. */
export function timeFormat(format: string): { readonly write: (ms: number) => string } | { unknown: string } {
  const unknown = format.match(PART)?.find(part => PARTS[part] === undefined)
  if (unknown !== undefined) return { unknown }
  return {
    write: ms => {
      const date = new Date(ms)
      return format.replace(PART, part => PARTS[part]!(date))
    },
  }
}
