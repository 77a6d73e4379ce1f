import type { Clock } from '../../kernel/clock/clock.ts'
import type { PatchOperation } from '../../wire/json-patch/patch.ts'
import type { ClusterAccess } from './access.ts'
import { type Attempt, KubernetesError } from './error.ts'
import { apiVersionOf, type KubernetesObject, type ResourceType, resourcePath } from './resources.ts'
import { Transport } from './transport.ts'
import { type WatchEvent, watchEvents } from './watch-events.ts'

export interface KubernetesClientOptions {
  readonly access: ClusterAccess
  readonly clock: Clock
  /** Who writes, in managedFields and in the audit log of the cluster. Default `outrigger`. */
  readonly userAgent?: string
  /** Of each request but watches. Default 30 s. */
  readonly timeoutMs?: number
  /** Sentences that the server sends along, for people. */
  readonly onWarning?: (text: string) => void
}

export interface RequestOptions {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}

export interface Selection extends RequestOptions {
  /** One namespace; absent: all of them. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

export interface ListOptions extends Selection {
  /** Objects a page. Default 500. */
  readonly limit?: number
  /** `0`: as the server's cache has it, cheap for it. Default: the newest. */
  readonly resourceVersion?: string
}

export interface ObjectList {
  readonly items: readonly KubernetesObject[]
  /** Where a watch goes on. */
  readonly resourceVersion: string
}

export interface WatchOptions extends Selection {
  readonly resourceVersion: string
  /** When the server ends the watch, in seconds. */
  readonly timeoutSeconds: number
  /** The server has taken the watch. */
  readonly onOpen?: () => void
}

export interface WriteOptions extends RequestOptions {
  readonly dryRun?: boolean
  readonly subresource?: string
}

/** `merge` (RFC 7386), `strategic` (lists of the built-in kinds are merged by their keys), or operations (RFC 6902). */
export type Patch =
  | { readonly merge: unknown }
  | { readonly strategic: unknown }
  | { readonly operations: readonly PatchOperation[] }

export interface DeleteOptions extends RequestOptions {
  readonly uid?: string
  readonly resourceVersion?: string
  readonly propagation?: 'Foreground' | 'Background' | 'Orphan'
}

/**
 * A client of one API server, on objects as they are. Rejects with KubernetesError when the server says no, with
 * HttpClientError when it says nothing, and with ClusterAccessError when the credentials cannot be read.
 */
export interface KubernetesClient {
  readonly access: ClusterAccess
  /** Undefined for what does not exist. */
  find(type: ResourceType, place: Place, options?: RequestOptions): Promise<KubernetesObject | undefined>
  get(type: ResourceType, place: Place, options?: RequestOptions): Promise<KubernetesObject>
  /** All pages of one moment; begins anew when the server has forgotten that moment. */
  list(type: ResourceType, options?: ListOptions): Promise<ObjectList>
  /** The same page by page, for who keeps little of each; rejects (410) when the server has forgotten the moment. */
  pages(type: ResourceType, options?: ListOptions): AsyncGenerator<ObjectList>
  /** The events from `resourceVersion` on, bookmarks among them, until the server ends them. */
  watch(type: ResourceType, options: WatchOptions): AsyncGenerator<WatchEvent>
  /** In the namespace that its metadata names. */
  create(type: ResourceType, object: KubernetesObject, options?: WriteOptions): Promise<KubernetesObject>
  /** Writes the whole object; its resourceVersion says what it was made from: a conflict when that has passed. */
  replace(type: ResourceType, object: KubernetesObject, options?: WriteOptions): Promise<KubernetesObject>
  patch(type: ResourceType, place: Place, patch: Patch, options?: WriteOptions): Promise<KubernetesObject>
  /** Server-side apply: the object becomes as told where `manager` has told it. */
  apply(
    type: ResourceType,
    object: KubernetesObject,
    options: WriteOptions & { readonly manager: string; readonly force?: boolean },
  ): Promise<KubernetesObject>
  delete(type: ResourceType, place: Place, options?: DeleteOptions): Promise<void>
  /** Of the API server. */
  serverVersion(options?: RequestOptions): Promise<{ readonly major: number; readonly minor: number }>
  /** The server's time as its answers tell it; the own clock's before the first answer. */
  serverNow(): number
  /** Breaks what is under way. Idempotent. */
  close(): void
}

