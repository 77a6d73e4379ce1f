import { ruleText, triedText } from '../routing/explain.ts'
import type { Explanation } from './explanation.ts'
import type { EndpointExplanation, UpstreamExplanation } from './upstream.ts'

/** For a terminal. */
export function explanationLines(explanation: Explanation): string[] {
  const { request, listener, destination, unaddressed, access, limits, faults, upstreams } = explanation
  const { method, path } = request
  return [
    `${method} ${placeText(request)}${path} on listener ${listener}`,
    '',
    ...route(explanation),
    ...(unaddressed === undefined
      ? []
      : [`where the system does not tell its original destination, it goes to the upstream ${unaddressed}`]),
    ...section('destination', destination === undefined ? [] : [destination]),
    ...section('access', access),
    ...section('limits', limits),
    ...section('faults on purpose', faults),
    ...upstreams.flatMap(each =>
      section(`upstream ${each.name}${shareText(each, upstreams)}`, upstream(each)),
    ),
  ]
}

function route(explanation: Explanation): string[] {
  const { by, rule, tried, others: untold, request, kind, service, isGoverned } = explanation
  const asked = service === undefined ? placeText(request) : `${placeText(request)}, the Service ${service}`
  const what = kind === 'request' ? 'request' : kind === 'connect' ? 'tunnel' : 'connection'
  const refused = kind === 'request' ? '404 route_not_found' : 'the connection is closed, route_not_found'
  if (by === 'destination')
    return [`no route is attached to ${asked}: the ${what} goes to where the application has sent it`]
  if (by === 'application')
    return ['the listener sends everything to the port of the application that it was meant for']
  if (by === 'forward')
    return [`the listener is a forward proxy: the ${what} goes to the place that it names`]
  const others = tried.length === 0 ? [] : ['', ...triedText(tried, untold)]
  if (rule === undefined)
    return tried.length > 0 || isGoverned
      ? [`no rule matches: ${refused}`, ...others]
      : [`no route is attached to ${asked}, and it names no upstream to go to: ${refused}`]
  const [name, ...lines] = ruleText(rule, kind !== 'request')
  const why = {
    route: name!,
    implicit: `no route is attached to ${asked}: the ${what} goes to the upstream that it names`,
    listener: 'the listener sends everything to one upstream',
    nothing: '',
  }[by]
  const meant =
    service === undefined || by !== 'route' ? [] : [`the address is that of the Service ${service}`]
  return [...meant, why, ...lines, ...others]
}

function placeText({ host, port }: Explanation['request']): string {
  return `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`
}

function shareText({ share }: UpstreamExplanation, all: readonly UpstreamExplanation[]): string {
  return all.length > 1 ? ` (${percent(share)})` : ''
}

function upstream({
  endpoints,
  others,
  next,
  source,
  choice,
  connects,
  breakers,
  failure,
  notes,
}: UpstreamExplanation): string[] {
  const rows = endpointRows(endpoints)
  const more = others > 0 ? [`… and ${others} more`] : []
  const limits = Object.entries(breakers ?? {}).map(
    ([name, { inUse, max, open }]) => `${name} ${inUse} of ${max}${open ? ' (open)' : ''}`,
  )
  return [
    ...labelled('endpoint', [...rows, ...more]),
    ...labelled('next', next ? [`${next.certain ? '' : 'most likely '}${next.endpoint}: ${next.why}`] : []),
    ...labelled('source', source === undefined ? [] : [source]),
    ...labelled('choice', choice === '' ? [] : [choice]),
    ...labelled('connects', connects === '' ? [] : [connects]),
    ...labelled('in use', limits.length === 0 ? [] : [limits.join(', ')]),
    ...labelled('failure', failure === undefined ? [] : [`a request would get ${failure} now`]),
    ...labelled('note', notes),
  ]
}

function labelled(label: string, texts: readonly string[]): string[] {
  return texts.map((text, at) => `${(at === 0 ? label : '').padEnd(9)}  ${text}`)
}

function endpointRows(endpoints: readonly EndpointExplanation[]): string[] {
  const width = Math.max(0, ...endpoints.map(({ endpoint }) => endpoint.length))
  const states = Math.max(0, ...endpoints.map(({ state = '' }) => state.length))
  return endpoints.map(each => {
    const { endpoint, share, state } = each
    const columns = [
      endpoint.padEnd(width),
      ...(state === undefined ? [] : [state.padEnd(states)]),
      percent(share).padStart(7),
    ]
    return [columns.join('  '), ...details(each)].join(', ')
  })
}

function details({
  state,
  active = 0,
  latencyMs = 0,
  slowStart,
  weight,
  zone,
  identity,
}: EndpointExplanation): string[] {
  return [
    ...(state === undefined ? [] : [`${active} under way`, `about ${latencyMs} ms`]),
    ...(slowStart === undefined ? [] : [`slow start at ${percent(slowStart)}`]),
    ...(weight === 1 ? [] : [`weight ${weight}`]),
    ...(zone === undefined ? [] : [`zone ${zone}`]),
    ...(identity === undefined ? [] : [`identity ${identity}`]),
  ]
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map(line => `  ${line}`)]
}
