import { join } from 'node:path'
import type { FileLayer, FileStat } from './layer.ts'
import { hashBytes, type Mark, Trail } from './mark.ts'

/** A regular file beside one that is followed. */
export interface Sibling {
  readonly path: string
  readonly name: string
  readonly stat: FileStat
}

/** In a larger folder only these many are looked at. */
const MAX_SIBLINGS = 1000

const GENERATION = /^(?:[.\-_~]?(?:old|bak|prev|orig)|[.\-_~]?\d[\dTZ:.\-_+]*)$/i
const INNER_GENERATION = /^[.\-_]\d[\dTZ:.\-_+]*$/

/** Whether rotation of `name` makes such a name: app.log.1, app.log-20260101, app.log.old, app-2026-01-01.log, app.1.log. */
export function isRotatedName(name: string, candidate: string): boolean {
  if (candidate === name) return false
  if (candidate.startsWith(name)) return GENERATION.test(candidate.slice(name.length))
  const dot = name.lastIndexOf('.')
  if (dot <= 0) return false
  const stem = name.slice(0, dot)
  const extension = name.slice(dot)
  if (!candidate.startsWith(stem) || !candidate.endsWith(extension)) return false
  return INNER_GENERATION.test(candidate.slice(stem.length, -extension.length))
}

/** The regular files of a folder, without links; nothing when it cannot be listed. */
export async function filesIn(layer: FileLayer, folder: string): Promise<readonly Sibling[]> {
  const found: Sibling[] = []
  const entries = await layer.list(folder).catch(() => [])
  for (const { name, kind } of entries) {
    if (kind !== 'file') continue
    if (found.length === MAX_SIBLINGS) break
    const path = join(folder, name)
    const stat = await layer.stat(path).catch(() => undefined)
    if (stat?.kind === 'file') found.push({ path, name, stat })
  }
  return found
}

/** The file that holds what another one held up to `offset`: what copytruncate left behind. The youngest if there are several. */
export async function findCopy(
  layer: FileLayer,
  files: readonly Sibling[],
  offset: number,
  mark: Mark,
): Promise<Sibling | undefined> {
  const youngestFirst = files
    .filter(file => file.stat.size >= offset)
    .sort((a, b) => Number(b.stat.modifiedNs - a.stat.modifiedNs))
  for (const file of youngestFirst) {
    const fd = await layer.open(file.path).catch(() => undefined)
    if (fd === undefined) continue
    try {
      if (await takeUp(layer, fd, offset, mark)) return file
    } catch {
      // Not readable: then it is no help.
    } finally {
      await layer.close(fd)
    }
  }
  return undefined
}

export interface Resumed {
  readonly trail: Trail
  readonly midLine: boolean
}

/** The state of a file that is read up to `offset`; undefined when its bytes are not those of the mark. */
export async function takeUp(
  layer: FileLayer,
  fd: number,
  offset: number,
  mark: Pick<Mark, 'headBytes' | 'recentBytes'> & Partial<Mark>,
): Promise<Resumed | undefined> {
  const head = await readAt(layer, fd, 0, Math.min(mark.headBytes, offset))
  const recent = await readAt(layer, fd, offset - mark.recentBytes, mark.recentBytes)
  if (!head || !recent) return undefined
  if (mark.headHash !== undefined && hashBytes(head) !== mark.headHash) return undefined
  if (mark.recentHash !== undefined && hashBytes(recent) !== mark.recentHash) return undefined
  // Zeros are a hole that truncation left, not the start of a line.
  const midLine = recent.length > 0 && recent.at(-1) !== LINE_FEED && recent.at(-1) !== 0
  return { trail: Trail.resume(head, recent), midLine }
}

const LINE_FEED = 10

async function readAt(layer: FileLayer, fd: number, at: number, length: number): Promise<Buffer | undefined> {
  if (at < 0) return undefined
  const bytes = Buffer.alloc(length)
  return (await layer.read(fd, bytes, at)) === length ? bytes : undefined
}
