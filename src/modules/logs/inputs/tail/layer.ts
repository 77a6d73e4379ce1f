import * as fs from 'node:fs'

/** The part of the file system that tail stands on; tests put their own in its place. Errors are Node's, with `code`. */
export interface FileLayer {
  /** Follows symbolic links. */
  stat(path: string): Promise<FileStat>
  fstat(fd: number): Promise<FileStat>
  open(path: string): Promise<number>
  /** Fills `bytes` from `position` on; gives how many there were, fewer only at the end of the file. */
  read(fd: number, bytes: Uint8Array, position: number): Promise<number>
  close(fd: number): Promise<void>
  list(folder: string): Promise<readonly Entry[]>
  realpath(path: string): Promise<string>
  /** Throws when the kernel has no watch left. `name` is absent when it is not known which file changed. */
  watch(folder: string, onEvent: WatchEvent, onError: (error: Error) => void): { close(): void }
}

/** appeared: an entry came, went or was renamed. */
export type WatchEvent = (event: 'changed' | 'appeared', name: string | undefined) => void

export interface FileStat {
  /** `<dev>:<ino>` in hexadecimal. */
  readonly key: string
  readonly kind: 'file' | 'folder' | 'other'
  readonly size: number
  readonly modifiedNs: bigint
  /** How many names it has; 0 = deleted. */
  readonly links: number
}

export interface Entry {
  readonly name: string
  readonly kind: 'file' | 'folder' | 'link' | 'other'
}

export function nodeFiles(): FileLayer {
  return {
    stat: path => new Promise((resolve, reject) => fs.stat(path, BIG, statDone(resolve, reject))),
    fstat: fd => new Promise((resolve, reject) => fs.fstat(fd, BIG, statDone(resolve, reject))),
    open: path =>
      new Promise((resolve, reject) =>
        // Not blocking: what was a file a moment ago may be a pipe by now.
        fs.open(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK, (error, fd) =>
          error ? reject(error) : resolve(fd),
        ),
      ),
    read: readFully,
    close: fd => new Promise((resolve, reject) => fs.close(fd, error => (error ? reject(error) : resolve()))),
    list: folder =>
      new Promise((resolve, reject) =>
        fs.readdir(folder, { withFileTypes: true }, (error, entries) =>
          error ? reject(error) : resolve(entries.map(entryOf)),
        ),
      ),
    realpath: path =>
      new Promise((resolve, reject) =>
        fs.realpath.native(path, (error, real) => (error ? reject(error) : resolve(real))),
      ),
    watch: (folder, onEvent, onError) => {
      const watcher = fs.watch(folder, { persistent: false }, (event, name) =>
        onEvent(event === 'change' ? 'changed' : 'appeared', name ?? undefined),
      )
      watcher.on('error', onError)
      return watcher
    },
  }
}

// Inode numbers pass 2^53 on some file systems (overlay with xino, FUSE).
const BIG = { bigint: true } as const

function statDone(resolve: (stat: FileStat) => void, reject: (error: Error) => void) {
  return (error: Error | null, stat: fs.BigIntStats) => {
    if (error) return reject(error)
    resolve({
      key: `${stat.dev.toString(16)}:${stat.ino.toString(16)}`,
      kind: stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : 'other',
      size: Number(stat.size),
      modifiedNs: stat.mtimeNs,
      links: Number(stat.nlink),
    })
  }
}

function entryOf(entry: fs.Dirent): Entry {
  if (entry.isFile()) return { name: entry.name, kind: 'file' }
  if (entry.isDirectory()) return { name: entry.name, kind: 'folder' }
  // Some file systems do not tell the type in a listing: a stat will.
  if (entry.isSymbolicLink() || isUntyped(entry)) return { name: entry.name, kind: 'link' }
  return { name: entry.name, kind: 'other' }
}

function isUntyped(entry: fs.Dirent): boolean {
  return !(entry.isFIFO() || entry.isSocket() || entry.isCharacterDevice() || entry.isBlockDevice())
}

function readFully(fd: number, bytes: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let filled = 0
    const step = () =>
      fs.read(fd, bytes, filled, bytes.length - filled, position + filled, (error, count) => {
        if (error) return reject(error)
        filled += count
        if (count === 0 || filled === bytes.length) resolve(filled)
        else step()
      })
    step()
  })
}
