import { badRequest, expired, Failure } from './failure.ts'
import { apiVersionOf, type Kind } from './kinds.ts'
import { fieldSelector, labelSelector, type Selects } from './selectors.ts'
import type { Happening, Store } from './store.ts'
import type { Tree } from './tree.ts'
import { numberOf, type Route } from './wish.ts'
import { typed } from './writes.ts'

export interface Page {
  readonly items: readonly Tree[]
  readonly metadata: Tree
}

/** Pages of one moment, as long as it is not forgotten. */
export class Lists {
  readonly #store: Store
  /** version/namespace/kind → all objects of that moment. */
  readonly #snapshots = new Map<string, Tree[]>()

  constructor(store: Store) {
    this.#store = store
  }

  page({ kind, namespace, query }: Route): Page {
    const limit = numberOf(query, 'limit') ?? 0
    const token = query.get('continue')
    checkVersion(query, this.#store)
    const { version, from } = token ? readToken(token) : { version: this.#store.version, from: 0 }
    const key = `${version}/${namespace}/${kind.group}/${kind.resource}`
    const all = token ? this.#snapshots.get(key) : this.#store.list(kind, namespace)
    if (all === undefined)
      throw expired(
        'The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.',
      )
    const selected = all.filter(selects(kind, query))
    const items = limit > 0 ? selected.slice(from, from + limit) : selected.slice(from)
    const left = selected.length - from - items.length
    if (left > 0) this.#snapshots.set(key, all)
    return {
      items,
      metadata: {
        resourceVersion: String(version),
        ...(left > 0 && {
          continue: Buffer.from(JSON.stringify({ version, from: from + items.length })).toString('base64url'),
          remainingItemCount: left,
        }),
      },
    }
  }

  forget(): void {
    this.#snapshots.clear()
  }
}

function readToken(token: string): { version: number; from: number } {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
  } catch {
    throw badRequest('continue key is not valid')
  }
}

export function listOf(kind: Kind, { items, metadata }: Page): Tree {
  return { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata, items }
}

export function selects(kind: Kind, query: URLSearchParams): Selects {
  const labels = labelSelector(query.get('labelSelector') ?? '')
  const fields = query.get('fieldSelector')
  const byField = fields ? fieldSelector(kind.kind, fields) : () => true
  return object => labels(object) && byField(object)
}

/** A version that the server has not reached yet cannot be read. */
function checkVersion(query: URLSearchParams, store: Store): number | undefined {
  const version = numberOf(query, 'resourceVersion')
  if (version !== undefined && version > store.version)
    throw new Failure(504, 'Timeout', `Too large resource version: ${version}, current: ${store.version}`, {
      retryAfterSeconds: 1,
    })
  return version
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: Tree
}

/** Starts a watch: from a version on, or, without one, with what there is. The result ends it. */
export function watch(
  { kind, namespace, query }: Route,
  store: Store,
  tell: (event: WatchEvent) => void,
): () => void {
  if (query.has('sendInitialEvents')) throw badRequest('sendInitialEvents is not served here')
  const version = checkVersion(query, store)
  const wanted = selects(kind, query)
  if (version === undefined || version === 0)
    for (const object of store.list(kind, namespace))
      if (wanted(object)) tell({ type: 'ADDED', object: typed(kind, object) })
  return store.follow(version || store.version, happening => {
    if (happening.kind !== kind) return
    if (namespace !== '' && happening.object['metadata'].namespace !== namespace) return
    const type = typeFor(happening, wanted)
    if (type !== undefined) tell({ type, object: typed(kind, happening.object) })
  })
}

/** For a watch with a selector, what begins to fit is added and what fits no more is deleted. */
function typeFor({ type, object, previous }: Happening, wanted: Selects): WatchEvent['type'] | undefined {
  const fits = wanted(object)
  const did = previous !== undefined && wanted(previous)
  if (type !== 'MODIFIED') return fits || did ? type : undefined
  if (fits) return did ? 'MODIFIED' : 'ADDED'
  return did ? 'DELETED' : undefined
}
