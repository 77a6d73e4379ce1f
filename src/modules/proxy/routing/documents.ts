import type { Selection } from '../../../kernel/config/included.ts'
import type { RouteDocument } from './config.ts'

type Document = Selection['value']

const OURS: ReadonlySet<unknown> = new Set(['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute', 'List'])
const GATEWAY_API = 'gateway.networking.k8s.io'

/** Documents of the Gateway API beside routes that say nothing which would change what a sidecar does. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  Gateway: 'listeners are those of proxy.listeners; routed: {gateway: namespace/name} stands for one',
  GatewayClass: 'listeners are those of proxy.listeners',
  ReferenceGrant: 'routes may name services of other namespaces without one',
  UDPRoute: 'UDP is not carried',
}

/**
 * The routes in a document, which may be a `List` as kubectl prints it. Documents of other APIs are skipped; what is
 * neither goes on, to be refused with its place.
 */
export function selectRoutes(document: Document): readonly Selection[] {
  const { kind, items } = document
  if (kind !== 'List' || !Array.isArray(items)) return [select(document, [])]
  return items.map((item, index) => select(item as Document, ['items', index]))
}

function select(value: Document, at: Selection['at']): Selection {
  const reason = reasonToSkip(value)
  if (reason === undefined) return { at, value }
  return { at, value, skipped: skippedText(value, reason) }
}

export function skippedText({ kind, metadata }: Document, reason: string): string {
  const { namespace, name } = (metadata ?? {}) as Record<string, unknown>
  const named = [namespace, name].filter(part => typeof part === 'string').join('/')
  return `${kind}${named && ` ${named}`} is skipped: ${reason}`
}

export function isRoute(kind: unknown): kind is RouteDocument['kind'] {
  return kind !== 'List' && OURS.has(kind)
}

function reasonToSkip(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { kind, apiVersion } = value as Record<string, unknown>
  // What is named like ours but stands in another API is a slip of the pen.
  if (OURS.has(kind)) return undefined
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') return undefined
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  if (group === GATEWAY_API) return Object.hasOwn(WITHOUT_EFFECT, kind) ? WITHOUT_EFFECT[kind] : undefined
  if (group === '' && !/^v\d/.test(apiVersion)) return undefined
  if (group.endsWith('.istio.io')) return 'outrigger import istio translates it'
  if (kind === 'Service' || kind === 'EndpointSlice') return 'upstreams are those of proxy.upstreams'
  return 'it is no route of the Gateway API'
}
