import type { InputHost } from '../input.ts'
import type { TailConfig } from './config.ts'
import { codeOf, type Discovery } from './discovery.ts'
import { TailedFile } from './file.ts'
import type { FileLayer, FileStat } from './layer.ts'
import { HEAD_BYTES, parseMark, RECENT_BYTES } from './mark.ts'
import type { Meters } from './meters.ts'
import type { Problems } from './problems.ts'
import { takeUp } from './siblings.ts'

export interface RosterParts {
  readonly config: TailConfig
  readonly host: InputHost
  readonly layer: FileLayer
  readonly meters: Meters
  readonly problems: Problems
}

/** How an opened file begins. */
export type Begin =
  /** Where its recorded position says. */
  | 'resumed'
  /** It has a position, but other content than then. */
  | 'replaced'
  /** It has no position. */
  | 'new'

/** A renamed file whose path nobody takes again is let go after this time without growth. */
const ORPHAN_MS = 600_000

/** All files that are followed, by key; opens and closes them. */
export class Roster {
  readonly files = new Map<string, TailedFile>()
  /** Those that lost their path in the last `see` while they were closed: what they grew by before is in no open file. */
  lostClosed: TailedFile[] = []
  readonly #parts: RosterParts
  /** Keys of files that are being opened. */
  readonly #opening = new Set<string>()

  constructor(parts: RosterParts) {
    this.#parts = parts
  }

