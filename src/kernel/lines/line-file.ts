import { constants, type Stats } from 'node:fs'
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

const lineFeed = 0x0a
const tailBytes = 64 * 1024

/**
 * A file that only ever holds whole lines: what a write left behind when it failed, or when the process died in it,
 * is cut off before the next one. Calls must not overlap.
 */
export class LineFile {
  readonly path: string
  readonly #sync: boolean
  #handle: FileHandle | undefined
  /** When the file was begun, milliseconds since the epoch. */
  bornMs = 0
  /** Bytes of whole lines. */
  size = 0
  /** A write failed and what it left could not be cut off. */
  #torn = false

  constructor(path: string, sync: boolean) {
    this.path = path
    this.#sync = sync
  }

  /** Makes sure that `append` writes to the file that has the name now. */
  async open(): Promise<void> {
    const named = await statIfThere(this.path)
    if (this.#handle && named) {
      const held = await this.#handle.stat()
      if (held.ino === named.ino && held.dev === named.dev) {
        if (this.#torn) await this.#cut(this.size)
        else this.size = held.size
        return
      }
    }
    await this.close()
    await this.#reopen(named)
  }

  /** Appends whole lines, and flushes them to the disk; when it rejects, none of them stays. */
  async append(lines: Buffer): Promise<void> {
    const handle = this.#handle!
    try {
      for (let at = 0; at < lines.length; ) {
        const { bytesWritten } = await handle.write(lines, at, lines.length - at)
        at += bytesWritten
      }
      if (this.#sync) await handle.datasync()
      this.size += lines.length
    } catch (error) {
      this.#torn = true
      await this.#cut(this.size).catch(() => {})
      throw error
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    this.#torn = false
    await handle?.close()
  }

  async #reopen(named: Stats | undefined): Promise<void> {
    if (!named) await mkdir(dirname(this.path), { recursive: true })
    const { O_RDWR, O_APPEND, O_CREAT } = constants
    const handle = await open(this.path, O_RDWR | O_APPEND | O_CREAT, 0o644)
    this.#handle = handle
    const held = await handle.stat()
    this.bornMs = held.birthtimeMs > 0 ? held.birthtimeMs : held.ctimeMs
    this.size = held.size
    if (!named && this.#sync) await syncFolder(dirname(this.path))
    if (held.isFile()) await this.#cutTornLine(handle)
  }

  /** A last line without its end was being written when the process died; the record is sent again. */
  async #cutTornLine(handle: FileHandle): Promise<void> {
    const tail = Buffer.allocUnsafe(Math.min(tailBytes, this.size))
    for (let end = this.size; end > 0; ) {
      const start = Math.max(0, end - tail.length)
      const { bytesRead } = await handle.read(tail, 0, end - start, start)
      const at = tail.subarray(0, bytesRead).lastIndexOf(lineFeed)
      if (at >= 0 || start === 0) {
        const whole = at < 0 ? 0 : start + at + 1
        if (whole < this.size) await this.#cut(whole)
        return
      }
      end = start
    }
  }

  async #cut(size: number): Promise<void> {
    await this.#handle!.truncate(size)
    this.size = size
    this.#torn = false
  }
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** A new name is only safe once its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
