import { basename, dirname } from 'node:path'
import type { InputHost } from '../input.ts'
import type { TailedFile } from './file.ts'
import type { FileLayer } from './layer.ts'
import { HEAD_BYTES, type Mark, RECENT_BYTES } from './mark.ts'
import type { Meters } from './meters.ts'
import type { Pump } from './pump.ts'
import type { Roster } from './roster.ts'
import { filesIn, findCopy, isRotatedName, type Sibling, takeUp } from './siblings.ts'

export interface RotationParts {
  readonly host: InputHost
  readonly layer: FileLayer
  readonly meters: Meters
  readonly roster: Roster
  readonly pump: Pump
  /** Whether a pattern of this input leads to the path. */
  readonly isOurs: (path: string) => boolean
}

const MAX_ATTEMPTS = 5

/**
 * Finds lines that rotation has moved to files which no pattern names: generations that came and went between two
 * looks or while the sidecar was down, and the copies that copytruncate leaves.
 */
export class Rotation {
  readonly #parts: RotationParts

  constructor(parts: RotationParts) {
    this.#parts = parts
  }

  /** The files in this folder that were not read to their end before the last stop, although no pattern leads to them now. */
  resumeIn(folder: string): Promise<void> {
    return this.#inQuiet(folder, siblings => this.#resumeAmong(folder, siblings))
  }