export interface Place {
  readonly name: string
  /** For namespaced kinds. */
  readonly namespace?: string
}

/** No resource; for messages. */
const VERSION: ResourceType = { group: '', version: '', resource: 'version', kind: '', namespaced: false }

const DEFAULT_TIMEOUT_MS = 30_000
const PAGE = 500
const MAX_OBJECT_BYTES = 16 * 1024 * 1024
const MAX_PAGE_BYTES = 256 * 1024 * 1024
/** A list of many pages that outlives the server's memory of its moment begins anew, but not for ever. */
const MAX_LIST_ATTEMPTS = 3
/** A watch that outlives its time by so much hangs. */
const WATCH_GRACE_MS = 15_000

/** Opens no connection until it is needed. */
export function createKubernetesClient(options: KubernetesClientOptions): KubernetesClient {
  const { access, clock, timeoutMs = DEFAULT_TIMEOUT_MS } = options
  const transport = new Transport({
    access,
    clock,
    userAgent: options.userAgent ?? 'outrigger',
    ...(options.onWarning && { onWarning: options.onWarning }),
  })

  async function object(
    attempt: Attempt,
    method: string,
    query: Query,
    given: RequestOptions = {},
    content: { body?: unknown; contentType?: string } = {},
    maxBytes = MAX_OBJECT_BYTES,
  ): Promise<KubernetesObject> {
    const response = await transport.send({
      attempt,
      method,
      path: `${resourcePath(attempt.type, method === 'POST' ? collection(attempt) : attempt)}${queryString(query)}`,
      ...content,
      timeoutMs: given.timeoutMs ?? timeoutMs,
      ...(given.signal && { signal: given.signal }),
    })
    return JSON.parse((await response.body.bytes(maxBytes)).toString('utf8'))
  }

  async function get(type: ResourceType, place: Place, given?: RequestOptions): Promise<KubernetesObject> {
    return object({ verb: 'get', type, ...place }, 'GET', {}, given)
  }

  async function* pages(type: ResourceType, given: ListOptions = {}): AsyncGenerator<ObjectList> {
    const attempt: Attempt = { verb: 'list', type, ...inNamespace(given.namespace) }
    let token: string | undefined
    do {
      const query = {
        ...selectors(given),
        limit: String(given.limit ?? PAGE),
        ...(token === undefined ? { resourceVersion: given.resourceVersion } : { continue: token }),
      }
      const { metadata, items } = await object(attempt, 'GET', query, given, {}, MAX_PAGE_BYTES)
      const { resourceVersion = '', continue: next = '' } = (metadata ?? {}) as Partial<
        Record<string, string>
      >
      yield { items: Array.isArray(items) ? items : [], resourceVersion }
      token = next
    } while (token !== '')
  }

  return {
    access,
    get,
    async find(type, place, given) {
      try {
        return await get(type, place, given)
      } catch (error) {
        if (error instanceof KubernetesError && error.isNotFound) return undefined
        throw error
      }
    },
    pages,
    async list(type, given = {}) {
      for (let attempt = 1; ; attempt++) {
        try {
          const items: KubernetesObject[] = []
          let version = ''
          for await (const page of pages(type, given)) {
            items.push(...page.items)
            version = page.resourceVersion
          }
          return { items, resourceVersion: version }
        } catch (error) {
          const expired = error instanceof KubernetesError && error.isExpired
          if (!expired || attempt === MAX_LIST_ATTEMPTS) throw error
        }
      }
    },
    async *watch(type, given) {
      const attempt: Attempt = { verb: 'watch', type, ...inNamespace(given.namespace) }
      const query = {
        ...selectors(given),
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: given.resourceVersion,
        timeoutSeconds: String(given.timeoutSeconds),
      }
      const response = await transport.send({
        attempt,
        method: 'GET',
        path: `${resourcePath(type, inNamespace(given.namespace))}${queryString(query)}`,
        timeoutMs: given.timeoutMs ?? given.timeoutSeconds * 1000 + WATCH_GRACE_MS,
        ...(given.signal && { signal: given.signal }),
      })
      given.onOpen?.()
      for await (const event of watchEvents(response.body)) {
        if (event.type === 'ERROR') throw new KubernetesError(attempt, event.object.code ?? 500, event.object)
        yield event
      }
    },
    create: (type, body, given = {}) =>
      object({ verb: 'create', type, ...placeOf(body), ...sub(given) }, 'POST', write(given), given, {
        body: { apiVersion: apiVersionOf(type), kind: type.kind, ...body },
      }),
    replace: (type, body, given = {}) =>
      object({ verb: 'update', type, ...placeOf(body), ...sub(given) }, 'PUT', write(given), given, {
        body: { apiVersion: apiVersionOf(type), kind: type.kind, ...body },
      }),
    patch: (type, place, patch, given = {}) =>
      object({ verb: 'patch', type, ...place, ...sub(given) }, 'PATCH', write(given), given, content(patch)),
    apply: (type, body, given) =>
      object(
        { verb: 'patch', type, ...placeOf(body), ...sub(given) },
        'PATCH',
        { ...write(given), fieldManager: given.manager, ...(given.force && { force: 'true' }) },
        given,
        {
          body: { apiVersion: apiVersionOf(type), kind: type.kind, ...body },
          contentType: 'application/apply-patch+yaml',
        },
      ),
    async delete(type, place, given = {}) {
      const { uid, resourceVersion, propagation } = given
      const preconditions = { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) }
      await object({ verb: 'delete', type, ...place }, 'DELETE', {}, given, {
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          ...(Object.keys(preconditions).length > 0 && { preconditions }),
          ...(propagation && { propagationPolicy: propagation }),
        },
      })
    },
    async serverVersion(given = {}) {
      const response = await transport.send({
        attempt: { verb: 'get', type: VERSION },
        method: 'GET',
        path: '/version',
        timeoutMs: given.timeoutMs ?? timeoutMs,
        ...(given.signal && { signal: given.signal }),
      })
      const told = JSON.parse((await response.body.bytes(MAX_OBJECT_BYTES)).toString('utf8'))
      // Some distributions write 31+.
      return { major: Number.parseInt(told.major, 10) || 1, minor: Number.parseInt(told.minor, 10) || 0 }
    },
    serverNow: () => transport.serverNow ?? clock.now(),
    close: () => transport.close(),
  }
}

