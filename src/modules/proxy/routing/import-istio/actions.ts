import { backendRef } from './host.ts'
import { durationText, type Section } from './section.ts'

/** The filters that a rule of Istio's asks for; `byPrefix` says that its matches are prefixes. */
export function filtersOf(rule: Section, byPrefix: boolean, namespace: string): object[] {
  return [
    ...headerFilters(rule.section('headers')),
    ...rewriteFilter(rule.section('rewrite'), byPrefix),
    ...mirrorFilters(rule, namespace),
    ...corsFilter(rule.section('corsPolicy')),
  ]
}

export function headerFilters(headers: Section | undefined): object[] {
  const filters: object[] = []
  for (const [key, type, option] of [
    ['request', 'RequestHeaderModifier', 'requestHeaderModifier'],
    ['response', 'ResponseHeaderModifier', 'responseHeaderModifier'],
  ] as const) {
    const changes = headers?.section(key)
    if (changes === undefined) continue
    const list = (name: string) =>
      Object.entries((changes.take(name) ?? {}) as Record<string, unknown>).map(([name, value]) => ({
        name,
        value: String(value),
      }))
    const [set, add, remove] = [list('set'), list('add'), changes.texts('remove')]
    filters.push({
      type,
      [option]: {
        ...(set.length > 0 && { set }),
        ...(add.length > 0 && { add }),
        ...(remove.length > 0 && { remove }),
      },
    })
    changes.end()
  }
  headers?.end()
  return filters
}

function rewriteFilter(rewrite: Section | undefined, byPrefix: boolean): object[] {
  if (rewrite === undefined) return []
  const [uri, authority] = [rewrite.text('uri'), rewrite.text('authority')]
  rewrite.end()
  if (uri === undefined && authority === undefined) return []
  const path = byPrefix
    ? { type: 'ReplacePrefixMatch', replacePrefixMatch: uri }
    : { type: 'ReplaceFullPath', replaceFullPath: uri }
  const urlRewrite = {
    ...(authority !== undefined && { hostname: authority }),
    ...(uri !== undefined && { path }),
  }
  return [{ type: 'URLRewrite', urlRewrite }]
}

function mirrorFilters(rule: Section, namespace: string): object[] {
  const all = rule.sections('mirrors').map(mirror => {
    const share = mirror.section('percentage')?.number('value')
    const ref = backendRef(mirror.section('destination'), namespace)
    mirror.end()
    return mirrorFilter(ref, share)
  })
  const one = rule.section('mirror')
  const share =
    rule.section('mirrorPercentage')?.number('value') ??
    rule.number('mirrorPercent') ??
    rule.number('mirror_percent')
  if (one !== undefined) all.push(mirrorFilter(backendRef(one, namespace), share))
  return all.filter(filter => filter !== undefined)
}

function mirrorFilter(ref: object | undefined, share: number | undefined): object | undefined {
  if (ref === undefined) return undefined
  const part =
    share === undefined || share === 100
      ? {}
      : Number.isInteger(share)
        ? { percent: share }
        : { fraction: { numerator: Math.round(share * 10_000), denominator: 1_000_000 } }
  return { type: 'RequestMirror', requestMirror: { backendRef: ref, ...part } }
}

function corsFilter(cors: Section | undefined): object[] {
  if (cors === undefined) return []
  const allowOrigins = cors.texts('allowOrigin')
  for (const origin of cors.sections('allowOrigins')) {
    const exact = origin.text('exact')
    if (exact !== undefined) allowOrigins.push(exact)
    origin.leave('regex', 'the origin is left out: origins are named, or have one * for their first labels')
    origin.leave('prefix', 'the origin is left out: origins are named, or have one * for their first labels')
  }
  const maxAge = durationText(cors.text('maxAge') ?? '')
  const names = (from: string) => {
    const list = cors.texts(from)
    return list.length === 0 ? {} : { [from]: list }
  }
  const options = {
    allowOrigins,
    ...names('allowMethods'),
    ...names('allowHeaders'),
    ...names('exposeHeaders'),
    ...(cors.text('allowCredentials') === 'true' && { allowCredentials: true }),
    ...(maxAge !== undefined && { maxAge: seconds(maxAge) }),
  }
  cors.end()
  return [{ type: 'CORS', cors: options }]
}

