import type { Section } from './section.ts'

/** Matches of one Istio rule as Gateway API matches: `prefix` are those whose path is a prefix, `other` the rest. */
export interface Matches {
  readonly prefix: readonly object[]
  readonly other: readonly object[]
}

/** A match with a condition that cannot be said is left out as a whole: without the condition it would take more than it should. */
export function matchesOf(sections: readonly Section[]): Matches {
  const prefix: object[] = []
  const other: object[] = []
  for (const section of sections) {
    const path = pathOf(section.section('uri'))
    const headers = valuesOf(section.section('headers'))
    const queryParams = valuesOf(section.section('queryParams'))
    const methods = methodsOf(section.section('method'))
    if (section.text('ignoreUriCase') === 'true')
      section.tell(leftOut('paths are compared with their case'), 'ignoreUriCase')
    for (const key of ['name', 'statPrefix']) section.take(key)
    const refused = section.text('ignoreUriCase') === 'true' || hasMore(section)
    if (refused || path === REFUSED || headers === REFUSED || queryParams === REFUSED || methods === REFUSED)
      continue
    const conditions = {
      ...(path && { path }),
      ...(headers.length > 0 && { headers }),
      ...(queryParams.length > 0 && { queryParams }),
    }
    const isPrefix = path === undefined || path.type === 'PathPrefix'
    for (const method of methods.length === 0 ? [undefined] : methods)
      (isPrefix ? prefix : other).push({ ...conditions, ...(method !== undefined && { method }) })
  }
  return { prefix, other }
}

const REFUSED = 'refused'
type Refused = typeof REFUSED

function leftOut(reason: string): string {
  return `${reason}: the match is left out`
}

const UNSAYABLE = [
  'scheme',
  'authority',
  'withoutHeaders',
  'sourceLabels',
  'sourceNamespace',
  'port',
  'gateways',
]

function hasMore(section: Section): boolean {
  let found = false
  for (const key of section.keys().filter(key => !KNOWN.has(key) || UNSAYABLE.includes(key))) {
    section.leave(key, leftOut('the condition has no counterpart'))
    found = true
  }
  return found
}

const KNOWN = new Set([
  'uri',
  'headers',
  'queryParams',
  'method',
  'ignoreUriCase',
  'name',
  'statPrefix',
  ...UNSAYABLE,
])

function pathOf(uri: Section | undefined): { type: string; value: string } | undefined | Refused {
  const found = uri && textMatch(uri)
  if (uri === undefined || found === undefined) return uri === undefined ? undefined : REFUSED
  const [kind, value] = found
  if (kind === 'exact') return { type: 'Exact', value }
  if (kind === 'regex') return { type: 'RegularExpression', value }
  if (value !== '/' && !value.endsWith('/'))
    uri.tell(
      `${value} matched every path that begins so; now it ends at a slash: ${value}x is no longer meant`,
      'prefix',
    )
  return { type: 'PathPrefix', value }
}

function methodsOf(method: Section | undefined): string[] | Refused {
  const found = method && textMatch(method)
  if (method === undefined) return []
  if (found === undefined) return REFUSED
  const [kind, value] = found
  if (kind !== 'prefix' && /^[A-Z]+(\|[A-Z]+)*$/.test(value)) return value.split('|')
  method.tell(leftOut('only whole methods can be matched'), kind)
  return REFUSED
}

function valuesOf(values: Section | undefined): object[] | Refused {
  const all: object[] = []
  for (const name of values?.keys() ?? []) {
    const section = values!.section(name)!
    // Without a condition the field must only be there.
    const found = section.keys().length === 0 ? (['regex', '.*'] as const) : textMatch(section)
    if (found === undefined) return REFUSED
    const [kind, value] = found
    if (kind === 'exact') all.push({ name, value })
    else
      all.push({
        name,
        type: 'RegularExpression',
        value: kind === 'prefix' ? `${escaped(value)}.*` : value,
      })
  }
  return all
}

function textMatch(section: Section): readonly ['exact' | 'prefix' | 'regex', string] | undefined {
  for (const kind of ['exact', 'prefix', 'regex'] as const) {
    const value = section.text(kind)
    if (value !== undefined) return [kind, value]
  }
  section.tell(leftOut('the comparison is neither exact, prefix nor regex'))
  return undefined
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