type Query = Readonly<Record<string, string | undefined>>

function queryString(query: Query): string {
  const pairs = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined)
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
}

function selectors({ labelSelector, fieldSelector }: Selection): Query {
  return { labelSelector, fieldSelector }
}

function write({ dryRun }: WriteOptions): Query {
  return dryRun ? { dryRun: 'All' } : {}
}

function sub({ subresource }: WriteOptions): { subresource?: string } {
  return subresource === undefined ? {} : { subresource }
}

function inNamespace(namespace: string | undefined): { namespace?: string } {
  return namespace === undefined ? {} : { namespace }
}

function placeOf({ metadata }: KubernetesObject): { name?: string; namespace?: string } {
  return { ...(metadata?.name !== undefined && { name: metadata.name }), ...inNamespace(metadata?.namespace) }
}

/** What is created is sent to its collection; a subresource (a token of a service account) to its object. */
function collection({ namespace, name, subresource }: Attempt): {
  namespace?: string
  name?: string
  subresource?: string
} {
  if (subresource === undefined) return inNamespace(namespace)
  return { ...inNamespace(namespace), ...(name !== undefined && { name }), subresource }
}

function content(patch: Patch): { body: unknown; contentType: string } {
  if ('operations' in patch) return { body: patch.operations, contentType: 'application/json-patch+json' }
  if ('merge' in patch) return { body: patch.merge, contentType: 'application/merge-patch+json' }
  return { body: patch.strategic, contentType: 'application/strategic-merge-patch+json' }
}
