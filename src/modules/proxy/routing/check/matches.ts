import type { Problem } from '../../../../kernel/config/problem.ts'
import { compilePattern, patternProblem } from '../../../../kernel/pattern.ts'
import type { GrpcMatch, HttpMatch, ValueMatch } from '../config.ts'
import { below, each, problem, repeated } from './problems.ts'

export function checkHttpMatch({ path, headers, queryParams }: HttpMatch): Problem[] {
  return [
    ...below(
      ['path', 'value'],
      path.type === 'RegularExpression' ? pattern(path.value) : literal(path.value),
    ),
    ...values('headers', headers, name => name.toLowerCase()),
    ...values('queryParams', queryParams, name => name),
  ]
}

export function checkGrpcMatch({ method, headers }: GrpcMatch): Problem[] {
  const problems = values('headers', headers, name => name.toLowerCase())
  for (const key of ['service', 'method'] as const) {
    const value = method[key]
    if (value === undefined) continue
    const found = method.type === 'RegularExpression' ? pattern(value) : grpcName(value)
    problems.push(...below(['method', key], found))
  }
  return problems
}

function values(key: string, matches: readonly ValueMatch[], normal: (name: string) => string): Problem[] {
  return [
    ...each(key, matches, ({ type, value }) =>
      type === 'RegularExpression' ? below(['value'], pattern(value)) : [],
    ),
    ...repeated(
      matches,
      ({ name }) => normal(name),
      (index, earlier) =>
        problem(
          [key, index, 'name'],
          `"${matches[index]!.name}" is matched twice; first in ${key}[${earlier}]`,
          'keep one of them: a regular expression can say both',
        ),
    ),
  ]
}

function pattern(source: string): Problem[] {
  const compiled = compilePattern(source)
  return 'regex' in compiled ? [] : [problem([], patternProblem(source, compiled.reason), compiled.hint)]
}

/** Requests are compared in their normalised form, so what that form never has can never match. */
function literal(path: string): Problem[] {
  const got = JSON.stringify(path)
  if (!path.startsWith('/'))
    return [
      problem([], `expected a path that begins with /, got ${got}`, `write ${JSON.stringify(`/${path}`)}`),
    ]
  if (/[?#\s]/.test(path))
    return [problem([], `expected a path, got ${got}`, 'for what stands behind ? there is queryParams')]
  if (/\/\/|\/\.{1,2}(\/|$)|%2f/i.test(path))
    return [problem([], `no request has the path ${got}`, 'write it without //, /./, /../ and %2F')]
  return []
}

function grpcName(name: string): Problem[] {
  if (/^[A-Za-z_][\w.]*$/.test(name)) return []
  return [problem([], `expected a name such as shop.v1.Checkout, got ${JSON.stringify(name)}`)]
}
