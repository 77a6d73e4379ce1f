import { ruleText, triedText } from '../routing/explain.ts'
import type { Explanation } from './explanation.ts'

/** For a terminal. */
export function explanationLines(explanation: Explanation): string[] {
  const { request, listener, access, limits, faults, upstreams } = explanation
  const { method, host, port, path } = request
  return [
    `${method} ${host}:${port}${path} on listener ${listener}`,
    '',
    ...route(explanation),
    ...section('access', access),
    ...section('limits', limits),
    ...section('faults on purpose', faults),
    ...upstreams.flatMap(({ name, lines }) => section(`upstream ${name}`, lines)),
  ]
}

function route({ by, rule, tried, request: { host, port } }: Explanation): string[] {
  if (by === 'destination')
    return [`no route is attached to ${host}:${port}: the request goes to where the application has sent it`]
  if (by === 'application')
    return ['the listener sends everything to the port of the application that it was meant for']
  const others = tried.length === 0 ? [] : ['', ...triedText(tried)]
  if (rule === undefined)
    return tried.length > 0
      ? ['no rule matches: 404 route_not_found', ...others]
      : [`no route is attached to ${host}:${port}, and it names no upstream to go to: 404 route_not_found`]
  const [name, ...lines] = ruleText(rule)
  const why = {
    route: name!,
    implicit: `no route is attached to ${host}:${port}: the request goes to the upstream that it names`,
    listener: 'the listener sends everything to one upstream',
    destination: '',
    application: '',
    nothing: '',
  }[by]
  return [why, ...lines, ...others]
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map(line => `  ${line}`)]
}