function seconds(text: string): number {
  let sum = 0
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|h|m|s)/g))
    sum += Number(amount) * { h: 3600, m: 60, s: 1, ms: 0.001 }[unit as 'h' | 'm' | 's' | 'ms']
  return Math.min(86_400, Math.max(1, Math.round(sum)))
}

/** Istio answers a redirect with 301 unless told otherwise, and replaces the whole path. */
export function redirectFilter(redirect: Section): object {
  const [uri, authority, scheme] = [redirect.text('uri'), redirect.text('authority'), redirect.text('scheme')]
  const code = redirect.number('redirectCode') ?? 301
  const port = redirect.number('port')
  redirect.end()
  const [, hostname, ownPort] = /^(.*?)(?::(\d+))?$/.exec(authority ?? '')!
  const requestRedirect = {
    ...(scheme !== undefined && { scheme }),
    ...(hostname && { hostname }),
    ...((port ?? ownPort) !== undefined && { port: Number(port ?? ownPort) }),
    ...(uri !== undefined && { path: { type: 'ReplaceFullPath', replaceFullPath: uri } }),
    statusCode: code,
  }
  return { type: 'RequestRedirect', requestRedirect }
}

const CODES: Readonly<Record<string, readonly number[]>> = {
  '5xx': [500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511],
  'gateway-error': [502, 503, 504],
  'retriable-4xx': [409],
  'retriable-status-codes': [503],
}
const BY_THEMSELVES = new Set(['connect-failure', 'refused-stream', 'reset', 'reset-before-request'])

/** Istio's default where nothing is said: two more tries, also after 503. */
const DEFAULT_RETRY = { attempts: 2, codes: [503] }

/** `retry` and `timeouts` of a rule. */
export function limitsOf(rule: Section): object {
  const timeout = durationOf(rule, 'timeout')
  const retries = rule.section('retries')
  const backendRequest = retries && durationOf(retries, 'perTryTimeout')
  const retry = retries === undefined ? DEFAULT_RETRY : retryOf(retries)
  retries?.end()
  const timeouts = {
    ...(timeout !== undefined && { request: timeout }),
    ...(backendRequest !== undefined && { backendRequest }),
  }
  return { ...(Object.keys(timeouts).length > 0 && { timeouts }), ...(retry && { retry }) }
}

function retryOf(retries: Section): object | undefined {
  const attempts = retries.number('attempts')
  const conditions = retries.text('retryOn')
  const backoff = durationOf(retries, 'backoff')
  if (attempts === 0) return undefined
  const codes = new Set<number>(conditions === undefined ? DEFAULT_RETRY.codes : [])
  for (const condition of conditions?.split(',').map(each => each.trim()) ?? []) {
    if (/^[45]\d\d$/.test(condition)) codes.add(Number(condition))
    else if (CODES[condition] !== undefined) for (const code of CODES[condition]) codes.add(code)
    else if (!BY_THEMSELVES.has(condition))
      retries.tell(`"${condition}" is no reason to try again here`, 'retryOn')
  }
  return {
    attempts: attempts ?? DEFAULT_RETRY.attempts,
    ...(codes.size > 0 && { codes: [...codes].sort((a, b) => a - b) }),
    ...(backoff !== undefined && { backoff }),
  }
}

function durationOf(section: Section, key: string): string | undefined {
  const text = section.text(key)
  if (text === undefined) return undefined
  const duration = durationText(text)
  if (duration === undefined) section.tell(`expected a duration, got "${text}"`, key)
  return duration
}
