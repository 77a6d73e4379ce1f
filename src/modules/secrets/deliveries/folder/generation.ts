import { mkdir, readdir, readFile, readlink, rename, rm, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolders, syncFolder, writeWhole } from '../file/atomic-file.ts'
import type { Ownership } from '../file/ownership.ts'
import { safePath } from '../file/safe-path.ts'

export interface FileOfGeneration extends Ownership {
  readonly name: string
  readonly bytes: Uint8Array
}

/** The link that stands for the present generation, and the beginning of the names of generations, as kubelet has them. */
const CURRENT = '..data'
const GENERATION = /^\.\.\d{4}_\d\d_\d\d_/
const UNFINISHED = '..data_tmp'

/**
 * Exchanges all files of a folder in one step: they are written to a new generation beside the present one, and one
 * rename of the link `..data` makes it the present one. False when the present one is the same already.
 */
export async function writeGeneration(
  folder: string,
  files: readonly FileOfGeneration[],
  nowMs: number,
): Promise<boolean> {
  const path = await safePath(folder)
  await makeFolders(path)
  const present = await readlink(join(path, CURRENT)).catch(() => undefined)
  if (present !== undefined && (await isSame(join(path, present), files))) {
    await linkNames(path, files)
    await removeEarlier(path, present)
    return false
  }
  const name = `..${new Date(nowMs).toISOString().replaceAll(/[-T:]/g, '_').replace('Z', '')}${Math.random().toString().slice(2, 8)}`
  const next = join(path, name)
  await mkdir(next, { mode: 0o755 })
  try {
    for (const file of files) await writeWhole(join(next, file.name), file)
    await syncFolder(next)
    await rm(join(path, UNFINISHED), { force: true })
    await symlink(name, join(path, UNFINISHED))
    await rename(join(path, UNFINISHED), join(path, CURRENT))
  } catch (error) {
    await rm(next, { recursive: true, force: true }).catch(() => {})
    throw error
  }
  await linkNames(path, files)
  await syncFolder(path)
  await removeEarlier(path, name)
  return true
}

async function isSame(generation: string, files: readonly FileOfGeneration[]): Promise<boolean> {
  const present = await readdir(generation).catch(() => [])
  if (present.length !== files.length) return false
  for (const { name, bytes, mode, uid, gid } of files) {
    const path = join(generation, name)
    const found = await stat(path).catch(() => undefined)
    if (found?.isFile() !== true || found.size !== bytes.length || (found.mode & 0o777) !== mode) return false
    if ((uid >= 0 && found.uid !== uid) || (gid >= 0 && found.gid !== gid)) return false
    const there = await readFile(path)
    const same = Buffer.compare(there, bytes) === 0
    there.fill(0)
    if (!same) return false
  }
  return true
}

/** Every file by its name in the folder: a link into whatever generation is the present one. */
async function linkNames(path: string, files: readonly FileOfGeneration[]): Promise<void> {
  const wanted = new Set(files.map(({ name }) => name))
  for (const name of wanted) {
    const target = `${CURRENT}/${name}`
    const link = join(path, name)
    if ((await readlink(link).catch(() => undefined)) === target) continue
    const unfinished = join(path, `${UNFINISHED}_${name}`)
    await rm(unfinished, { force: true })
    await symlink(target, unfinished)
    await rename(unfinished, link)
  }
  for (const name of await readdir(path)) {
    if (wanted.has(name) || name.startsWith('..')) continue
    const target = await readlink(join(path, name)).catch(() => undefined)
    if (target === `${CURRENT}/${name}`) await rm(join(path, name), { force: true })
  }
}

/** Also what a process that was killed has left: generations that nobody names hold secrets, too. */
async function removeEarlier(path: string, present: string): Promise<void> {
  for (const name of await readdir(path))
    if (GENERATION.test(name) && name !== present)
      await rm(join(path, name), { recursive: true, force: true }).catch(() => {})
}
