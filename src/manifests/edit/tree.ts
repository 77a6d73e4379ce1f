import type { Document } from 'yaml'
import {
  type Alias,
  isAlias,
  isCollection,
  isMap,
  isSeq,
  type Node,
  type Pair,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { isMergeKey } from '../../kernel/config/position.ts'
import { applyPatch, equal, type PatchOperation } from '../../wire/json-patch/patch.ts'
import { type Json, type JsonObject, pointer } from '../json.ts'
import { type CollectionToken, type ItemToken, isItem } from './tokens.ts'

/** A value of the edited document: as it is written, opened because something in it changes, or new. */
export type Tree = Written | Opened | Fresh

export interface Written {
  readonly kind: 'written'
  readonly node: Node | null
}

export interface Fresh {
  readonly kind: 'fresh'
  readonly value: Json
}

export interface Opened {
  readonly kind: 'opened'
  readonly node: YAMLMap | YAMLSeq
  readonly token: CollectionToken
  /** As the source has them. */
  readonly source: readonly Item[]
  /** As the edited document has them: those of the source in their order, new ones between and behind them. */
  items: Item[]
}

export interface Item {
  /** New items have none. */
  readonly token?: ItemToken
  /** Of a mapping's item, as plain values have it; undefined for a merge key and in lists. */
  readonly key?: string
  readonly keyNode?: unknown
  value: Tree
}

/** What readManifests lets aliases stand for. */
const MAX_ALIASES = 1000

/** A removal, or a value that comes to a place: what every operation of JSON Patch comes to. */
export type Change =
  | { readonly op: 'add' | 'replace'; readonly steps: readonly string[]; readonly value: Json }
  | { readonly op: 'remove'; readonly steps: readonly string[] }

/**
 * A document whose values are changed one by one while it remembers how each of the others is written. The changes are
 * taken to be valid for the document.
 */
export class EditedDocument {
  readonly yaml: Document
  root: Tree
  /** Collections of the source in which something is changed. */
  readonly #changed = new Set<Node>()
  #targets: ReadonlyMap<Alias, Node> | undefined

  constructor(yaml: Document) {
    this.yaml = yaml
    this.root = { kind: 'written', node: yaml.contents as Node | null }
  }

  apply(change: Change): void {
    this.root = this.#change(this.root, change.steps, change)
  }

  /** The plain value of a tree. */
  valueOf(tree: Tree): Json {
    if (tree.kind === 'fresh') return tree.value
    if (tree.kind === 'written') return this.#plain(tree.node)
    if (isSeq(tree.node)) return tree.items.map(({ value }) => this.valueOf(value))
    const own = tree.items.flatMap(item =>
      item.key === undefined ? [] : [[item.key, this.valueOf(item.value)] as const],
    )
    return { ...Object.fromEntries(own), ...this.#missing(tree, this.#merged(tree)) }
  }

  /**
   * Writes out each alias whose anchor was changed or is gone: so nobody else sees the change. Returns the aliases for
   * which that is not possible.
   */
  writeOutAliases(): Alias[] {
    const targets = this.#aliasTargets()
    if (targets.size === 0) return []
    const alive = new Set<Node>()
    eachNode(this.root, node => alive.add(node))
    const broken = new Set<Node>()
    for (const [alias, target] of targets)
      if (alive.has(alias) && (!alive.has(target) || this.#changed.has(target))) broken.add(alias)
    if (broken.size === 0) return []
    const impossible: Alias[] = []
    this.root = this.#writeOut(this.root, broken, impossible)
    return impossible
  }

  #writeOut(tree: Tree, broken: ReadonlySet<Node>, impossible: Alias[]): Tree {
    if (tree.kind === 'fresh') return tree
    if (tree.kind === 'written') {
      if (isAlias(tree.node) && broken.has(tree.node)) return { kind: 'fresh', value: this.#plain(tree.node) }
      let holds = false
      eachNode(tree, node => {
        holds ||= broken.has(node)
      })
      if (!holds) return tree
    }
    const opened = this.#open(tree)
    if (opened.kind === 'fresh') return opened
    for (const item of opened.items) {
      eachNode({ kind: 'written', node: (item.keyNode ?? null) as Node | null }, node => {
        if (broken.has(node)) impossible.push(node as Alias)
      })
      item.value = this.#writeOut(item.value, broken, impossible)
    }
    return opened
  }

  #change(tree: Tree, steps: readonly string[], change: Change): Tree {
    const [step, ...rest] = steps
    if (step === undefined) return this.#replaced(tree, (change as { value: Json }).value)
    const here = this.#open(tree)
    if (here.kind === 'fresh') return { kind: 'fresh', value: patched(here.value, steps, change) }
    this.#changed.add(here.node)
    if (isSeq(here.node)) this.#changeList(here, step, rest, change)
    else this.#changeMapping(here, step, rest, change)
    return here
  }

  #changeList(list: Opened, step: string, rest: readonly string[], change: Change): void {
    const index = step === '-' ? list.items.length : Number(step)
    const item = list.items[index]
    if (rest.length > 0) item!.value = this.#change(item!.value, rest, change)
    else if (change.op === 'remove') list.items = list.items.toSpliced(index, 1)
    else if (change.op === 'replace') item!.value = this.#replaced(item!.value, change.value)
    else list.items = list.items.toSpliced(index, 0, { value: { kind: 'fresh', value: change.value } })
  }

  #changeMapping(map: Opened, step: string, rest: readonly string[], change: Change): void {
    const item = map.items.findLast(({ key }) => key === step)
    const merged = this.#merged(map)
    if (rest.length === 0 && change.op === 'remove') {
      map.items = map.items.filter(each => each !== item)
      if (Object.hasOwn(merged, step)) this.#writeOutMerges(map, step)
    } else if (item !== undefined) {
      item.value = this.#change(item.value, rest, change)
    } else {
      const value = Object.hasOwn(merged, step) ? merged[step]! : null
      const next = rest.length === 0 ? (change as { value: Json }).value : patched(value, rest, change)
      map.items = [...map.items, { key: step, value: { kind: 'fresh', value: next } }]
    }
  }

  /** What stays written as it is when the value is the same. */
  #replaced(tree: Tree, value: Json): Tree {
    return tree.kind === 'written' && equal(this.#plain(tree.node), value) ? tree : { kind: 'fresh', value }
  }

  /** What the merge keys (<<) of a mapping bring, whether or not a key of its own hides it. */
  #merged({ node, items }: Opened): JsonObject {
    if (!isMap(node)) return {}
    const result: Record<string, Json> = {}
    for (const { key, value } of items) {
      if (key !== undefined || value.kind === 'opened') continue
      const plain = this.valueOf(value)
      for (const source of Array.isArray(plain) ? plain : [plain])
        for (const [name, merged] of Object.entries(source as JsonObject))
          if (!Object.hasOwn(result, name)) define(result, name, merged)
    }
    return result
  }

  #missing({ items }: Opened, merged: JsonObject): JsonObject {
    const own = new Set(items.map(({ key }) => key))
    return Object.fromEntries(Object.entries(merged).filter(([name]) => !own.has(name)))
  }

  #writeOutMerges(map: Opened, without: string): void {
    const written = Object.entries(this.#missing(map, this.#merged(map)))
      .filter(([key]) => key !== without)
      .map(([key, value]): Item => ({ key, value: { kind: 'fresh', value } }))
    map.items = [...map.items.filter(({ key }) => key !== undefined), ...written]
  }

  /** Its items one by one. An alias, and what the parser keeps no tokens of, become a value that is written anew. */
  #open(tree: Tree): Opened | Fresh {
    if (tree.kind !== 'written') return tree
    const { node } = tree
    const token = isCollection(node) ? (node.srcToken as CollectionToken | undefined) : undefined
    const items = token === undefined ? [] : (token.items as ItemToken[]).filter(isItem)
    const fresh = (): Fresh => ({ kind: 'fresh', value: this.#plain(node) })
    if (!isCollection(node) || token === undefined || items.length !== node.items.length) return fresh()
    const source = items.map((token, index): Item => {
      const item = node.items[index]
      if (!isMap(node)) return { token, value: { kind: 'written', node: item as Node | null } }
      const { key, value } = item as Pair<unknown, Node | null>
      const name = isMergeKey(key) ? undefined : this.#keyName(key)
      return {
        token,
        keyNode: key,
        ...(name !== undefined && { key: name }),
        value: { kind: 'written', node: value },
      }
    })
    return { kind: 'opened', node: node as YAMLMap | YAMLSeq, token, source, items: [...source] }
  }

  #aliasTargets(): ReadonlyMap<Alias, Node> {
    this.#targets ??= aliasTargets(this.yaml)
    return this.#targets
  }

  #keyName(key: unknown): string {
    const plain = this.#plain(key as Node | null)
    if (plain === null) return ''
    return typeof plain === 'object' ? JSON.stringify(plain) : String(plain)
  }

  #plain(node: Node | null): Json {
    const target = isAlias(node) ? this.#aliasTargets().get(node) : node
    return (target?.toJS(this.yaml, { maxAliasCount: MAX_ALIASES }) ?? null) as Json
  }
}

