/** Writes a moment, milliseconds since the epoch, in UTC. */
export type FormatTime = (timeMs: number) => string

/** Why a form cannot be used: `at` is the position of the directive in it. */
export interface UnknownForm {
  readonly directive: string
  readonly at: number
}

/**
 * A writer for strftime's notation, in UTC: %Y %y %m %d %e %j %H %I %M %S %p %b %h %B %a %A %s %z %Z %%, %L (milliseconds),
 * %3N %6N %9N (a fraction of a second), and the composites %T %R %D %F. A moment outside of the years 0 to 9999 is
 * written as the epoch.
 */
export function compileStrftime(form: string): FormatTime | UnknownForm {
  const parts: (string | ((date: Date) => string))[] = []
  for (let at = 0; at < form.length; ) {
    const percent = form.indexOf('%', at)
    if (percent < 0) {
      parts.push(form.slice(at))
      break
    }
    if (percent > at) parts.push(form.slice(at, percent))
    const [directive] = /^%(?:[369]N|.?)/s.exec(form.slice(percent))!
    const write = WRITES[directive.slice(1)]
    if (write === undefined) return { directive, at: percent }
    parts.push(write)
    at = percent + directive.length
  }
  return timeMs => {
    const date = new Date(timeMs >= FIRST_MS && timeMs <= LAST_MS ? timeMs : 0)
    let text = ''
    for (const part of parts) text += typeof part === 'string' ? part : part(date)
    return text
  }
}

const FIRST_MS = -62_167_219_200_000
const LAST_MS = 253_402_300_799_999

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
)
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')

const shortMonth = (date: Date) => MONTHS[date.getUTCMonth()].slice(0, 3)

const WRITES: Readonly<Record<string, (date: Date) => string>> = {
  Y: date => String(date.getUTCFullYear()).padStart(4, '0'),
  y: date => two(date.getUTCFullYear() % 100),
  m: date => two(date.getUTCMonth() + 1),
  d: date => two(date.getUTCDate()),
  e: date => String(date.getUTCDate()).padStart(2, ' '),
  j: date =>
    String(1 + Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000)).padStart(
      3,
      '0',
    ),
  H: date => two(date.getUTCHours()),
  I: date => two(date.getUTCHours() % 12 || 12),
  M: date => two(date.getUTCMinutes()),
  S: date => two(date.getUTCSeconds()),
  p: date => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  b: shortMonth,
  h: shortMonth,
  B: date => MONTHS[date.getUTCMonth()],
  a: date => DAYS[date.getUTCDay()].slice(0, 3),
  A: date => DAYS[date.getUTCDay()],
  s: date => String(Math.floor(date.getTime() / 1000)),
  L: date => three(date),
  '3N': date => three(date),
  '6N': date => `${three(date)}000`,
  '9N': date => `${three(date)}000000`,
  z: () => '+0000',
  Z: () => 'UTC',
  T: date => date.toISOString().slice(11, 19),
  R: date => date.toISOString().slice(11, 16),
  D: date => `${two(date.getUTCMonth() + 1)}/${two(date.getUTCDate())}/${two(date.getUTCFullYear() % 100)}`,
  F: date => date.toISOString().slice(0, 10),
  '%': () => '%',
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

function three(date: Date): string {
  return String(date.getUTCMilliseconds()).padStart(3, '0')
}
