import type { Clock } from '../../kernel/clock/clock.ts'
import type { Log } from '../../kernel/log/log.ts'
import type { KubernetesClient, Selection } from './client.ts'
import { KubernetesError } from './error.ts'
import { type KubernetesObject, type ResourceType, resourceName } from './resources.ts'
import type { WatchEvent } from './watch-events.ts'

export interface InformerOptions<T> extends Pick<Selection, 'namespace' | 'labelSelector' | 'fieldSelector'> {
  readonly client: KubernetesClient
  readonly clock: Clock
  readonly log: Log
  readonly type: ResourceType
  /** What is kept of an object: as little as is needed, for the store holds it for the whole cluster. Undefined: nothing. */
  readonly project: (object: KubernetesObject) => T | undefined
  /** Between 0 and 1; for tests. Default Math.random. */
  readonly random?: () => number
}

/** What has happened to one object, told after the store has taken it over. */
export interface Change<T> {
  readonly type: 'added' | 'changed' | 'removed'
  readonly namespace: string
  readonly name: string
  /** The last known one for `removed`. */
  readonly value: T
  readonly previous?: T
}

/**
 * The objects of one kind as the API server has them, kept up by list and watch. While the server is away the store
 * stays as it was; afterwards only what has really changed is told. There is no periodic resync.
 */
export interface Informer<T> extends AsyncDisposable {
  /** '' is the namespace of what has none. */
  get(namespace: string, name: string): T | undefined
  entries(): IterableIterator<readonly [key: string, value: T]>
  readonly size: number
  /** Resolves once the first list is in the store; rejects when the informer is closed before. */
  readonly synced: Promise<void>
  readonly state: InformerState
  /** Called in order, one change at a time; the result ends it. */
  onChange(call: (change: Change<T>) => void): () => void
}

export interface InformerState {
  readonly synced: boolean
  /** A watch is open, or was ended by the server in good order. */
  readonly connected: boolean
  /** By the clock's `monotonic`: when the server last told something, bookmarks included. */
  readonly lastHeardMs: number
  /** Why it is not connected, for people. */
  readonly problem?: string
}

/** The server ends a watch between these, at random, so that not all are made anew at once. */
const WATCH_SECONDS = { least: 240, spread: 240 }
/** A bookmark comes each minute or so. A server that has vanished without a word says nothing for ever. */
const SILENCE_MS = 150_000
const BACKOFF = { baseMs: 800, maxMs: 30_000 }

/** Starts at once. */
export function informer<T>(options: InformerOptions<T>): Informer<T> {
  return new ListAndWatch(options)
}

interface Held<T> {
  readonly version: string
  readonly value: T
}

class ListAndWatch<T> implements Informer<T> {
  readonly synced: Promise<void>
  readonly #options: InformerOptions<T>
  readonly #random: () => number
  readonly #stop = new AbortController()
  readonly #held = new Map<string, Held<T>>()
  readonly #calls = new Set<(change: Change<T>) => void>()
  readonly #running: Promise<void>
  readonly #first = Promise.withResolvers<void>()
  #state: InformerState
  /** In a row, since a watch was last taken. */
  #failures = 0

  constructor(options: InformerOptions<T>) {
    this.#options = options
    this.#random = options.random ?? Math.random
    this.#state = { synced: false, connected: false, lastHeardMs: options.clock.monotonic() }
    this.synced = this.#first.promise
    this.synced.catch(() => {})
    this.#running = this.#run()
  }

  get state(): InformerState {
    return this.#state
  }

  get size(): number {
    return this.#held.size
  }

  get(namespace: string, name: string): T | undefined {
    return this.#held.get(`${namespace}/${name}`)?.value
  }

