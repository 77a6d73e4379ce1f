import { instantInZone, type ZoneRule } from './zone.ts'

/** Days from 1970-01-01 to this date of the Gregorian calendar; `month` is 1 to 12. Howard Hinnant's days_from_civil. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = ((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) | 0
  return (
    era * 146097 + yearOfEra * 365 + (yearOfEra >> 2) - ((yearOfEra / 100) | 0) + dayOfYear + day - 1 - 719468
  )
}

/** Whether the calendar has this date. */
export function isDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false
  return day <= (day <= 28 ? 28 : daysInMonth(year, month))
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Where the clock of a time stands that names no zone: minutes east of UTC, the process's own zone, or that of a place. */
export type Zone = number | 'local' | ZoneRule

/** Milliseconds since the epoch of a time of day that is `secondOfDay` into the day, in that zone. */
export function instant(year: number, month: number, day: number, secondOfDay: number, zone: Zone): number {
  if (typeof zone === 'number')
    return (daysFromCivil(year, month, day) * 86400 + secondOfDay - zone * 60) * 1000
  if (zone !== 'local')
    return instantInZone(zone, (daysFromCivil(year, month, day) * 86400 + secondOfDay) * 1000)
  return new Date(year, month - 1, day, 0, 0, secondOfDay).getTime()
}
