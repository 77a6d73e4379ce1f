import { parseAddress } from '../../../kernel/config/address.ts'
import type { Problem } from '../../../kernel/config/problem.ts'
import type { ListenerConfig, ProxyConfig } from '../config.ts'
import { holdsFor, type RouteScope } from '../routing/attachment.ts'
import { checkRoutes } from '../routing/check/check.ts'
import { below, problem } from '../routing/check/problems.ts'
import { checkTwins, checkUpstreams } from '../routing/check/upstreams.ts'
import type { RouteDocument } from '../routing/config.ts'
import { buildRouteTable } from '../routing/table.ts'
import { scopeOf } from './decisions.ts'

/** What is wrong with the route documents, by themselves and for the listeners. */
export function checkListenerRoutes(config: ProxyConfig): Problem[] {
  const { listeners, routes } = config
  const takers = listeners
    .filter(({ routed, outbound }) => routed !== undefined || outbound !== undefined)
    .map(listener => ({ kinds: kindsOf(listener), scope: scopeOf(listener, config, portOf(listener)) }))
  const scopes = takers.map(({ scope }) => scope)
  const found = [
    ...(scopes.length === 0
      ? [...checkRoutes(routes), ...withoutListener(routes)]
      : scopes.flatMap(scope => buildRouteTable(routes, scope).problems)),
    ...checkUpstreams(routes, config),
    ...(scopes.length === 0 ? [] : unattached(routes, takers)),
  ]
  return [...below(['routes'], unique(found)), ...checkTwins(routes, config)]
}

/** The port of a listener on TCP; 80 on a Unix socket. */
export function portOf({ listen }: Pick<ListenerConfig, 'listen'>): number {
  const address = parseAddress(listen)
  return address !== undefined && 'port' in address ? address.port : 80
}

function withoutListener(routes: readonly RouteDocument[]): Problem[] {
  if (routes.length === 0) return []
  return [
    problem([0], 'routes have no effect: no listener is routed', 'write routed: {} in place of its upstream'),
  ]
}

type Kind = RouteDocument['kind']
const REQUESTS: readonly Kind[] = ['HTTPRoute', 'GRPCRoute']

/** The kinds of routes that a listener goes by. */
function kindsOf({ protocol, outbound }: ListenerConfig): readonly Kind[] {
  if (protocol === 'tcp') return ['TCPRoute']
  if (protocol === 'tls') return ['TLSRoute', 'TCPRoute']
  return protocol === 'auto' || outbound !== undefined ? [...REQUESTS, 'TLSRoute', 'TCPRoute'] : REQUESTS
}

const PROTOCOLS: Readonly<Record<Kind, string>> = {
  HTTPRoute: 'http',
  GRPCRoute: 'http',
  TLSRoute: 'tls',
  TCPRoute: 'tcp',
}

interface Taker {
  readonly kinds: readonly Kind[]
  readonly scope: RouteScope
}

function unattached(routes: readonly RouteDocument[], takers: readonly Taker[]): Problem[] {
  return routes.flatMap((document, index) => {
    const holding = takers.filter(({ scope }) => holdsFor(document, scope))
    if (holding.some(({ kinds }) => kinds.includes(document.kind))) return []
    if (holding.length > 0)
      return [
        problem(
          [index, 'kind'],
          `the route has no effect: the listeners that it is attached to take no ${document.kind}`,
          `give one of them protocol: ${PROTOCOLS[document.kind]}, or auto`,
        ),
      ]
    const [parent] = document.spec.parentRefs
    if (parent === undefined) return []
    const { kind, name, namespace = document.metadata.namespace ?? takers[0]!.scope.namespace } = parent
    const [reason, hint] =
      kind === 'Gateway'
        ? [
            `no listener is routed by Gateway ${namespace}/${name}`,
            `write routed: {gateway: ${namespace}/${name}}`,
          ]
        : [
            `Service ${namespace}/${name} is neither of the route's namespace nor is the sidecar`,
            'see proxy.namespace',
          ]
    return [problem([index, 'spec', 'parentRefs'], `the route has no effect: ${reason}`, hint)]
  })
}

function unique(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>()
  return problems.filter(({ path, message }) => {
    const key = JSON.stringify([path, message])
    return !seen.has(key) && seen.add(key)
  })
}
