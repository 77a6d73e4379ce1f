import type { Problem } from '../../../../kernel/config/problem.ts'
import type { HttpRoute, LayerSevenRule, ParentRef, RouteDocument } from '../config.ts'
import { durationMs } from '../duration.ts'
import { checkFilters } from './filters.ts'
import { checkGrpcMatch, checkHttpMatch } from './matches.ts'
import { below, each, problem, repeated } from './problems.ts'
import { checkBackends } from './targets.ts'

/** What is wrong with documents that fit the schema. Paths begin with the number of the document. */
export function checkRoutes(documents: readonly RouteDocument[]): Problem[] {
  return [
    ...documents.flatMap((document, index) => below([index], checkRoute(document))),
    ...repeated(
      documents,
      ({ kind, metadata }) => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`,
      (index, earlier) =>
        problem(
          [index, 'metadata', 'name'],
          `there are two of ${documents[index]!.kind} "${documents[index]!.metadata.name}"; the first is document ${earlier + 1}`,
          'give one of them another name',
        ),
    ),
  ]
}

function checkRoute(document: RouteDocument): Problem[] {
  const { parentRefs, rules } = document.spec
  const found = [...each('parentRefs', parentRefs, checkParent), ...checkRules(document)]
  found.push(
    ...repeated<{ readonly name?: string }>(
      rules,
      ({ name }) => name,
      (index, earlier) =>
        problem(
          ['rules', index, 'name'],
          `"${rules[index]!.name}" is the name of rules[${earlier}] too`,
          'names are unique in a route',
        ),
    ),
  )
  return below(['spec'], found)
}

function checkParent({ kind, group, sectionName }: ParentRef): Problem[] {
  const expected = kind === 'Service' ? ['', 'core'] : ['gateway.networking.k8s.io']
  const problems: Problem[] = []
  if (group !== undefined && !expected.includes(group))
    problems.push(
      problem(
        ['group'],
        `expected ${JSON.stringify(expected[0])} for a ${kind}, got ${JSON.stringify(group)}`,
      ),
    )
  if (kind === 'Service' && sectionName !== undefined)
    problems.push(problem(['sectionName'], 'the port of a Service is named by its number', 'use port: 8080'))
  return problems
}

function checkRules(document: RouteDocument): Problem[] {
  switch (document.kind) {
    case 'HTTPRoute':
      return each('rules', document.spec.rules, rule => [
        ...each('matches', rule.matches, checkHttpMatch),
        ...checkLayerSeven(rule, prefixOnly(rule)),
      ])
    case 'GRPCRoute':
      return each('rules', document.spec.rules, rule => [
        ...each('matches', rule.matches, checkGrpcMatch),
        ...checkLayerSeven(rule, false),
      ])
    default:
      return each('rules', document.spec.rules, (rule, index) => [
        ...checkBackends(rule.backendRefs),
        ...(index === 0
          ? []
          : [problem([], `a ${document.kind} has one rule`, 'the first takes everything')]),
      ])
  }
}

function prefixOnly({ matches }: HttpRoute['spec']['rules'][number]): boolean {
  return matches.every(({ path }) => path.type === 'PathPrefix')
}

function checkLayerSeven(rule: LayerSevenRule, byPrefix: boolean): Problem[] {
  const problems = [
    ...checkFilters(rule.filters, byPrefix),
    ...checkBackends(rule.backendRefs),
    ...each('backendRefs', rule.backendRefs, ref => checkBackendFilters(ref.filters, byPrefix)),
    ...checkTimeouts(rule.timeouts),
  ]
  const redirects = rule.filters.some(({ type }) => type === 'RequestRedirect')
  if (redirects && rule.backendRefs.length > 0)
    problems.push(
      problem(['backendRefs'], 'a rule that redirects never reaches a backend', 'remove one of the two'),
    )
  if (!redirects && rule.backendRefs.length === 0)
    problems.push(problem([], 'the rule names neither a backend nor a redirect', 'add backendRefs'))
  return problems
}

/** What answers a request, or chooses where its copies go, is decided before a backend is chosen. */
function checkBackendFilters(filters: LayerSevenRule['filters'], byPrefix: boolean): Problem[] {
  const early = filters.flatMap(({ type }, index) =>
    type === 'RequestRedirect' || type === 'CORS'
      ? [problem(['filters', index, 'type'], `${type} belongs to the rule, not to one of its backends`)]
      : [],
  )
  return [...checkFilters(filters, byPrefix), ...early]
}

function checkTimeouts(timeouts: LayerSevenRule['timeouts']): Problem[] {
  const { request, backendRequest } = timeouts ?? {}
  if (request === undefined || backendRequest === undefined) return []
  const whole = durationMs(request)
  if (whole === 0 || durationMs(backendRequest) <= whole) return []
  return [
    problem(
      ['timeouts', 'backendRequest'],
      `expected at most the ${request} of request, got ${backendRequest}`,
      'the whole exchange includes its tries',
    ),
  ]
}