  /**
   * Opens a file that no pattern's earlier walk has shown. Undefined when it cannot be read now (the problem is
   * noted, the next scan tries again) or when it is followed already.
   */
  async open(path: string, name = path): Promise<{ file: TailedFile; begin: Begin } | undefined> {
    const { layer, host, meters, problems } = this.#parts
    if (!(await this.#makeRoom(path))) return undefined
    let fd: number | undefined
    let key: string | undefined
    try {
      fd = await layer.open(path)
      const stat = await layer.fstat(fd)
      // Between the walk and the open another file may have taken the path.
      if (stat.kind !== 'file' || this.files.has(stat.key) || this.#opening.has(stat.key)) {
        await layer.close(fd)
        return undefined
      }
      const owner = host.positions.claim(stat.key)
      if (owner !== undefined) {
        await layer.close(fd)
        // What only rotation leads to is no claim of the configuration's.
        if (name === path) this.#readElsewhere(path, owner)
        return undefined
      }
      key = stat.key
      this.#opening.add(key)
      const file = new TailedFile(key, name, host.clock.monotonic())
      file.at = path
      file.fd = fd
      this.#look(file, stat)
      const begin = await this.#resume(file)
      const real = await layer.realpath(path).catch(() => path)
      if (real !== path) file.realPath = real
      this.files.set(key, file)
      problems.remove('open', path)
      meters.opened.inc()
      return { file, begin }
    } catch (error) {
      if (fd !== undefined) await layer.close(fd).catch(() => {})
      this.openFailed(path, error)
      return undefined
    } finally {
      if (key !== undefined) this.#opening.delete(key)
    }
  }

  /** Opens again what was closed while it was idle, or what no longer shows what its path shows. */
  async reopen(file: TailedFile): Promise<void> {
    const { layer, problems } = this.#parts
    if (!(await this.#makeRoom(file.at))) return
    await this.close(file)
    file.cameShort = false
    try {
      const fd = await layer.open(file.at)
      const stat = await layer.fstat(fd)
      if (stat.key !== file.key) {
        await layer.close(fd)
        return
      }
      file.fd = fd
      file.finishing = false
      this.#look(file, stat)
      problems.remove('open', file.at)
    } catch (error) {
      this.openFailed(file.at, error)
    }
  }

  #readElsewhere(path: string, owner: string): void {
    this.#parts.problems.add('open', path, {
      event: 'tail_file_shared',
      message: `${this.#parts.host.key}.paths: ${path} is read by input ${owner} already; name it in one of them only`,
    })
  }

  openFailed(path: string, error: unknown): void {
    const { host, meters, problems } = this.#parts
    const code = codeOf(error)
    // Gone between the walk and the open.
    if (code === 'ENOENT') return
    meters.readErrors.inc()
    problems.add('open', path, {
      event: 'tail_file_unreadable',
      message: `${host.key}.paths: ${path} cannot be read (${code})${hintFor(code)}`,
    })
  }

  /** Takes over what a walk found: growth, new paths, lost paths. Gives the paths that are new. */
  async see(found: Discovery): Promise<readonly string[]> {
    this.lostClosed = []
    const byKey = new Map<string, string>()
    const fresh: string[] = []
    for (const [path, stat] of found.files) {
      const file = this.files.get(stat.key)
      // A second name of the same file: the one that is known already wins.
      if (!byKey.has(stat.key) || file?.at === path) byKey.set(stat.key, path)
      if (!file && byKey.get(stat.key) === path) fresh.push(path)
    }
    for (const file of [...this.files.values()]) {
      const path = byKey.get(file.key)
      if (path === undefined) await this.#lose(file)
      else await this.#meet(file, path, found.files.get(path)!)
      const now = found.files.get(file.path)
      file.replaced ||= now !== undefined && now.key !== file.key
    }
    this.#parts.problems.keep('open', path => found.files.has(path))
    this.#parts.problems.keep('read', path => [...this.files.values()].some(({ at }) => at === path))
    return fresh
  }

  /** Asks an open file itself. */
  async refresh(file: TailedFile): Promise<void> {
    if (file.fd === undefined) return
    try {
      this.#look(file, await this.#parts.layer.fstat(file.fd))
    } catch (error) {
      this.openFailed(file.at, error)
    }
  }

  /** Nobody is expected to write to it any more. */
  isOver(file: TailedFile): boolean {
    if (file.fd === undefined || (file.attached && file.at === file.path) || file.copyOf) return false
    const idleMs = this.#parts.host.clock.monotonic() - file.changedMs
    const mayEnd = file.replaced || file.links === 0 || idleMs >= ORPHAN_MS
    return mayEnd && idleMs >= this.#parts.config.rotateWaitMs
  }

  /** Closes a file of which everything is safe. It stays known as long as a pattern leads to it. */
  async retire(file: TailedFile): Promise<void> {
    await this.close(file)
    file.finishing = false
    if (file.attached) return
    this.files.delete(file.key)
    if (file.links === 0) this.#parts.host.positions.forget(file.key)
  }

  async close(file: TailedFile): Promise<void> {
    const { fd } = file
    file.fd = undefined
    if (fd !== undefined) await this.#parts.layer.close(fd).catch(() => {})
  }

  /** From its recorded position on, if it has one and is still what it was. */
  async #resume(file: TailedFile): Promise<Begin> {
    const position = this.#parts.host.positions.get(file.key)
    if (!position) return 'new'
    if (position.offset === 0) return 'resumed'
    if (file.size < position.offset) return 'replaced'
    const mark = parseMark(position.mark)
    const lengths = mark ?? lengthsAt(position.offset)
    const resumed = await takeUp(this.#parts.layer, file.fd!, position.offset, lengths)
    // Without a mark a line feed before the offset has to do.
    if (!resumed || (!mark && resumed.midLine)) return 'replaced'
    file.trail = resumed.trail
    file.midLine = resumed.midLine
    file.next = position.offset
    file.safe = position.offset
    return 'resumed'
  }

  /** Goes on at `offset` with whatever the file holds there. */
  async moveTo(file: TailedFile, offset: number): Promise<void> {
    const resumed = await takeUp(this.#parts.layer, file.fd!, offset, lengthsAt(offset))
    file.restart()
    if (!resumed) return
    file.trail = resumed.trail
    file.midLine = resumed.midLine
    file.next = offset
    file.safe = offset
  }

  async #meet(file: TailedFile, path: string, stat: FileStat): Promise<void> {
    file.attached = true
    file.at = path
    this.#look(file, stat)
    if (file.fd !== undefined || file.skipped) return
    if (stat.size !== file.next || file.doubtful) await this.reopen(file)
  }

  async #lose(file: TailedFile): Promise<void> {
    if (file.attached) {
      file.attached = false
      file.changedMs = this.#parts.host.clock.monotonic()
      this.#parts.meters.rotated.inc()
      this.#parts.host.log.info('tail_file_rotated', `${file.at} was renamed or deleted; its rest is read`, {
        file: file.at,
      })
    }
    if (file.fd !== undefined) return this.refresh(file)
    this.files.delete(file.key)
    if (!file.skipped) this.lostClosed.push(file)
  }

  #look(file: TailedFile, stat: FileStat): void {
    if (stat.size !== file.size) {
      file.changedMs = this.#parts.host.clock.monotonic()
      file.finishing = false
      // Smaller than when it was left alone: no longer the same content.
      if (file.skipped && stat.size < file.size) file.restart()
    }
    const isTouched = file.modifiedNs !== 0n && file.modifiedNs !== stat.modifiedNs
    // Empty as before, but touched: filled and truncated between two looks.
    const isEmptied = stat.size < file.size || (stat.size === 0 && file.size === 0)
    if (isTouched && isEmptied && file.next === 0) file.emptiedSinceNs ??= file.modifiedNs
    if (isTouched && stat.size <= file.size && file.next > 0) file.doubtful = true
    file.size = stat.size
    file.links = stat.links
    file.modifiedNs = stat.modifiedNs
  }

  async #makeRoom(path: string): Promise<boolean> {
    const { config, host, problems } = this.#parts
    let open = 0
    let idlest: TailedFile | undefined
    for (const file of this.files.values()) {
      if (file.fd === undefined) continue
      open++
      const canClose = file.attached && file.isDone && file.unread === 0 && !file.copyOf
      if (canClose && (!idlest || file.changedMs < idlest.changedMs)) idlest = file
    }
    if (open < config.maxOpenFiles) {
      problems.remove('room', 'maxOpenFiles')
      return true
    }
    if (idlest) {
      await this.close(idlest)
      return true
    }
    problems.add('room', 'maxOpenFiles', {
      event: 'tail_too_many_files',
      message: `${host.key}.maxOpenFiles: ${open} files are open and none of them is idle, ${path} and maybe more must wait; raise the limit (and that of the process, ulimit -n) or narrow paths`,
    })
    return false
  }
}

function lengthsAt(offset: number) {
  return { headBytes: Math.min(HEAD_BYTES, offset), recentBytes: Math.min(RECENT_BYTES, offset) }
}

function hintFor(code: string): string {
  if (code === 'EACCES' || code === 'EPERM') {
    const user = process.getuid?.()
    return `: user ${user ?? '?'} has no permission; let the sidecar run with a group that may read it, or change the mode of the file`
  }
  if (code === 'EMFILE' || code === 'ENFILE') return ': no file descriptor is left; raise ulimit -n'
  return ''
}
