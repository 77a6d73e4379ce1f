import { randomUUID } from 'node:crypto'
import { alreadyExists, conflict, expired, notFound } from './failure.ts'
import type { Kind } from './kinds.ts'
import { copy, type Tree } from './tree.ts'

export interface Happening {
  readonly version: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly kind: Kind
  readonly object: Tree
  /** Before a change, so that a watch with a selector can tell what has left it. */
  readonly previous?: Tree
}

/** Objects, one version for all of them, and the history that watches are served from. */
export class Store {
  readonly #objects = new Map<string, { kind: Kind; object: Tree }>()
  #history: Happening[] = []
  /** What happened up to here is forgotten. */
  #compacted = 0
  #version = 1
  readonly #listeners = new Set<(happening: Happening) => void>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  get version(): number {
    return this.#version
  }

  get(kind: Kind, namespace: string, name: string): Tree {
    const held = this.find(kind, namespace, name)
    if (held === undefined) throw notFound(kind.resource, kind.group, name)
    return held
  }

  find(kind: Kind, namespace: string, name: string): Tree | undefined {
    const held = this.#objects.get(keyOf(kind, namespace, name))
    return held && copy(held.object)
  }

  /** In the order of their keys; '' is every namespace. */
  list(kind: Kind, namespace: string): Tree[] {
    const prefix = namespace === '' ? `${kind.group}/${kind.resource}/` : keyOf(kind, namespace, '')
    return [...this.#objects]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { object }]) => copy(object))
  }

  /** `dryRun`: everything but the writing, here and below. */
  create(kind: Kind, object: Tree, dryRun = false): Tree {
    const { name, namespace = '' } = object['metadata']
    const key = keyOf(kind, namespace, name)
    if (this.#objects.has(key)) throw alreadyExists(kind.resource, kind.group, name)
    const made = copy(object)
    Object.assign(made['metadata'], {
      uid: randomUUID(),
      creationTimestamp: new Date(this.#now()).toISOString().replace(/\.\d+/, ''),
    })
    if (dryRun) return made
    const version = ++this.#version
    made['metadata'].resourceVersion = String(version)
    this.#objects.set(key, { kind, object: made })
    this.#happened({ version, type: 'ADDED', kind, object: made })
    return copy(made)
  }

  /** With a resourceVersion the object must still be of that version. What changes nothing is not written. */
  update(kind: Kind, object: Tree, dryRun = false): Tree {
    const { name, namespace = '', resourceVersion, uid } = object['metadata']
    const key = keyOf(kind, namespace, name)
    const held = this.#objects.get(key)
    if (held === undefined) throw notFound(kind.resource, kind.group, name)
    const before = held.object['metadata']
    if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== before.resourceVersion)
      throw conflict(kind.resource, kind.group, name)
    if (uid !== undefined && uid !== before.uid)
      throw conflict(kind.resource, kind.group, name, `Precondition failed: UID in precondition: ${uid}`)
    const { uid: own, creationTimestamp, resourceVersion: current } = before
    const next = copy(object)
    Object.assign(next['metadata'], { uid: own, creationTimestamp, resourceVersion: current })
    if (dryRun || sameJson(next, held.object)) return next
    const version = ++this.#version
    next['metadata'].resourceVersion = String(version)
    this.#objects.set(key, { kind, object: next })
    this.#happened({ version, type: 'MODIFIED', kind, object: next, previous: held.object })
    return copy(next)
  }

  delete(kind: Kind, namespace: string, name: string, dryRun = false): Tree {
    const key = keyOf(kind, namespace, name)
    const held = this.#objects.get(key)
    if (held === undefined) throw notFound(kind.resource, kind.group, name)
    if (dryRun) return copy(held.object)
    this.#objects.delete(key)
    const version = ++this.#version
    const object = copy(held.object)
    object['metadata'].resourceVersion = String(version)
    this.#happened({ version, type: 'DELETED', kind, object, previous: held.object })
    return object
  }

  /** Calls for what has happened after `version` and for all that will; 410 when that is forgotten. */
  follow(version: number, call: (happening: Happening) => void): () => void {
    if (version < this.#compacted) throw expired(`too old resource version: ${version} (${this.#compacted})`)
    for (const happening of this.#history) if (happening.version > version) call(happening)
    this.#listeners.add(call)
    return () => void this.#listeners.delete(call)
  }

  /** Forgets the history: who watches from an older version has to list again. */
  compact(): void {
    this.#history = []
    this.#compacted = this.#version
  }

  #happened(happening: Happening): void {
    this.#history.push(happening)
    for (const call of [...this.#listeners]) call(happening)
  }
}

function keyOf({ group, resource, namespaced }: Kind, namespace: string, name: string): string {
  return `${group}/${resource}/${namespaced ? `${namespace}/` : ''}${name}`
}

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
