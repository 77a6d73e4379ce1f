import type { Problem } from '../../../kernel/config/problem.ts'
import type { ProxyConfig } from '../config.ts'
import { checkRoutes } from '../routing/check/check.ts'
import { below, problem } from '../routing/check/problems.ts'
import { checkTwins, checkUpstreams } from '../routing/check/upstreams.ts'
import type { RouteDocument } from '../routing/config.ts'
import { buildRouteTable } from '../routing/table.ts'
import { ineffective, type RouteTaker, routeTakers } from './route-takers.ts'

/** What is wrong with the route documents, by themselves and for the listeners. */
export function checkListenerRoutes(config: ProxyConfig): Problem[] {
  const { listeners, routes } = config
  const takers = routeTakers(listeners, config)
  const [first, ...others] = takers
  const found = [
    ...(first === undefined
      ? [...checkRoutes(routes), ...withoutListener(routes)]
      : takers.flatMap(({ scope }) => buildRouteTable(routes, scope).problems)),
    ...checkUpstreams(routes, config),
    ...(first === undefined ? [] : unattached(routes, [first, ...others])),
  ]
  return [...below(['routes'], unique(found)), ...checkTwins(routes, config)]
}

function withoutListener(routes: readonly RouteDocument[]): Problem[] {
  if (routes.length === 0) return []
  return [
    problem([0], 'routes have no effect: no listener is routed', 'write routed: {} in place of its upstream'),
  ]
}

function unattached(
  routes: readonly RouteDocument[],
  takers: readonly [RouteTaker, ...RouteTaker[]],
): Problem[] {
  return routes.flatMap((document, index) => {
    const found = ineffective(document, takers)
    if (found === undefined) return []
    return [problem([index, ...found.path], `the route has no effect: ${found.reason}`, found.hint)]
  })
}

function unique(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>()
  return problems.filter(({ path, message }) => {
    const key = JSON.stringify([path, message])
    return !seen.has(key) && seen.add(key)
  })
}
