import { REDACTED, Redaction } from '../observation/redaction.ts'
import type { RequestView } from '../request.ts'
import { unmet, type ValueCondition } from './conditions.ts'
import type { Entry, PathTest } from './entry.ts'
import { pathFits } from './path-index.ts'
import type { Filter, HeaderChange, PathChange, Rule } from './route.ts'
import type { CompiledTable } from './table.ts'

/** Why a request meets the rule that it meets, or none. */
export interface RouteExplanation {
  /** Whether any route is attached to what is asked for; if none is, the request goes to the service itself. */
  readonly governed: boolean
  readonly rule?: Rule
  /** In the order in which they are tried. */
  readonly tried: readonly Verdict[]
}

export interface Verdict {
  readonly rule: string
  /** `PathPrefix /a, method GET, header x-team = blue`. */
  readonly match: string
  /** `behind`: it matches too, but another one comes first. */
  readonly verdict: 'wins' | 'behind' | 'path' | 'method' | 'header' | 'query'
}

/** What the table does with a request, as data; `ruleText` and `triedText` say it to people. */
export function explainRoute(table: CompiledTable, request: RequestView): RouteExplanation {
  const won = table.setFor(request)?.find(request)
  const rule = table.find(request)?.rule
  const tried = table.candidates(request).map(entry => ({
    rule: entry.match.rule.name,
    match: matchText(entry),
    verdict: verdictOf(entry, request, won),
  }))
  return {
    governed: table.governs(request),
    ...(rule && { rule }),
    tried,
  }
}

function verdictOf(entry: Entry, request: RequestView, won: Entry | undefined): Verdict['verdict'] {
  if (entry === won) return 'wins'
  if (!pathFits(entry, request.path)) return 'path'
  const failed = unmet(entry.conditions, request)
  if (failed === undefined) return 'behind'
  if (failed === 'method') return 'method'
  return entry.conditions.headers.includes(failed) ? 'header' : 'query'
}

function matchText({ path, conditions: { method, headers, query } }: Entry): string {
  return [
    pathText(path),
    ...(method === undefined ? [] : [`method ${method}`]),
    ...headers.map(each => `header ${conditionText(each, redaction.hides(each.name))}`),
    ...query.map(each => `query ${conditionText(each, redaction.hidesParameter(each.name))}`),
  ].join(', ')
}

/** Explanations are shown to whoever asks: they say nothing that lets one in. */
const redaction = new Redaction()

function pathText({ kind, value }: PathTest): string {
  if (kind === 'exact') return `Exact ${value}`
  return kind === 'prefix' ? `PathPrefix ${value || '/'}` : `RegularExpression ${value}`
}

function conditionText({ name, wanted }: ValueCondition, hidden: boolean): string {
  if (hidden) return `${name} = ${REDACTED}`
  return typeof wanted === 'string' ? `${name} = ${wanted}` : `${name} matches ${wanted.source.slice(4, -2)}`
}

const VERDICTS: Readonly<Record<Verdict['verdict'], string>> = {
  wins: 'wins',
  behind: 'matches too, but comes later',
  path: 'the path is another',
  method: 'the method is another',
  header: 'a header field is missing or another',
  query: 'a query parameter is missing or another',
}

const MAX_TRIED = 20

/** Why each candidate holds or does not. */
export function triedText(tried: readonly Verdict[], others = 0): string[] {
  const shown = nearVerdicts(tried, MAX_TRIED)
  const width = Math.max(0, ...shown.map(({ rule }) => rule.length))
  const rows = shown.map(each => `  ${each.rule.padEnd(width)}  ${VERDICTS[each.verdict]}: ${each.match}`)
  const more = tried.length + others - shown.length
  return ['in the order in which they are tried:', ...rows, ...(more > 0 ? [`  … and ${more} more`] : [])]
}