  async #resumeAmong(folder: string, siblings: readonly Sibling[]): Promise<void> {
    const { host, roster, isOurs } = this.#parts
    const here = [...roster.files.values()].filter(file => dirname(realPathOf(file)) === folder)
    for (const sibling of siblings) {
      const position = host.positions.get(sibling.stat.key)
      if (!position || !isOurs(position.path) || roster.files.has(sibling.stat.key)) continue
      const successor = here.find(file => isRotatedName(basename(realPathOf(file)), sibling.name))
      // At offset 0 the mark says nothing: then the name must.
      if (position.offset !== sibling.stat.size && (position.offset > 0 || successor)) {
        const opened = await roster.open(sibling.path, successor?.at ?? sibling.path)
        if (opened?.begin === 'resumed') this.#adopt(opened.file)
        else if (opened) await this.#leave(opened.file)
      }
      if (successor) await this.#takeMissed(successor, sibling.stat.modifiedNs, siblings)
    }
  }

  /** Nothing of it was read, so it has no mark; its copies are told by their names and ages. */
  async followEmpty(file: TailedFile): Promise<void> {
    const sinceNs = file.emptiedSinceNs
    if (sinceNs === undefined) return
    file.emptiedSinceNs = undefined
    const folder = dirname(realPathOf(file))
    await this.#inQuiet(folder, siblings => this.#takeMissed(file, sinceNs, siblings))
  }

  /** The path of `before` leads to another file now: were there more in between? */
  async follow(before: TailedFile): Promise<void> {
    const folder = dirname(before.realPath ?? before.path)
    await this.#inQuiet(folder, siblings => this.#takeMissed(before, before.modifiedNs, siblings))
  }

  /** Does it with the files of the folder, and again if names changed hands meanwhile: a file may have slipped through. */
  async #inQuiet(folder: string, work: (siblings: readonly Sibling[]) => Promise<void>): Promise<void> {
    const { layer } = this.#parts
    const modified = async () => (await layer.stat(folder).catch(() => undefined))?.modifiedNs
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const before = await modified()
      await work(await filesIn(layer, folder))
      if ((await modified()) === before) return
    }
  }

  /**
   * The content of `file` was replaced in place. If copytruncate left a copy of it, the copy's rest is read,
   * else the lines written last may be lost. Then the file starts from its beginning.
   */
  async replaced(file: TailedFile): Promise<void> {
    const stat = await this.#parts.layer.fstat(file.fd!)
    if (file.size < file.next && stat.size >= file.next) {
      // It grew again at once: the next read tells whether the content is the same.
      file.size = stat.size
      return
    }
    await this.truncated(file, file.next, file.trail.mark())
    file.size = stat.size
    file.restart()
    file.mayStartWithHole = true
  }

  /** `mark` and `offset`: how far the former content was read. */
  async truncated(file: TailedFile, offset: number, mark: Mark | undefined): Promise<void> {
    const { host, layer, meters } = this.#parts
    meters.truncated.inc()
    const isHeir = ({ stat }: Sibling) => stat.key !== file.key && !this.#isRead(stat.key, file)
    const siblings = offset > 0 ? (await filesIn(layer, dirname(realPathOf(file)))).filter(isHeir) : []
    const copy = mark && (await findCopy(layer, siblings, offset, mark))
    const fields = { file: file.at, read_bytes: offset, size: file.size }
    if (copy) {
      host.log.info(
        'tail_file_truncated',
        `${file.at} was truncated; the rest is read from ${copy.path}`,
        fields,
      )
      await this.#takeCopy(copy, file, offset)
      await this.#takeMissed(file, copy.stat.modifiedNs, siblings)
      return
    }
    meters.gaps.inc()
    const message = `${file.at} was truncated or replaced after ${offset} bytes were read; lines written just before may be lost, rotation by rename cannot lose any`
    host.log.warn('tail_file_truncated', message, fields)
  }

  /**
   * Whether a new file is the copy that copytruncate is making of one that is followed; such a one is not read twice.
   * Asked again while it is kept waiting, because a copy that turns out to differ is a file like any other.
   */
  async isCopy(file: TailedFile): Promise<boolean> {
    for (const other of this.#parts.roster.files.values()) {
      if (other === file || other.next === 0 || other.fd === undefined || other.copyOf) continue
      if (dirname(other.at) !== dirname(file.at)) continue
      if (!isRotatedName(basename(other.at), basename(file.at))) continue
      if (await this.#holdsAllOf(file, other)) {
        file.copyOf = other
        return true
      }
      // Half done.
      const { size } = await this.#parts.layer.fstat(other.fd)
      const shared = Math.min(size, file.size)
      if (!(await this.#isSame(file, other, 0, Math.min(shared, HEAD_BYTES)))) continue
      const from = Math.max(0, shared - RECENT_BYTES)
      if (!(await this.#isSame(file, other, from, shared - from))) continue
      file.copyOf = other
      return true
    }
    return false
  }

  /** It has the name of a copy, although nothing is in it yet. */
  mayBecomeCopy(path: string): boolean {
    return [...this.#parts.roster.files.values()].some(
      ({ at }) => dirname(at) === dirname(path) && isRotatedName(basename(at), basename(path)),
    )
  }

  /** A copy that waits: is it still one, and does its original still stand for it? */
  async recheck(file: TailedFile): Promise<void> {
    const original = file.copyOf
    if (!original) return
    if (this.#parts.roster.files.get(original.key) !== original) {
      // The original is read and gone. What the copy has beyond it is its own.
      if (file.size <= original.next) return
      file.copyOf = undefined
      await this.#parts.roster.moveTo(file, original.next)
    } else {
      if (original.fd === undefined) return
      const { size } = await this.#parts.layer.fstat(original.fd)
      // Truncated: the pump finds out and takes the copy.
      if (size < original.next) return
      file.copyOf = undefined
      if (await this.isCopy(file)) return
    }
    this.#parts.pump.add(file)
  }

  /** What was read of `other`, whatever that file holds now. */
  async #holdsAllOf(file: TailedFile, other: TailedFile): Promise<boolean> {
    if (file.size < other.next) return false
    return (await takeUp(this.#parts.layer, file.fd!, other.next, other.trail.mark())) !== undefined
  }

  async #isSame(a: TailedFile, b: TailedFile, at: number, length: number): Promise<boolean> {
    const left = Buffer.alloc(length)
    const right = Buffer.alloc(length)
    const read = this.#parts.layer.read
    if ((await read(a.fd!, left, at)) !== length || (await read(b.fd!, right, at)) !== length) return false
    return length > 0 && left.equals(right)
  }

  /** Another input has read it under its own name, which only looks like a rotated one of ours. */
  #isOthers(key: string): boolean {
    const position = this.#parts.host.positions.get(key)
    return position !== undefined && !this.#parts.isOurs(position.path)
  }

  #isRead(key: string, original: TailedFile): boolean {
    const known = this.#parts.roster.files.get(key)
    return known !== undefined && known.copyOf !== original && known.next > 0
  }

  async #takeCopy(copy: Sibling, original: TailedFile, offset: number): Promise<void> {
    const { roster, pump } = this.#parts
    let file = roster.files.get(copy.stat.key)
    if (!file) {
      file = (await roster.open(copy.path, original.path))?.file
      if (!file) return
      this.#adopt(file)
    }
    // Before the last stop it may have been read further already.
    if (file.next < offset) await roster.moveTo(file, offset)
    file.copyOf = undefined
    // Also when there is no rest: the position says that it is read.
    if (file.isReadable) pump.add(file)
    else pump.announce(file)
  }

  /** Rotated names of `of` that were written after the generation that is known, and that nobody has read to their end. */
  async #takeMissed(of: TailedFile, sinceNs: bigint, siblings: readonly Sibling[]): Promise<void> {
    const { host, roster, pump } = this.#parts
    const { path } = of
    const name = basename(of.realPath ?? path)
    for (const { path: at, name: candidate, stat } of siblings) {
      if (!isRotatedName(name, candidate) || stat.modifiedNs < sinceNs) continue
      if (roster.files.has(stat.key) || this.#isOthers(stat.key)) continue
      const opened = await roster.open(at, path)
      if (!opened) continue
      const { file, begin } = opened
      const isRead = begin === 'resumed' && file.unread === 0
      if (isRead || (await this.isCopy(file))) {
        await this.#leave(file)
        continue
      }
      const message = `${at} was ${path} for a time and is not read to its end; it is read now`
      host.log.info('tail_generation_found', message, { file: at })
      this.#adopt(file)
      if (begin === 'resumed') pump.add(file)
      else pump.announce(file)
    }
  }

  /** No pattern leads to it, and it will not grow for long. */
  #adopt(file: TailedFile): void {
    file.attached = false
    file.replaced = true
  }

  async #leave(file: TailedFile): Promise<void> {
    await this.#parts.roster.close(file)
    this.#parts.roster.files.delete(file.key)
  }
}

function realPathOf(file: TailedFile): string {
  return file.realPath ?? file.at
}
