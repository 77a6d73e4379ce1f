/** A name with the record's UTC date in it, such as `logs-%Y.%m.%d`. Every name that it makes has the same length. */
export interface DatedName {
  /** The name on the day (or hour) of this moment, milliseconds since the epoch. */
  at(timeMs: number): string
  /** How many characters a name has. */
  readonly length: number
}

const fields: Readonly<Record<string, (date: Date) => string>> = {
  Y: date => String(date.getUTCFullYear()).padStart(4, '0'),
  m: date => two(date.getUTCMonth() + 1),
  d: date => two(date.getUTCDate()),
  H: date => two(date.getUTCHours()),
}

/** The letter behind the first `%` that stands for nothing, or undefined. */
export function unknownDateField(pattern: string): string | undefined {
  for (const [field, letter] of pattern.matchAll(/%(.?)/gs)) if (!fields[letter]) return field
  return undefined
}

/** The name that a pattern stands for; a plain string when it has no date in it. */
export function parseDatedName(pattern: string): DatedName | string {
  if (!pattern.includes('%')) return pattern
  const at = (timeMs: number) => {
    const date = new Date(timeMs)
    return pattern.replace(/%([YmdH])/g, (_, letter: string) => fields[letter](date))
  }
  return { at, length: at(0).length }
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