/** Each alias of a document with what it stands for, found in one pass. */
function aliasTargets(yaml: Document): Map<Alias, Node> {
  const anchors = new Map<string, Node>()
  const targets = new Map<Alias, Node>()
  eachNode({ kind: 'written', node: yaml.contents as Node | null }, node => {
    if (isAlias(node)) {
      const target = anchors.get(node.source)
      if (target !== undefined) targets.set(node, target)
    } else if ('anchor' in node && typeof node.anchor === 'string') anchors.set(node.anchor, node)
  })
  return targets
}

/** All nodes that are still written as the source has them, keys too, in the order of the source. */
function eachNode(tree: Tree, call: (node: Node) => void): void {
  if (tree.kind === 'fresh') return
  if (tree.kind === 'opened') {
    call(tree.node)
    for (const { keyNode, value } of tree.items) {
      if (keyNode) eachNode({ kind: 'written', node: keyNode as Node }, call)
      eachNode(value, call)
    }
    return
  }
  const { node } = tree
  if (!node) return
  call(node)
  if (!isCollection(node)) return
  for (const item of node.items as (Node | Pair | null)[]) {
    const parts =
      item !== null && 'key' in item && 'value' in item && !('range' in item)
        ? [item.key, item.value]
        : [item]
    for (const part of parts) if (part) eachNode({ kind: 'written', node: part as Node }, call)
  }
}

function patched(value: Json, steps: readonly string[], change: Change): Json {
  const path = pointer(steps)
  const operation =
    change.op === 'remove' ? { op: 'remove', path } : { op: change.op, path, value: change.value }
  return applyPatch(value, [operation as PatchOperation]) as Json
}

function define(object: Record<string, Json>, name: string, value: Json): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
}
