import { join } from 'node:path'
import type { FileLayer } from './layer.ts'
import type { Problems } from './problems.ts'

/** What the kernel reported since the last `take`. */
export interface Changes {
  /** Paths that grew or changed. */
  readonly paths: ReadonlySet<string>
  /** Folders in which anything may have changed. */
  readonly folders: ReadonlySet<string>
  /** Files came, went or were renamed. */
  readonly moved: boolean
}

/**
 * A writer reports every write, and waking up for each costs more than reading what it wrote. So after one event per
 * these many followed files a folder is not listened to until the round is over, and all its files are looked at.
 */
const FILES_PER_EVENT = 8
/** More folders than this are polled. */
const MAX_FOLDERS = 512

/** inotify on folders. Where the kernel gives no watch, says so once and leaves it to the polling. */
export class FolderWatch {
  readonly #layer: FileLayer
  readonly #problems: Problems
  readonly #key: string
  readonly #onFirst: () => void
  readonly #watchers = new Map<string, { close(): void } | undefined>()
  #followed: ReadonlyMap<string, number> = new Map()
  #events = new Map<string, number>()
  #paths = new Set<string>()
  #folders = new Set<string>()
  #moved = false
  #failed = false
  /** Not when the configuration leaves it to the polling. */
  readonly #enabled: boolean

  /** `onFirst`: something changed, and nothing had since the last `take`. */
  constructor(layer: FileLayer, problems: Problems, key: string, onFirst: () => void, enabled = true) {
    this.#enabled = enabled
    this.#layer = layer
    this.#problems = problems
    this.#key = key
    this.#onFirst = onFirst
  }

  /** Every folder that was asked for is watched. */
  get isComplete(): boolean {
    return this.#enabled && !this.#failed
  }

  /** Watches these folders and no others; the numbers say how many files are followed in each. Also tries again what could not be watched before. */
  sync(folders: ReadonlyMap<string, number>): void {
    if (!this.#enabled) return
    this.#followed = folders
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue
      watcher?.close()
      this.#watchers.delete(folder)
    }
    let failure: Error | undefined
    for (const folder of folders.keys()) {
      if (this.#watchers.size >= MAX_FOLDERS && !this.#watchers.has(folder)) {
        failure ??= new Error(`more than ${MAX_FOLDERS} folders`)
        break
      }
      if (!this.#watchers.get(folder) && !this.#folders.has(folder)) failure ??= this.#open(folder)
    }
    this.#failed = failure !== undefined
    this.#tell(failure)
  }

  /** What changed, and listens again to all folders: what happens from now on is reported. */
  take(): Changes {
    const changes = { paths: this.#paths, folders: this.#folders, moved: this.#moved }
    this.#paths = new Set()
    this.#folders = new Set()
    this.#events = new Map()
    this.#moved = false
    for (const folder of changes.folders) {
      if (this.#watchers.has(folder) && !this.#watchers.get(folder)) this.#open(folder)
    }
    return changes
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher?.close()
    this.#watchers.clear()
  }

  #open(folder: string): Error | undefined {
    try {
      const watcher = this.#layer.watch(
        folder,
        (event, name) => this.#note(folder, event, name),
        () => this.#unwatch(folder),
      )
      this.#watchers.set(folder, watcher)
      return undefined
    } catch (error) {
      this.#watchers.set(folder, undefined)
      return error as Error
    }
  }

  #note(folder: string, event: 'changed' | 'appeared', name: string | undefined): void {
    const isFirst = this.#paths.size === 0 && this.#folders.size === 0 && !this.#moved
    const events = (this.#events.get(folder) ?? 0) + 1
    this.#events.set(folder, events)
    if (event === 'appeared') this.#moved = true
    const isBusy = events * FILES_PER_EVENT >= (this.#followed.get(folder) ?? 0)
    if (name === undefined || isBusy) this.#mute(folder)
    else this.#paths.add(join(folder, name))
    if (isFirst) this.#onFirst()
  }

  #mute(folder: string): void {
    this.#folders.add(folder)
    this.#unwatch(folder)
  }

  #unwatch(folder: string): void {
    this.#watchers.get(folder)?.close()
    if (this.#watchers.has(folder)) this.#watchers.set(folder, undefined)
  }

  #tell(failure: Error | undefined): void {
    const code = (failure as NodeJS.ErrnoException | undefined)?.code
    if (!failure || code === 'ENOENT' || code === 'EACCES') {
      this.#problems.remove('watch', 'inotify')
      return
    }
    const hint =
      code === 'ENOSPC' || code === 'EMFILE'
        ? '; raise fs.inotify.max_user_watches and max_user_instances'
        : ''
    this.#problems.add('watch', 'inotify', {
      event: 'tail_watch_failed',
      message: `${this.#key}: the kernel does not report changes (${code ?? failure.message}), so files are polled${hint}`,
    })
  }
}