/** Of very many those that matched the path, then the first others. */
export function nearVerdicts(tried: readonly Verdict[], max: number): readonly Verdict[] {
  if (tried.length <= max) return tried
  const near = tried.filter(({ verdict }) => verdict !== 'path').slice(0, max)
  const others = tried.filter(({ verdict }) => verdict === 'path').slice(0, max - near.length)
  const chosen = new Set([...near, ...others])
  return tried.filter(each => chosen.has(each))
}

/** A rule as data for programs, without what lets one in. */
export function shownRule({ actions: _, redirect: __, cors: ___, ...rule }: Rule): Rule {
  return {
    ...rule,
    filters: rule.filters.map(shownFilter),
    backends: rule.backends.map(({ actions: _, ...backend }) => ({
      ...backend,
      filters: backend.filters.map(shownFilter),
    })),
  }
}

function shownFilter(filter: Filter): Filter {
  if (filter.kind !== 'request_headers' && filter.kind !== 'response_headers') return filter
  const shown = ({ name, value }: HeaderChange): HeaderChange => ({
    name,
    value: redaction.hides(name.toLowerCase()) ? REDACTED : value,
  })
  return { ...filter, set: filter.set.map(shown), add: filter.add.map(shown) }
}

/** What a rule does with requests; of a connection it says only where it goes. */
export function ruleText(rule: Rule, isConnection = false): string[] {
  const { name, backends, totalWeight, filters, retry, session } = rule
  const share = (weight: number) =>
    `${totalWeight === 0 ? 0 : Math.round((weight / totalWeight) * 1000) / 10} %`
  const limit = (ms: number | undefined) => (ms === undefined ? 'no limit' : `${ms} ms`)
  const rows = [
    ...backends.map(({ cluster, weight }) => ['backend', `${cluster} (${share(weight)})`]),
    ...filters.map(filter => ['filter', filterText(filter)]),
    ...backends.flatMap(({ cluster, filters }) =>
      filters.map(filter => ['filter', `${filterText(filter)}, for ${cluster}`]),
    ),
    ...(isConnection
      ? []
      : [
          ['timeouts', `request ${limit(rule.requestTimeoutMs)}, each try ${limit(rule.backendTimeoutMs)}`],
          ['retries', retry === undefined ? 'none' : retryText(retry)],
        ]),
    ...(session ? [['session', `${session.type} ${session.name}`]] : []),
  ]
  return [`rule ${name}`, ...rows.map(([key, value]) => `  ${key!.padEnd(8)}  ${value}`)]
}

function filterText(filter: Filter): string {
  switch (filter.kind) {
    case 'request_headers':
    case 'response_headers': {
      const side = filter.kind === 'request_headers' ? 'request' : 'answer'
      const edits = [
        ...filter.set.map(({ name, value }) => `set ${name}: ${value}`),
        ...filter.add.map(({ name, value }) => `add ${name}: ${value}`),
        ...filter.remove.map(name => `remove ${name}`),
      ]
      return `header of the ${side}: ${edits.join(', ') || 'nothing'}`
    }
    case 'redirect':
      return `redirect with ${filter.status}`
    case 'rewrite':
      return `rewrite${filter.host === undefined ? '' : ` host to ${filter.host}`}${changeText(filter.path)}`
    case 'mirror':
      return `mirror ${filter.numerator} of ${filter.denominator} requests to ${filter.cluster}`
    case 'cors':
      return `CORS for ${filter.origins.join(', ') || 'no origin'}`
  }
}

function changeText(change: PathChange | undefined): string {
  if (change === undefined) return ''
  return change.kind === 'full' ? ` path to ${change.to}` : ` prefix to ${change.to || '/'}`
}

function retryText({ attempts, codes, backoffMs }: NonNullable<Rule['retry']>): string {
  const reasons = ['no connection', ...codes].join(', ')
  return `${attempts} more ${attempts === 1 ? 'try' : 'tries'} after ${reasons}, from ${backoffMs} ms on`
}
