import type { RequestView } from '../request.ts'
import { unmet } from './conditions.ts'
import type { Entry } from './entry.ts'
import { byPrecedence } from './precedence.ts'

/** The matches whose path is this one, or begins with it. */
interface Bucket {
  readonly path: string
  readonly exact: Entry[]
  readonly prefix: Entry[]
}

const SLASH = 47
const SEED = 0x811c9dc5
const PRIME = 0x01000193

/**
 * Finds the first match in order of precedence in one walk over the path: its hash grows by a character a step, so at
 * every slash the hash of all before it is known, and a look into one table says whether a prefix ends there.
 * A search allocates nothing as long as no query parameter is compared.
 */
export class PathIndex {
  /** In order of precedence. */
  readonly entries: readonly Entry[]
  readonly #patterns: readonly Entry[]
  readonly #root: readonly Entry[]
  readonly #buckets: readonly Bucket[]
  /** By hash, with open addressing: the number of the bucket, or -1. */
  readonly #slots: Int32Array
  readonly #mask: number
  readonly #longest: number
  /** Of the search under way: the buckets of prefixes, the longest last. */
  readonly #found: Bucket[] = []

  constructor(entries: readonly Entry[]) {
    this.entries = entries.toSorted(byPrecedence)
    this.#patterns = this.entries.filter(({ path }) => path.kind === 'pattern')
    this.#root = this.entries.filter(({ path }) => path.kind === 'prefix' && path.value === '')
    this.#buckets = bucketsOf(this.entries)
    const size = 2 ** Math.ceil(Math.log2(this.#buckets.length * 2 + 2))
    this.#mask = size - 1
    this.#slots = new Int32Array(size).fill(-1)
    this.#longest = this.#buckets.reduce((longest, { path }) => Math.max(longest, path.length), 0)
    for (const [number, { path }] of this.#buckets.entries()) this.#insert(path, number)
  }

  find(request: RequestView): Entry | undefined {
    const path = request.path
    const found = this.#found
    const last = Math.min(path.length, this.#longest)
    let count = 0
    let hash = SEED
    for (let at = 0; at < last; at++) {
      const code = path.charCodeAt(at)
      if (code === SLASH && at > 0) {
        const bucket = this.#bucket(hash, path, at)
        if (bucket !== undefined) found[count++] = bucket
      }
      hash = Math.imul(hash ^ code, PRIME)
    }
    const whole = path.length === last
    const bucket = whole || path.charCodeAt(last) === SLASH ? this.#bucket(hash, path, last) : undefined
    if (bucket !== undefined) {
      const entry = (whole ? first(bucket.exact, request) : undefined) ?? first(bucket.prefix, request)
      if (entry !== undefined) return entry
    }
    while (count-- > 0) {
      const entry = first(found[count]!.prefix, request)
      if (entry !== undefined) return entry
    }
    return this.#matchingPattern(request) ?? first(this.#root, request)
  }

  #matchingPattern(request: RequestView): Entry | undefined {
    for (const entry of this.#patterns) {
      if (pathFits(entry, request.path) && holds(entry, request)) return entry
    }
    return undefined
  }

  #bucket(hash: number, path: string, end: number): Bucket | undefined {
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const number = this.#slots[slot]!
      if (number === -1) return undefined
      const bucket = this.#buckets[number]!
      if (bucket.path.length === end && path.startsWith(bucket.path)) return bucket
    }
  }

  #insert(path: string, number: number): void {
    let hash = SEED
    for (let at = 0; at < path.length; at++) hash = Math.imul(hash ^ path.charCodeAt(at), PRIME)
    let slot = hash & this.#mask
    while (this.#slots[slot] !== -1) slot = (slot + 1) & this.#mask
    this.#slots[slot] = number
  }
}

/** Whether the path of a request is what the entry asks for. */
export function pathFits({ path: wanted }: Entry, path: string): boolean {
  if (wanted.kind === 'exact') return path === wanted.value
  if (wanted.kind === 'pattern') return wanted.regex.test(path)
  const end = wanted.value.length
  // The root holds for all, also for the `*` of OPTIONS.
  if (end === 0) return true
  return path.startsWith(wanted.value) && (path.length === end || path.charCodeAt(end) === SLASH)
}

function first(entries: readonly Entry[], request: RequestView): Entry | undefined {
  for (const entry of entries) if (holds(entry, request)) return entry
  return undefined
}

function holds({ isUnconditional, conditions }: Entry, request: RequestView): boolean {
  return isUnconditional || unmet(conditions, request) === undefined
}

function bucketsOf(entries: readonly Entry[]): Bucket[] {
  const buckets = new Map<string, Bucket>()
  for (const entry of entries) {
    const { kind, value } = entry.path
    if (kind === 'pattern' || value === '') continue
    let bucket = buckets.get(value)
    if (bucket === undefined) {
      bucket = { path: value, exact: [], prefix: [] }
      buckets.set(value, bucket)
    }
    bucket[kind].push(entry)
  }
  return [...buckets.values()]
}
