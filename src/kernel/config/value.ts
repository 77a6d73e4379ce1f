import { Interpolated } from './interpolated.ts'

const longest = 60

/** A value as a message shows it: short, on one line, never an environment variable's content or a URL's password. */
export function shown(input: unknown): string {
  if (input instanceof Interpolated) return `the value of ${shorten(input.written)}`
  if (typeof input === 'string') return shorten(JSON.stringify(withoutPassword(input)))
  if (typeof input === 'number' || typeof input === 'boolean') return String(input)
  return kindOf(input)
}

/** What sort of value it is, without the value. */
export function kindOf(input: unknown): string {
  if (input === null || input === undefined) return 'nothing'
  if (Array.isArray(input)) return 'a list'
  if (input instanceof Interpolated || typeof input === 'string') return 'text'
  if (typeof input === 'number') return 'a number'
  return typeof input === 'boolean' ? String(input) : 'a mapping'
}

/** A URL with the user's part hidden: `https://<redacted>@host`. */
export function withoutPassword(text: string): string {
  return text.replace(/(^|:\/\/)[^/?#\s@]*:[^/?#\s]*@/, '$1<redacted>@')
}

function shorten(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`
}