  *entries(): IterableIterator<readonly [string, T]> {
    for (const [key, { value }] of this.#held) yield [key, value]
  }

  onChange(call: (change: Change<T>) => void): () => void {
    this.#calls.add(call)
    return () => void this.#calls.delete(call)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the informer was closed'))
    this.#first.reject(this.#stop.signal.reason)
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock } = this.#options
    const { signal } = this.#stop
    let version: string | undefined
    while (!signal.aborted) {
      const startedMs = clock.monotonic()
      try {
        version ??= await this.#list()
        for await (const next of this.#watch(version)) {
          version = next
        }
        this.#heard()
        // A server that ends each watch at once is not to be asked without end.
        if (clock.monotonic() - startedMs < 1000) await clock.sleep(this.#pauseMs(1), signal)
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof KubernetesError && error.isExpired) {
          version = undefined
          if (this.#failures++ === 0) continue
        } else this.#failures++
        this.#failed(error)
        // A watch that cannot be had may mean that its place in the history cannot, either.
        if (this.#failures > 3) version = undefined
        await clock.sleep(this.#pauseMs(this.#failures), signal).catch(() => {})
      }
    }
  }

  /** From a half to the whole of a time that doubles. */
  #pauseMs(failures: number): number {
    const ceiling = Math.min(BACKOFF.maxMs, BACKOFF.baseMs * 2 ** Math.min(failures - 1, 10))
    return ceiling / 2 + (this.#random() * ceiling) / 2
  }

  /** Page by page: never is more than one page of whole objects in memory. */
  async #list(): Promise<string> {
    const { client, type, project } = this.#options
    const gone = new Set(this.#held.keys())
    let version = ''
    for await (const { items, resourceVersion } of client.pages(type, this.#selection())) {
      for (const item of items) {
        const key = keyOf(item)
        gone.delete(key)
        this.#put(key, item, project(item))
      }
      version = resourceVersion
    }
    for (const key of gone) this.#remove(key)
    this.#heard()
    this.#first.resolve()
    return version
  }

  /** Yields the version up to which the history is known, after each event. */
  async *#watch(resourceVersion: string): AsyncGenerator<string> {
    const { client, type, clock } = this.#options
    const timeoutSeconds = WATCH_SECONDS.least + Math.floor(this.#random() * WATCH_SECONDS.spread)
    const silence = new AbortController()
    const guard = clock.interval(SILENCE_MS / 3, () => {
      if (clock.monotonic() - this.#state.lastHeardMs >= SILENCE_MS)
        silence.abort(new Error('nothing was heard of the watch, not even a bookmark'))
    })
    this.#state = { ...this.#state, lastHeardMs: clock.monotonic() }
    try {
      const events = client.watch(type, {
        ...this.#selection(),
        signal: AbortSignal.any([this.#stop.signal, silence.signal]),
        resourceVersion,
        timeoutSeconds,
        onOpen: () => {
          this.#failures = 0
          this.#heard()
        },
      })
      for await (const event of events) {
        this.#apply(event)
        this.#heard()
        yield event.object.metadata?.resourceVersion ?? resourceVersion
      }
    } catch (error) {
      throw silence.signal.aborted ? silence.signal.reason : error
    } finally {
      guard.cancel()
    }
  }

  #apply({ type, object }: WatchEvent): void {
    if (type === 'BOOKMARK') return
    if (type === 'DELETED') this.#remove(keyOf(object))
    else this.#put(keyOf(object), object, this.#options.project(object))
  }

  #put(key: string, object: KubernetesObject, value: T | undefined): void {
    if (value === undefined) {
      this.#remove(key)
      return
    }
    const version = object.metadata?.resourceVersion ?? ''
    const before = this.#held.get(key)
    if (before !== undefined && before.version === version) return
    this.#held.set(key, { version, value })
    if (before === undefined) this.#tell({ type: 'added', ...split(key), value })
    else this.#tell({ type: 'changed', ...split(key), value, previous: before.value })
  }

  #remove(key: string): void {
    const before = this.#held.get(key)
    if (before === undefined) return
    this.#held.delete(key)
    this.#tell({ type: 'removed', ...split(key), value: before.value })
  }

  #tell(change: Change<T>): void {
    for (const call of [...this.#calls]) {
      try {
        call(change)
      } catch (error) {
        // One listener's fault must not lose the others' events.
        this.#options.log.error('change_failed', 'a change in the cluster could not be taken over', {
          resource: resourceName(this.#options.type),
          object: `${change.namespace}/${change.name}`,
          error,
        })
      }
    }
  }

  #heard(): void {
    this.#state = { synced: true, connected: true, lastHeardMs: this.#options.clock.monotonic() }
  }

  #failed(error: unknown): void {
    const problem = (error as Error).message
    const { log, type } = this.#options
    if (this.#state.problem !== problem)
      log.warn('watch_failed', `the ${resourceName(type)} of the cluster cannot be followed at present`, {
        error,
      })
    this.#state = { ...this.#state, connected: false, problem }
  }

  #selection(): Selection {
    const { namespace, labelSelector, fieldSelector } = this.#options
    return {
      signal: this.#stop.signal,
      ...(namespace !== undefined && { namespace }),
      ...(labelSelector !== undefined && { labelSelector }),
      ...(fieldSelector !== undefined && { fieldSelector }),
    }
  }
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`
}

function split(key: string): { namespace: string; name: string } {
  const at = key.indexOf('/')
  return { namespace: key.slice(0, at), name: key.slice(at + 1) }
}
