import { compilePattern } from '../../../kernel/pattern.ts'
import type { HeaderList } from '../../../wire/http1/headers.ts'
import type { RequestView } from '../request.ts'
import type { ValueMatch } from './config.ts'

/** What a match asks of a request besides its path; all must hold. */
export interface Conditions {
  readonly method: string | undefined
  readonly headers: readonly ValueCondition[]
  readonly query: readonly ValueCondition[]
}

export interface ValueCondition {
  /** Header names in lower case. */
  readonly name: string
  /** The text, or a pattern for the whole value. */
  readonly wanted: string | RegExp
}

export const NO_CONDITIONS: Conditions = { method: undefined, headers: [], query: [] }

/** The first condition that does not hold, or undefined when all do. */
export function unmet(conditions: Conditions, request: RequestView): 'method' | ValueCondition | undefined {
  if (conditions.method !== undefined && conditions.method !== request.method) return 'method'
  for (const condition of conditions.headers) {
    if (!fits(headerValue(request.headers, condition.name), condition.wanted)) return condition
  }
  for (const condition of conditions.query) {
    if (!fits(queryValue(request.search, condition.name), condition.wanted)) return condition
  }
  return undefined
}

function fits(value: string | undefined, wanted: string | RegExp): boolean {
  if (value === undefined) return false
  return typeof wanted === 'string' ? value === wanted : wanted.test(value)
}

/** A pattern for the whole of a text. One that cannot be compiled matches nothing; `checkRoutes` says why. */
export function wholePattern(source: string): RegExp {
  const compiled = compilePattern(`^(?:${source})$`)
  return 'regex' in compiled ? compiled.regex : /(?!)/
}

export function compileValues(
  matches: readonly ValueMatch[],
  normal: (name: string) => string,
): ValueCondition[] {
  return matches.map(({ name, type, value }) => ({
    name: normal(name),
    wanted: type === 'Exact' ? value : wholePattern(value),
  }))
}

/** Several lines of one name are one comma list (RFC 9110 section 5.3). */
export function headerValue({ raw }: HeaderList, lowerName: string): string | undefined {
  let value: string | undefined
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]!
    if (name.length !== lowerName.length) continue
    if (name !== lowerName && name.toLowerCase() !== lowerName) continue
    value = value === undefined ? raw[at + 1]! : `${value}, ${raw[at + 1]}`
  }
  return value
}

/** The first value of a query parameter, decoded. */
export function queryValue(search: string, name: string): string | undefined {
  for (let from = 0; from < search.length; ) {
    const ampersand = search.indexOf('&', from)
    const end = ampersand === -1 ? search.length : ampersand
    const equals = search.indexOf('=', from)
    const nameEnd = equals === -1 || equals > end ? end : equals
    if (decoded(search.slice(from, nameEnd)) === name) return decoded(search.slice(nameEnd + 1, end))
    from = end + 1
  }
  return undefined
}

function decoded(text: string): string {
  if (!/[%+]/.test(text)) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
