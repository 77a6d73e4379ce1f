import { nearest } from '../../../kernel/config/suggest.ts'
import type { ListenerConfig, ProxyConfig } from '../config.ts'
import { type Attachable, gatewayOf, holdsFor, type RouteScope } from '../routing/attachment.ts'
import type { RouteDocument } from '../routing/config.ts'
import { scopeOf } from './decisions.ts'
import { portOf } from './port.ts'

/** A listener that goes by routes: by which kinds, and whose traffic it takes. */
export interface RouteTaker {
  readonly kinds: readonly Kind[]
  readonly scope: RouteScope
}

/** What of a listener says which routes it goes by. */
export type RoutedListener = Pick<ListenerConfig, 'listen' | 'protocol' | 'routed'> & {
  readonly outbound?: unknown
}

/** Why a route has no effect. */
export interface Ineffective {
  readonly reason: string
  readonly hint: string
  /** In the document. */
  readonly path: readonly string[]
}

type Kind = RouteDocument['kind']

const REQUESTS: readonly Kind[] = ['HTTPRoute', 'GRPCRoute']
const PROTOCOLS: Readonly<Record<Kind, string>> = {
  HTTPRoute: 'http',
  GRPCRoute: 'http',
  TLSRoute: 'tls',
  TCPRoute: 'tcp',
}

export function routeTakers(
  listeners: readonly RoutedListener[],
  place: Pick<ProxyConfig, 'namespace' | 'clusterDomain'>,
): RouteTaker[] {
  return listeners
    .filter(({ routed, outbound }) => routed !== undefined || outbound !== undefined)
    .map(listener => ({ kinds: kindsOf(listener), scope: scopeOf(listener, place, portOf(listener)) }))
}

/** Undefined for a route that one of them goes by. There is at least one. */
export function ineffective(
  document: Attachable,
  takers: readonly [RouteTaker, ...RouteTaker[]],
): Ineffective | undefined {
  const holding = takers.filter(({ scope }) => holdsFor(document, scope))
  if (holding.some(({ kinds }) => kinds.includes(document.kind))) return undefined
  if (holding.length > 0)
    return {
      reason: `the listeners that it is attached to take no ${document.kind}`,
      hint: `give one of them protocol: ${PROTOCOLS[document.kind]}, or auto`,
      path: ['kind'],
    }
  const [parent] = document.spec.parentRefs
  if (parent === undefined) return undefined
  const { kind, name, namespace = document.metadata.namespace ?? takers[0].scope.namespace } = parent
  const path = ['spec', 'parentRefs']
  return kind === 'Service'
    ? {
        reason: `Service ${namespace}/${name} is neither of the route's namespace nor is the sidecar`,
        hint: 'see proxy.namespace',
        path,
      }
    : {
        reason: `no listener is routed by ${kind} ${namespace}/${name}${nearGateway(`${namespace}/${name}`, takers)}`,
        hint: `write routed: {gateway: ${namespace}/${name}}`,
        path,
      }
}

/** Which Gateway of a listener was probably meant. */
function nearGateway(wanted: string, takers: readonly RouteTaker[]): string {
  const gateways = takers.flatMap(({ scope }) => gatewayOf(scope) ?? [])
  // One of that very name has another section or port.
  const near = gateways.includes(wanted) ? undefined : nearest(wanted, gateways)
  return near === undefined ? '' : `; did you mean ${near}?`
}

/** The kinds of routes that a listener goes by. */
function kindsOf({ protocol, outbound }: RoutedListener): readonly Kind[] {
  if (protocol === 'tcp') return ['TCPRoute']
  if (protocol === 'tls') return ['TLSRoute', 'TCPRoute']
  return protocol === 'auto' || outbound !== undefined ? [...REQUESTS, 'TLSRoute', 'TCPRoute'] : REQUESTS
}
