import { parseAddress } from '../../../kernel/config/address.ts'
import type { Problem } from '../../../kernel/config/problem.ts'
import type { ListenerConfig, ProxyConfig } from '../config.ts'
import { holdsFor, type RouteScope } from '../routing/attachment.ts'
import { checkRoutes } from '../routing/check/check.ts'
import { below, problem } from '../routing/check/problems.ts'
import { checkUpstreams } from '../routing/check/upstreams.ts'
import type { RouteDocument } from '../routing/config.ts'
import { buildRouteTable } from '../routing/table.ts'
import { scopeOf } from './decisions.ts'

/** What is wrong with the route documents, by themselves and for the listeners. */
export function checkListenerRoutes(config: ProxyConfig): Problem[] {
  const { listeners, routes } = config
  const scopes = listeners
    .filter(({ routed, outbound }) => routed !== undefined || outbound !== undefined)
    .map(listener => scopeOf(listener, config, portOf(listener)))
  const found = [
    ...(scopes.length === 0
      ? [...checkRoutes(routes), ...withoutListener(routes)]
      : scopes.flatMap(scope => buildRouteTable(routes, scope).problems)),
    ...checkUpstreams(routes, config),
    ...(scopes.length === 0 ? [] : unattached(routes, scopes)),
  ]
  return below(['routes'], unique(found))
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

function unattached(routes: readonly RouteDocument[], scopes: readonly RouteScope[]): Problem[] {
  return routes.flatMap((document, index) => {
    if (scopes.some(scope => holdsFor(document, scope))) return []
    const [parent] = document.spec.parentRefs
    if (parent === undefined) return []
    const { kind, name, namespace = document.metadata.namespace ?? scopes[0]!.namespace } = parent
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
