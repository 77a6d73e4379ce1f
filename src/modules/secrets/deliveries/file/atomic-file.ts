import { constants } from 'node:fs'
import { chmod, type FileHandle, link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Ownership } from './ownership.ts'
import { safePath } from './safe-path.ts'

export interface FileToWrite extends Ownership {
  readonly path: string
  readonly bytes: Uint8Array
  readonly makeFolders: boolean
  /** Keep the earlier one as `path.bak`. */
  readonly backup: boolean
}

/** Names of what is being written: hidden, and told apart from everything else when a killed process left one. */
const UNFINISHED = '.outrigger-new-'
const FOLDER_MODE = 0o755
/** No write takes as long as this: what is older was left by a process whose number somebody else has now. */
const ABANDONED_MS = 10 * 60_000

/** What this process is writing now. In containers each start has the same number, so a number alone tells nothing. */
const underWay = new Set<string>()

/**
 * Writes a file so that a reader, and whoever comes after a power cut, finds the old one or the new one, whole. False
 * when it was there already, with these bytes, mode and owner. Nothing of the secret is left behind when it fails.
 */
export async function writeFileAtomically(file: FileToWrite): Promise<boolean> {
  const path = await safePath(file.path)
  const folder = dirname(path)
  if (file.makeFolders) await makeFolders(folder)
  if (await isThere(path, file)) return false
  await removeUnfinished(folder, basename(path))
  const unfinished = join(
    folder,
    `.${basename(path)}${UNFINISHED}${process.pid}-${Math.random().toString(36).slice(2)}`,
  )
  underWay.add(unfinished)
  try {
    await writeWhole(unfinished, file)
    if (file.backup) await keepEarlier(path)
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {})
    // Its name is another one with every try; what is told is the file that was asked for.
    const failure = error as NodeJS.ErrnoException
    if (failure.path === unfinished) failure.path = path
    throw error
  } finally {
    underWay.delete(unfinished)
  }
  await syncFolder(folder)
  return true
}

/** Not by mkdir's own recursion: where nobody can make folders, as in /proc, Node tries for ever. */
export async function makeFolders(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: FOLDER_MODE })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const found = await stat(folder).catch(() => undefined)
    if (found?.isDirectory()) return
    const parent = dirname(folder)
    if (code !== 'ENOENT' || parent === folder || (await stat(parent).catch(() => undefined))) throw error
    await makeFolders(parent)
    await mkdir(folder, { mode: FOLDER_MODE }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}

/** A rename is on the disk only once its folder is. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } catch {
    // Some file systems cannot do this for folders; they have their own order.
  } finally {
    await handle.close()
  }
}

/** Creates the file, which must not exist, with all of its bytes, mode and owner, and brings it to the disk. */
export async function writeWhole(
  path: string,
  { bytes, mode, uid, gid }: Ownership & { readonly bytes: Uint8Array },
): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const handle = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    await handle.writeFile(bytes)
    if (uid >= 0 || gid >= 0) await give(handle, path, uid, gid)
    await handle.chmod(mode)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function give(handle: FileHandle, path: string, uid: number, gid: number): Promise<void> {
  const { uid: ours, gid: group } = await handle.stat()
  try {
    await handle.chown(uid >= 0 ? uid : ours, gid >= 0 ? gid : group)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
    throw new Error(
      `${path}: this process may not give files to user ${uid >= 0 ? uid : ours} and group ${gid >= 0 ? gid : group}; run it as that user or as a member of that group, or leave owner and group out`,
      { cause: error },
    )
  }
}

async function isThere(path: string, { bytes, mode, uid, gid }: FileToWrite): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return false
  if (found.isDirectory()) throw new Error(`${path} is a folder; a file is to be written there`)
  if (!found.isFile())
    throw new Error(
      `${path} is a pipe, a socket or a device, and would be replaced; a file is to be written there`,
    )
  if (found.size !== bytes.length) return false
  if ((uid >= 0 && found.uid !== uid) || (gid >= 0 && found.gid !== gid)) return false
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined)
  if (handle === undefined) return false
  try {
    const present = await handle.readFile()
    const same = Buffer.compare(present, bytes) === 0
    present.fill(0)
    if (!same) return false
  } finally {
    await handle.close()
  }
  if ((found.mode & 0o777) !== mode) await chmod(path, mode)
  return true
}

/** By a second name for it, so that there is no moment in which the file is not there. */
async function keepEarlier(path: string): Promise<void> {
  const backup = `${path}.bak`
  const unfinished = join(dirname(path), `.${basename(path)}${UNFINISHED}${process.pid}-bak`)
  try {
    await rm(unfinished, { force: true })
    await link(path, unfinished)
    await rename(unfinished, backup)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return
    // Not every file system has second names, and not every file may get one.
    if (code === 'EPERM' || code === 'ENOTSUP') await rename(path, backup)
    else throw error
  }
}

/** What a process that was killed had not finished. */
async function removeUnfinished(folder: string, name: string): Promise<void> {
  const begin = `.${name}${UNFINISHED}`
  for (const each of await readdir(folder).catch(() => [])) {
    if (!each.startsWith(begin)) continue
    const path = join(folder, each)
    if (await isAbandoned(path, Number(each.slice(begin.length).split('-')[0])))
      await rm(path, { force: true }).catch(() => {})
  }
}

async function isAbandoned(path: string, pid: number): Promise<boolean> {
  if (pid === process.pid) return !underWay.has(path)
  if (!isAlive(pid)) return true
  const found = await stat(path).catch(() => undefined)
  return found !== undefined && Date.now() - found.mtimeMs > ABANDONED_MS
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
