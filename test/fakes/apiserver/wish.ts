import type { Wish } from './access.ts'
import { badRequest, Failure } from './failure.ts'
import { findKind, type Kind } from './kinds.ts'

/** A request to a kind, read from its path and query. */
export interface Route {
  readonly kind: Kind
  /** '' for a cluster-wide kind and for all namespaces. */
  readonly namespace: string
  /** '' for a collection. */
  readonly name: string
  readonly subresource: string
  readonly verb: string
  readonly query: URLSearchParams
}

const COLLECTION: Readonly<Record<string, string>> = {
  GET: 'list',
  POST: 'create',
  DELETE: 'deletecollection',
}
const OBJECT: Readonly<Record<string, string>> = {
  GET: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

const EVICTION: Readonly<Record<string, string>> = { POST: 'create' }

/** Undefined for paths that are no resource's (/version, /apis …). */
export function routeOf(method: string, url: URL): Route | undefined {
  const steps = url.pathname.split('/').filter(Boolean).map(decodeURIComponent)
  const group = steps[0] === 'api' ? '' : steps[0] === 'apis' ? steps[1] : undefined
  const rest = steps[0] === 'api' ? steps.slice(1) : steps.slice(2)
  const [version, ...place] = rest
  if (group === undefined || version === undefined || place.length === 0) return undefined
  const inNamespace = place[0] === 'namespaces' && place.length > 2 && !isSubresource(group, version, place)
  const namespace = inNamespace ? place[1]! : ''
  const [resource = '', name = '', subresource = '', ...more] = inNamespace ? place.slice(2) : place
  const kind = findKind(group, version, resource)
  const known = subresource === '' || kind?.subresources.includes(subresource)
  const placed = kind && (kind.namespaced ? inNamespace || name === '' : !inNamespace)
  if (kind === undefined || !known || !placed || more.length > 0)
    throw new Failure(404, 'NotFound', 'the server could not find the requested resource')
  const verb = (name === '' ? COLLECTION : subresource === 'eviction' ? EVICTION : OBJECT)[method]
  if (
    verb === undefined ||
    (kind.review && verb !== 'create') ||
    (verb === 'create' && kind.namespaced && !inNamespace)
  )
    throw new Failure(
      405,
      'MethodNotAllowed',
      'the server does not allow this method on the requested resource',
    )
  const watches = verb === 'list' && ['true', '1'].includes(url.searchParams.get('watch') ?? '')
  return { kind, namespace, name, subresource, verb: watches ? 'watch' : verb, query: url.searchParams }
}

function isSubresource(group: string, version: string, place: readonly string[]): boolean {
  return place.length === 3 && !!findKind(group, version, 'namespaces')?.subresources.includes(place[2]!)
}

/** A list or watch of one object by its name is granted by rules for that name. */
export function wishOf({ kind, namespace, name, subresource, verb, query }: Route): Wish {
  const named = /^metadata\.name==?([^,]+)$/.exec(query.get('fieldSelector') ?? '')?.[1] ?? ''
  return {
    verb,
    group: kind.group,
    resource: kind.resource,
    subresource,
    namespace: kind.resource === 'namespaces' ? name : namespace,
    name: name || (verb === 'list' || verb === 'watch' || verb === 'deletecollection' ? named : ''),
  }
}

/** A number that a query may give, within reason. */
export function numberOf(query: URLSearchParams, key: string): number | undefined {
  const text = query.get(key)
  if (text === null || text === '') return undefined
  if (!/^\d+$/.test(text)) throw badRequest(`${key}: ${JSON.stringify(text)} is no number`)
  return Number(text)
}
