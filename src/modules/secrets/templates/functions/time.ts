/** The time now by a layout of Go (`2006-01-02T15:04:05Z07:00`), in UTC. */
export function goTime(layout: string, ms: number): string {
  const at = new Date(ms)
  const two = (value: number) => String(value).padStart(2, '0')
  const [year, month, day, hour] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), at.getUTCHours()]
  const [minute, second, milli] = [at.getUTCMinutes(), at.getUTCSeconds(), at.getUTCMilliseconds()]
  const yearDay = Math.floor((Date.UTC(year, month, day) - Date.UTC(year, 0, 1)) / 86_400_000) + 1
  const parts: Readonly<Record<string, () => string>> = {
    January: () => MONTHS[month]!,
    Jan: () => MONTHS[month]!.slice(0, 3),
    Monday: () => DAYS[at.getUTCDay()]!,
    Mon: () => DAYS[at.getUTCDay()]!.slice(0, 3),
    MST: () => 'UTC',
    '2006': () => String(year).padStart(4, '0'),
    '002': () => String(yearDay).padStart(3, '0'),
    __2: () => String(yearDay).padStart(3, ' '),
    _2: () => String(day).padStart(2, ' '),
    '01': () => two(month + 1),
    '02': () => two(day),
    '03': () => two(hour % 12 || 12),
    '04': () => two(minute),
    '05': () => two(second),
    '06': () => two(year % 100),
    '15': () => two(hour),
    PM: () => (hour < 12 ? 'AM' : 'PM'),
    pm: () => (hour < 12 ? 'am' : 'pm'),
    'Z07:00': () => 'Z',
    Z0700: () => 'Z',
    Z07: () => 'Z',
    '-07:00': () => '+00:00',
    '-0700': () => '+0000',
    '-07': () => '+00',
    '1': () => String(month + 1),
    '2': () => String(day),
    '3': () => String(hour % 12 || 12),
    '4': () => String(minute),
    '5': () => String(second),
  }
  return layout.replaceAll(LAYOUT, (part, fraction?: string) => {
    if (fraction === undefined) return parts[part]!()
    const digits = `${String(milli).padStart(3, '0')}000000`.slice(0, fraction.length)
    // Nines leave zeros at the end out, and the point with them.
    const shown = fraction.startsWith('9') ? digits.replace(/0+$/, '') : digits
    return shown === '' ? '' : part[0]! + shown
  })
}

const LAYOUT =
  /[.,](0+|9+)(?!\d)|January|Jan|Monday|Mon|MST|2006|002|__2|_2(?!006)|01|02|03|04|05|06|15|PM|pm|Z07:00|Z0700|Z07|-07:00|-0700|-07|1|2|3|4|5/g

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
