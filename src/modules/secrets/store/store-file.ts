import { constants } from 'node:fs'
import { chown, lstat, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Where the file is: a link to it is followed, unless somebody else has put it there. */
export async function storePlace(path: string): Promise<string> {
  const found = await lstat(path).catch(absent)
  if (!found?.isSymbolicLink()) return path
  const user = process.getuid?.()
  if (user !== undefined && found.uid !== user && found.uid !== 0)
    throw new Error(`${path} is a link that belongs to another user; it is not followed`)
  return realpath(path).catch(() => path)
}

/** Differs when the file may have another content; undefined when there is no file. */
export async function fileState(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(absent)
  return found && `${found.dev} ${found.ino} ${found.size} ${found.mtimeNs}`
}

/** Undefined when there is no such file; rejects when it is larger than it may be. */
export async function readStoreFile(path: string, maxBytes: number): Promise<Buffer | undefined> {
  const file = await open(path).catch(absent)
  if (file === undefined) return undefined
  try {
    const { size } = await file.stat()
    if (size > maxBytes) throw new RangeError(`it has ${size} bytes, and maxSize allows ${maxBytes}`)
    return await file.readFile()
  } finally {
    await file.close()
  }
}

/**
 * Replaces a file for its owner alone: whenever the process or the machine stops, the file has the old content or the
 * new one. Only for who holds the lock: the name of the new file is always the same, so that none is left behind.
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const fresh = join(dirname(path), `.${basename(path)}.new`)
  await rm(fresh, { force: true })
  try {
    const file = await open(fresh, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
    try {
      await file.writeFile(content)
      await keepOwner(path, file)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(fresh, path)
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => {})
    throw error
  }
  await syncFolder(dirname(path))
}

/** A rename outlives a power cut once its folder is on the disk. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** root who changes the store of a sidecar must not take it, or its lock, away from it. */
export async function giveTo(ownerOf: string, path: string): Promise<void> {
  const [owner, found] = await Promise.all([stat(ownerOf), stat(path)])
  if (owner.uid !== found.uid || owner.gid !== found.gid)
    await chown(path, owner.uid, owner.gid).catch(() => {})
}

async function keepOwner(path: string, file: Awaited<ReturnType<typeof open>>): Promise<void> {
  const before = await stat(path).catch(absent)
  if (before === undefined) return
  const { uid, gid } = await file.stat()
  if (before.uid !== uid || before.gid !== gid) await file.chown(before.uid, before.gid).catch(() => {})
  await file.chmod(before.mode & 0o640)
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
