import { type Kind, range } from './doc.ts'
import { withoutPassword } from './value.ts'

/** Not what the schema wants. `expected` replaces the schema's own words, `hint` says how to mend it. */
export class Wrong {
  readonly hint: string | undefined
  readonly expected: string | undefined

  constructor(hint?: string, expected?: string) {
    this.hint = hint
    this.expected = expected
  }
}

export function wrong(hint?: string, expected?: string): Wrong {
  return new Wrong(hint, expected)
}

/** Environment variables are text: where the schema wants a number or a boolean their text is read as one. */
export function convert(text: string, kind: Kind): unknown {
  const number = kind === 'integer' || kind === 'number'
  if (number && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim())) return Number(text)
  if (kind === 'boolean' && /^(true|false)$/i.test(text.trim())) return text.trim().toLowerCase() === 'true'
  return text
}

/** Quotes mend only what is right but for them. */
export function quoteHint(input: unknown, pattern?: RegExp): string | undefined {
  if (typeof input !== 'number' && typeof input !== 'boolean') return undefined
  return (pattern?.test(String(input)) ?? true) ? 'put it in quotes' : undefined
}

export function addressHint(input: unknown): string | undefined {
  if (typeof input === 'number')
    return `write 127.0.0.1:${input}, or 0.0.0.0:${input} to listen on every interface`
  if (typeof input === 'string' && /^[\w.-]+$/.test(input)) return `add a port: ${input}:8080`
  return undefined
}

export function readUrl(input: unknown, protocols: readonly string[]): string | Wrong {
  if (typeof input !== 'string') return wrong()
  const safe = withoutPassword(input)
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(input)?.[1].toLowerCase()
  const written = protocols.map(protocol => `${protocol}://${safe.replace(/^\/+/, '')}`)
  if (scheme === undefined) return wrong(`write ${written.join(' or ')}`)
  if (!protocols.includes(scheme)) return wrong(undefined, `a URL that begins with ${starts(protocols)}`)
  return URL.canParse(input) ? input : wrong('check the host and the port', 'a valid URL')
}

export function readNumber(
  input: unknown,
  { min, max }: { readonly min?: number; readonly max?: number },
  fits: (n: number) => boolean,
): number | Wrong {
  if (typeof input === 'string' && input.trim() !== '' && fits(Number(input)))
    return wrong(`remove the quotes: ${Number(input)}`)
  if (typeof input !== 'number' || !fits(input)) return wrong()
  return input < (min ?? -Infinity) || input > (max ?? Infinity) ? wrong() : input
}

export function readBoolean(input: unknown): boolean | Wrong {
  if (typeof input === 'boolean') return input
  if (typeof input !== 'string') return wrong()
  if (/^(true|yes|on|y)$/i.test(input)) return wrong('write true')
  return wrong(/^(false|no|off|n)$/i.test(input) ? 'write false' : undefined)
}

export function readUnits(
  input: unknown,
  limits: { readonly min?: string; readonly max?: string },
  noun: string,
  parse: (text: string) => number | undefined,
  addUnit: (written: string) => string,
): number | Wrong {
  const bare = typeof input === 'number' ? String(input) : input
  if (typeof bare !== 'string') return wrong()
  const value = parse(bare)
  if (value === undefined || typeof input === 'number') return wrong(unitHint(bare, parse, addUnit))
  const low = limits.min === undefined ? 0 : parse(limits.min)!
  const high = limits.max === undefined ? Infinity : parse(limits.max)!
  return value < low || value > high ? wrong(undefined, `a ${noun}${range(limits)}`) : value
}

function unitHint(
  text: string,
  parse: (text: string) => number | undefined,
  addUnit: (written: string) => string,
): string | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return addUnit(text)
  const letter = /^(\d+(?:\.\d+)?)\s?([kmgt])i?b?$/i.exec(text)
  const candidates = letter
    ? [`${letter[1]}${letter[2].toUpperCase()}iB`]
    : [text.replaceAll(' ', ''), text.toLowerCase()]
  const mended = candidates.find(candidate => parse(candidate) !== undefined)
  return mended && `write ${mended}`
}

export function readScalar(input: unknown): string | number | boolean | null | Wrong {
  if (input === null || typeof input === 'string' || typeof input === 'boolean') return input
  return typeof input === 'number' && Number.isFinite(input) ? input : wrong()
}

function starts(protocols: readonly string[]): string {
  return protocols.map(protocol => `${protocol}://`).join(' or ')
}
