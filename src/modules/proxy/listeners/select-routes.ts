import type { Selection } from '../../../kernel/config/included.ts'
import { proxyConfig } from '../config.ts'
import type { Attachable } from '../routing/attachment.ts'
import { isRoute, selectRoutes, skippedText } from '../routing/documents.ts'
import { ineffective, type RouteTaker, routeTakers } from './route-takers.ts'

type Mapping = Readonly<Record<string, unknown>>

/**
 * The routes of a file that a listener goes by. A cluster has many more, and its files are not written for one
 * sidecar: the others are skipped, whatever they ask for, and it is told why. `proxy` is what the file of the
 * configuration says; where that is no good, or no listener is routed, every route goes on.
 */
export function selectServedRoutes(proxy: Mapping): (document: Mapping) => readonly Selection[] {
  const [first, ...others] = takersOf(proxy)
  if (first === undefined) return selectRoutes
  return document =>
    selectRoutes(document).map(selection => {
      if (selection.skipped !== undefined) return selection
      const route = attachable(selection.value)
      const found = route && ineffective(route, [first, ...others])
      return found ? { ...selection, skipped: skippedText(selection.value, found.reason) } : selection
    })
}

function takersOf({ listeners, namespace, clusterDomain }: Mapping): readonly RouteTaker[] {
  if (!Array.isArray(listeners)) return []
  const decoded = proxyConfig.decode({
    // What else is wrong with a listener is of no matter here.
    listeners: listeners.map(listener => {
      const { listen, protocol, routed, outbound } = (listener ?? {}) as Mapping
      return defined({ listen, protocol, routed, outbound })
    }),
    ...defined({ namespace, clusterDomain }),
  })
  return decoded.ok ? routeTakers(decoded.value.listeners, decoded.value) : []
}

/** Undefined for what the schema will refuse, with its place. */
function attachable(value: unknown): Attachable | undefined {
  if (!isMapping(value) || !isRoute(value['kind'])) return undefined
  const { kind, metadata, spec } = value
  if (!isMapping(metadata) || !isMapping(spec)) return undefined
  const { name, namespace } = metadata
  const { parentRefs } = spec
  if (typeof name !== 'string' || !isText(namespace) || !Array.isArray(parentRefs)) return undefined
  if (!parentRefs.every(isParent)) return undefined
  return {
    kind,
    metadata: { name, ...(namespace !== undefined && { namespace }) },
    spec: { parentRefs: parentRefs.map(parent => ({ kind: 'Gateway', ...parent })) },
  }
}

type Parent = Omit<Attachable['spec']['parentRefs'][number], 'kind'> & { readonly kind?: string }

function isParent(value: unknown): value is Parent {
  if (!isMapping(value)) return false
  const { kind, name, namespace, sectionName, port } = value
  const isPort = port === undefined || typeof port === 'number'
  return typeof name === 'string' && isPort && [kind, namespace, sectionName].every(isText)
}

function isText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function defined(fields: Mapping): Mapping {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
