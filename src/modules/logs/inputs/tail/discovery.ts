import { dirname, join } from 'node:path'
import { ANY_DEPTH, type Glob, matchesGlob, matchesSegment, parseExclude, parseGlob } from './glob.ts'
import type { Entry, FileLayer, FileStat } from './layer.ts'

/** What the patterns lead to at one moment. */
export interface Discovery {
  /** Regular files by path, links followed. */
  readonly files: ReadonlyMap<string, FileStat>
  /** The folders in which a change can bring, take or grow a file. */
  readonly folders: ReadonlySet<string>
  readonly faults: readonly Fault[]
}

/** A pattern that cannot do what it says, for a reason that a person can mend. */
export interface Fault {
  /** Index in `paths`. */
  readonly pattern: number
  readonly kind: 'is_folder' | 'not_a_file' | 'missing_folder' | 'unreadable'
  readonly path: string
  /** The system's word for it: EACCES. */
  readonly code?: string
}

/** Folders deeper than this below a `**` are not walked. */
const MAX_DEPTH = 32
// A folder that changed so short a time before it was listed may have changed again within its clock's tick.
const SETTLED_NS = 2_000_000_000n

interface Listing {
  readonly modifiedNs: bigint
  readonly settled: boolean
  readonly entries: readonly Entry[]
  round: number
}

/** Walks only the folders that the patterns lead through, and lists again only those that changed. */
export class Finder {
  readonly #layer: FileLayer
  readonly #now: () => number
  readonly #globs: readonly { readonly glob: Glob; readonly pattern: number }[]
  readonly #excluded: readonly Glob[]
  readonly #listings = new Map<string, Listing>()
  #round = 0

  constructor(layer: FileLayer, now: () => number, paths: readonly string[], exclude: readonly string[]) {
    this.#layer = layer
    this.#now = now
    this.#globs = paths.flatMap((path, pattern) => parseGlob(path).map(glob => ({ glob, pattern })))
    this.#excluded = exclude.flatMap(parseExclude)
  }

  async find(): Promise<Discovery> {
    this.#round++
    const walk = new Walk(
      this.#layer,
      folder => this.#list(folder),
      path => this.#isExcluded(path),
    )
    for (const { glob, pattern } of this.#globs) await walk.run(glob, pattern)
    for (const [folder, listing] of this.#listings) {
      if (listing.round !== this.#round) this.#listings.delete(folder)
    }
    return walk
  }

  /** Whether a pattern leads to this path, be it there or not. */
  leadsTo(path: string): boolean {
    return this.#globs.some(({ glob }) => matchesGlob(glob, path)) && !this.#isExcluded(path)
  }

  async #list(folder: string): Promise<readonly Entry[]> {
    const known = this.#listings.get(folder)
    if (known?.round === this.#round) return known.entries
    const { modifiedNs } = await this.#layer.stat(folder)
    if (known?.settled && known.modifiedNs === modifiedNs) {
      known.round = this.#round
      return known.entries
    }
    const settled = BigInt(Math.floor(this.#now())) * 1_000_000n - modifiedNs > SETTLED_NS
    const entries = await this.#layer.list(folder)
    this.#listings.set(folder, { modifiedNs, settled, entries, round: this.#round })
    return entries
  }

  #isExcluded(path: string): boolean {
    return this.#excluded.some(glob => matchesGlob(glob, path))
  }
}

class Walk implements Discovery {
  readonly files = new Map<string, FileStat>()
  readonly folders = new Set<string>()
  readonly faults: Fault[] = []
  readonly #layer: FileLayer
  readonly #list: (folder: string) => Promise<readonly Entry[]>
  readonly #isExcluded: (path: string) => boolean

  constructor(
    layer: FileLayer,
    list: (folder: string) => Promise<readonly Entry[]>,
    isExcluded: (path: string) => boolean,
  ) {
    this.#layer = layer
    this.#list = list
    this.#isExcluded = isExcluded
  }

  async run(glob: Glob, pattern: number): Promise<void> {
    await this.#descend('/', glob, 0, pattern, 0)
  }

  async #descend(folder: string, glob: Glob, at: number, pattern: number, depth: number): Promise<void> {
    const segment = glob[at]
    const last = at === glob.length - 1
    if (typeof segment === 'string') {
      const path = join(folder, segment)
      return last
        ? this.#candidate(
            path,
            pattern,
            glob.every(part => typeof part === 'string'),
          )
        : this.#descend(path, glob, at + 1, pattern, depth)
    }
    const entries = await this.#entries(folder, glob.slice(0, at), pattern)
    if (segment === ANY_DEPTH) {
      await this.#descend(folder, glob, at + 1, pattern, depth)
      if (depth >= MAX_DEPTH) return
      // Links are not followed here: they may lead in a circle.
      for (const { name, kind } of entries) {
        if (kind === 'folder' && !name.startsWith('.')) {
          await this.#descend(join(folder, name), glob, at, pattern, depth + 1)
        }
      }
      return
    }
    for (const { name, kind } of entries) {
      if (kind === 'other' || !matchesSegment(segment, name)) continue
      const path = join(folder, name)
      if (!last) {
        if (kind !== 'file') await this.#descend(path, glob, at + 1, pattern, depth)
      } else if (kind !== 'folder') await this.#candidate(path, pattern, false)
    }
  }

  async #entries(folder: string, leading: Glob, pattern: number): Promise<readonly Entry[]> {
    try {
      const entries = await this.#list(folder)
      this.folders.add(folder)
      return entries
    } catch (error) {
      const code = codeOf(error)
      // Behind a wildcard a folder may come and go, and a link may lead to a file.
      const named = leading.every(part => typeof part === 'string')
      if (isAbsent(code)) {
        if (named) this.faults.push({ pattern, kind: 'missing_folder', path: folder, code })
      } else this.faults.push({ pattern, kind: 'unreadable', path: folder, code })
      return []
    }
  }

  /** `named`: the user wrote this very path. */
  async #candidate(path: string, pattern: number, named: boolean): Promise<void> {
    if (this.files.has(path) || this.#isExcluded(path)) return
    try {
      const stat = await this.#layer.stat(path)
      this.folders.add(dirname(path))
      if (stat.kind === 'file') this.files.set(path, stat)
      else if (named) {
        this.faults.push({ pattern, kind: stat.kind === 'folder' ? 'is_folder' : 'not_a_file', path })
      }
    } catch (error) {
      const code = codeOf(error)
      if (!isAbsent(code)) this.faults.push({ pattern, kind: 'unreadable', path, code })
      else if (named) await this.#expect(path, pattern)
    }
  }

  /** The file is not there: fine, as long as its folder is. */
  async #expect(path: string, pattern: number): Promise<void> {
    const folder = dirname(path)
    try {
      await this.#layer.stat(folder)
      this.folders.add(folder)
    } catch (error) {
      this.faults.push({ pattern, kind: 'missing_folder', path: folder, code: codeOf(error) })
    }
  }
}

export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException)?.code ?? String(error)
}

export function isAbsent(code: string): boolean {
  return code === 'ENOENT' || code === 'ENOTDIR'
}
