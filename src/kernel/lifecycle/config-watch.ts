import { type FSWatcher, watch } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock, Timer } from '../clock/clock.ts'

/** Notifications may be missing (network file systems, no more inotify watches): this finds every change at last. */
const POLL_MS = 10_000
/** An editor writes a file in several steps. */
const SETTLE_MS = 250
/** In a folder that never rests (logs are written there too) a look does not wait longer. */
const SETTLE_AT_MOST_MS = 1000

/** What the content behind paths was like at some moment. */
export interface Mark {
  readonly paths: readonly string[]
  readonly signature: string
}

/** Calls `onChange` after the content behind any of the paths may have changed, also when only a symlink on the way points elsewhere (a mounted ConfigMap). */
export class ConfigWatch implements Disposable {
  readonly #clock: Clock
  readonly #onChange: () => void
  readonly #signatureOf: (path: string) => Promise<string>
  readonly #watchers: FSWatcher[] = []
  readonly #poll: Timer
  #settling: Timer | undefined
  /** Monotonic; when a look is due in any case. */
  #lookByMs: number | undefined
  #paths: readonly string[] = []
  #seen = ''
  #looking: Promise<void> = Promise.resolve()
  #closed = false

  /** `signatureOf` gives what differs when the content behind a path may; of a folder, that of its YAML files unless given. */
  constructor(clock: Clock, onChange: () => void, signatureOf = contentSignature) {
    this.#clock = clock
    this.#onChange = onChange
    this.#signatureOf = signatureOf
    this.#poll = clock.interval(POLL_MS, () => void this.look())
  }

  /**
   * Watches these files and folders from now on, instead of those before. Changes since the call are seen; with a
   * mark, those since it was taken, of all that it knows.
   */
  async watch(paths: readonly string[], since?: Mark): Promise<void> {
    this.#paths = paths
    const isSame = since !== undefined && since.paths.join('\n') === paths.join('\n')
    this.#seen = isSame ? since.signature : await this.#signature(paths)
    const folders = await foldersOf(paths)
    for (const watcher of this.#watchers.splice(0)) watcher.close()
    if (this.#closed) return
    for (const folder of folders) this.#watchFolder(folder)
    if (isSame) this.#notified()
  }

  /** To be taken before the files are read that `watch` is then called with. */
  async mark(): Promise<Mark> {
    const paths = this.#paths
    return { paths, signature: await this.#signature(paths) }
  }

  /** Looks now; what the poll does. One look at a time. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(async () => {
      const paths = this.#paths
      const now = await this.#signature(paths)
      if (this.#closed || paths !== this.#paths || now === this.#seen) return
      this.#seen = now
      this.#onChange()
    })
    return this.#looking
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#poll.cancel()
    this.#settling?.cancel()
    for (const watcher of this.#watchers.splice(0)) watcher.close()
  }

  async #signature(paths: readonly string[]): Promise<string> {
    return (await Promise.all(paths.map(this.#signatureOf))).join('\n')
  }

  #watchFolder(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#notified())
      // The folder is gone or watches have run out: the poll goes on.
      watcher.on('error', () => watcher.close())
      this.#watchers.push(watcher)
    } catch {
      // The poll goes on.
    }
  }

  #notified(): void {
    if (this.#closed) return
    this.#settling?.cancel()
    const now = this.#clock.monotonic()
    this.#lookByMs ??= now + SETTLE_AT_MOST_MS
    this.#settling = this.#clock.timeout(Math.min(SETTLE_MS, Math.max(0, this.#lookByMs - now)), () => {
      this.#lookByMs = undefined
      void this.look()
    })
  }
}

/** Where notifications come from: the folder of each path as it is named, and of what it leads to. */
async function foldersOf(paths: readonly string[]): Promise<Set<string>> {
  const folders = new Set<string>()
  for (const path of paths) {
    folders.add(dirname(path))
    const real = await realpath(path).catch(() => undefined)
    if (!real) continue
    folders.add((await stat(real)).isDirectory() ? real : dirname(real))
  }
  return folders
}

/** Differs when the content behind a path may differ. */
export async function contentSignature(path: string): Promise<string> {
  try {
    const real = await realpath(path)
    const found = await stat(real)
    if (!found.isDirectory()) return `${real} ${found.ino} ${found.size} ${found.mtimeMs}`
    const names = (await readdir(real)).filter(name => /^[^.].*\.ya?ml$/.test(name)).sort()
    const parts = await Promise.all(names.map(name => contentSignature(join(real, name))))
    return `${real} ${parts.join('\n')}`
  } catch (error) {
    return `${path} ${(error as NodeJS.ErrnoException).code}`
  }
}
