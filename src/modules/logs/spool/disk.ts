import fs from 'node:fs'
import { dirname } from 'node:path'

/** The file operations that the spool needs: the seam where tests put a full or failing disk. */
export interface Disk {
  /** `create` opens for reading and writing and makes the file; the others need it to exist. */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile>
  makeFolder(folder: string): Promise<void>
  /** Names in the folder, unordered. */
  list(folder: string): Promise<string[]>
  rename(from: string, to: string): Promise<void>
  /** Removes a file; one that is gone already is no error. */
  remove(path: string): Promise<void>
  /** Makes created, renamed and removed names durable. */
  syncFolder(folder: string): Promise<void>
}

export interface DiskFile {
  size(): Promise<number>
  /** Fills `into` from `position` on; returns how many bytes there were. */
  read(into: Uint8Array, position: number): Promise<number>
  /** Writes all of it or rejects; a rejected write may have left some of its bytes behind. */
  write(pieces: readonly Uint8Array[], position: number): Promise<void>
  truncate(length: number): Promise<void>
  /** Resolves once content and length would survive a power cut. */
  sync(): Promise<void>
  close(): Promise<void>
}

const MODES = { read: 'r', write: 'r+', create: 'w+' } as const

export const systemDisk: Disk = {
  open: async (path, mode) => new SystemFile(await openFd(path, MODES[mode])),
  makeFolder: folder => done(call => fs.mkdir(folder, { recursive: true }, call)),
  list: folder =>
    new Promise((resolve, reject) =>
      fs.readdir(folder, (error, names) => (error ? reject(error) : resolve(names))),
    ),
  rename: (from, to) => done(call => fs.rename(from, to, call)),
  remove: path => done(call => fs.rm(path, { force: true }, call)),
  syncFolder: async folder => {
    const fd = await openFd(folder, 'r')
    try {
      await done(call => fs.fsync(fd, call))
    } finally {
      await done(call => fs.close(fd, call))
    }
  },
}

/** Replaces a small file as a whole, durably: a crash leaves the old content or the new one. */
export async function replaceFile(disk: Disk, path: string, content: Uint8Array): Promise<void> {
  const fresh = `${path}.new`
  const file = await disk.open(fresh, 'create')
  try {
    await file.write([content], 0)
    await file.sync()
  } catch (error) {
    await file.close()
    await disk.remove(fresh).catch(() => {})
    throw error
  }
  await file.close()
  await disk.rename(fresh, path)
  await disk.syncFolder(dirname(path))
}

class SystemFile implements DiskFile {
  readonly #fd: number

  constructor(fd: number) {
    this.#fd = fd
  }

  size(): Promise<number> {
    return new Promise((resolve, reject) =>
      fs.fstat(this.#fd, (error, stat) => (error ? reject(error) : resolve(stat.size))),
    )
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let filled = 0
    while (filled < into.length) {
      const count = await this.#readSome(into, filled, position + filled)
      if (count === 0) break
      filled += count
    }
    return filled
  }

  #readSome(into: Uint8Array, from: number, position: number): Promise<number> {
    return new Promise((resolve, reject) =>
      fs.read(this.#fd, into, from, into.length - from, position, (error, count) =>
        error ? reject(error) : resolve(count),
      ),
    )
  }

  async write(pieces: readonly Uint8Array[], position: number): Promise<void> {
    let rest = pieces
    let at = position
    while (rest.length > 0) {
      const written = await this.#writeSome(rest, at)
      at += written
      rest = behind(rest, written)
    }
  }

  #writeSome(pieces: readonly Uint8Array[], position: number): Promise<number> {
    return new Promise((resolve, reject) =>
      fs.writev(this.#fd, pieces, position, (error, count) => (error ? reject(error) : resolve(count))),
    )
  }

  truncate(length: number): Promise<void> {
    return done(call => fs.ftruncate(this.#fd, length, call))
  }

  sync(): Promise<void> {
    return done(call => fs.fdatasync(this.#fd, call))
  }

  close(): Promise<void> {
    return done(call => fs.close(this.#fd, call))
  }
}

/** What is left of the pieces behind their first `count` bytes. */
function behind(pieces: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let skip = count
  for (let index = 0; index < pieces.length; index++) {
    const piece = pieces[index]!
    if (skip < piece.length) return [piece.subarray(skip), ...pieces.slice(index + 1)]
    skip -= piece.length
  }
  return []
}

function openFd(path: string, flags: string): Promise<number> {
  return new Promise((resolve, reject) =>
    fs.open(path, flags, 0o640, (error, fd) => (error ? reject(error) : resolve(fd))),
  )
}

function done(start: (call: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start(error => (error ? reject(error) : resolve())))
}
