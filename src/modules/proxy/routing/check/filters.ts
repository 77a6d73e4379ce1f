import type { Problem } from '../../../../kernel/config/problem.ts'
import type { FilterConfig, PathConfig } from '../filters/config.ts'
import { isFraming } from '../filters/framing.ts'
import { below, each, problem, repeated } from './problems.ts'
import { checkTarget } from './targets.ts'

const OPTIONS = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
  RequestMirror: 'requestMirror',
  CORS: 'cors',
} as const

/** Filters of one rule or one backend. `prefixOnly`: every match of the rule is a PathPrefix. */
export function checkFilters(filters: readonly FilterConfig[], prefixOnly: boolean): Problem[] {
  return [
    ...each('filters', filters, filter => checkFilter(filter, prefixOnly)),
    ...repeated(
      filters,
      ({ type }) => (type === 'RequestMirror' ? undefined : type),
      (index, earlier) =>
        problem(
          ['filters', index, 'type'],
          `a second ${filters[index]!.type}; the first is filters[${earlier}]`,
          'put both into one',
        ),
    ),
    ...redirectAndRewrite(filters),
  ]
}

function redirectAndRewrite(filters: readonly FilterConfig[]): Problem[] {
  const rewrite = filters.findIndex(({ type }) => type === 'URLRewrite')
  if (rewrite === -1 || !filters.some(({ type }) => type === 'RequestRedirect')) return []
  return [
    problem(
      ['filters', rewrite],
      'URLRewrite never takes effect beside a RequestRedirect',
      'remove one of them',
    ),
  ]
}

function checkFilter(filter: FilterConfig, prefixOnly: boolean): Problem[] {
  const own = OPTIONS[filter.type]
  if (filter[own] === undefined)
    return [problem(['type'], `${filter.type} needs its options`, `give them as ${own}: {…}`)]
  const strange = Object.values(OPTIONS).filter(key => key !== own && filter[key] !== undefined)
  return [
    ...strange.map(key => ({
      ...problem([key], `has no effect in a filter of type ${filter.type}`, 'make it a filter of its own'),
      at: 'key' as const,
    })),
    ...headerChanges('requestHeaderModifier', filter.requestHeaderModifier),
    ...headerChanges('responseHeaderModifier', filter.responseHeaderModifier),
    ...pathChange(['requestRedirect', 'path'], filter.requestRedirect?.path, prefixOnly),
    ...status(filter.requestRedirect?.statusCode),
    ...pathChange(['urlRewrite', 'path'], filter.urlRewrite?.path, prefixOnly),
    ...mirrored(filter.requestMirror),
  ]
}

function status(code: number | undefined): Problem[] {
  if (code === undefined || [301, 302, 303, 307, 308].includes(code)) return []
  return [problem(['requestRedirect', 'statusCode'], `expected 301, 302, 303, 307 or 308, got ${code}`)]
}

function headerChanges(key: string, modifier: FilterConfig['requestHeaderModifier']): Problem[] {
  if (modifier === undefined) return []
  const changes = [
    ...modifier.set.map(({ name }, i) => ({ at: ['set', i, 'name'], name: name.toLowerCase() })),
    ...modifier.add.map(({ name }, i) => ({ at: ['add', i, 'name'], name: name.toLowerCase() })),
    ...modifier.remove.map((name, i) => ({ at: ['remove', i], name: name.toLowerCase() })),
  ]
  const framing = changes
    .filter(({ name }) => isFraming(name))
    .map(({ at, name }) => problem(at, `${name} belongs to the connection and cannot be changed`))
  const host = changes
    .filter(({ at, name }) => name === 'host' && at[0] !== 'set')
    .map(({ at }) => problem(at, 'a request has exactly one host', 'use set, or URLRewrite with a hostname'))
  const twice = repeated(
    changes,
    ({ name }) => name,
    (index, earlier) =>
      problem(
        changes[index]!.at,
        `${changes[index]!.name} is changed twice; first in ${changes[earlier]!.at[0]}`,
        'keep one of them',
      ),
  )
  return below([key], [...framing, ...host, ...twice])
}

function pathChange(at: readonly string[], path: PathConfig | undefined, prefixOnly: boolean): Problem[] {
  if (path === undefined) return []
  const { type, replaceFullPath, replacePrefixMatch } = path
  if (replaceFullPath !== undefined && replacePrefixMatch !== undefined)
    return [problem(at, 'both replaceFullPath and replacePrefixMatch are given', `keep that of ${type}`)]
  const key = type === 'ReplaceFullPath' ? 'replaceFullPath' : 'replacePrefixMatch'
  const value = path[key]
  if (value === undefined) return [problem(at, `${type} needs ${key}`)]
  if (/[?#\s]/.test(value))
    return [problem([...at, key], `expected a path, got ${JSON.stringify(value)}`, 'without ? and #')]
  if (value !== '' && !value.startsWith('/'))
    return [problem([...at, key], `expected a path that begins with /, got ${JSON.stringify(value)}`)]
  if (type === 'ReplacePrefixMatch' && !prefixOnly)
    return [
      problem(
        [...at, 'type'],
        'ReplacePrefixMatch needs a rule that matches by PathPrefix alone',
        'use ReplaceFullPath, or give the other matches a rule of their own',
      ),
    ]
  return []
}

function mirrored(mirror: FilterConfig['requestMirror']): Problem[] {
  if (mirror === undefined) return []
  const { percent, fraction } = mirror
  const problems = below(['requestMirror', 'backendRef'], checkTarget(mirror.backendRef))
  if (percent !== undefined && fraction !== undefined)
    problems.push(problem(['requestMirror'], 'both percent and fraction are given', 'keep one of them'))
  if (fraction !== undefined && fraction.numerator > fraction.denominator)
    problems.push(
      problem(
        ['requestMirror', 'fraction', 'numerator'],
        `expected at most the denominator ${fraction.denominator}, got ${fraction.numerator}`,
      ),
    )
  return problems
}
