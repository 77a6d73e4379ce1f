import { join } from 'node:path'
import type { Disk } from './disk.ts'
import { SlotFile } from './slot-file.ts'

const PREFIX = 'cursor-'
const SLOT_BYTES = 512

/** The first thing that a reader has not acknowledged. */
export interface Cursor {
  readonly sequence: number
  /** Records of that frame that are done already. */
  readonly record: number
}

/** Where a reader starts that has no place yet: with what is still there. */
export const OLDEST: Cursor = { sequence: 0, record: 0 }

/**
 * A reader's cursor on disk: written in place after acknowledgements, one write at a time, the newest wins.
 * It is left to the kernel's page cache: a cursor that a power cut takes back costs duplicates, never records.
 */
export class CursorFile {
  readonly #disk: Disk
  readonly #path: string
  readonly #spoolId: Uint8Array
  readonly #onError: (error: Error) => void
  #slots: SlotFile | undefined
  #wanted: Cursor | undefined
  #writing: Promise<void> | undefined

  constructor(
    disk: Disk,
    folder: string,
    name: string,
    spoolId: Uint8Array,
    onError: (error: Error) => void,
  ) {
    this.#disk = disk
    this.#path = join(folder, cursorName(name))
    this.#spoolId = spoolId
    this.#onError = onError
  }

  /** What the file says; undefined for a new reader, or when the cursor belongs to another spool. */
  async load(): Promise<Cursor | undefined> {
    const { slots, value } = await SlotFile.open(this.#disk, this.#path, SLOT_BYTES)
    this.#slots = slots
    if (!value?.subarray(0, 16).equals(this.#spoolId)) return undefined
    return { sequence: value.readDoubleLE(16), record: value.readUInt32LE(24) }
  }

  save(cursor: Cursor): void {
    this.#wanted = cursor
    this.#writing ??= this.#write()
  }

  async close(): Promise<void> {
    await this.#writing
    const slots = this.#slots
    this.#slots = undefined
    await slots?.close()
  }

  async #write(): Promise<void> {
    while (this.#wanted) {
      const cursor = this.#wanted
      this.#wanted = undefined
      try {
        this.#slots ??= (await SlotFile.open(this.#disk, this.#path, SLOT_BYTES)).slots
        await this.#slots.write(this.#encode(cursor))
      } catch (error) {
        this.#onError(error as Error)
      }
    }
    this.#writing = undefined
  }

  #encode({ sequence, record }: Cursor): Buffer {
    const value = Buffer.allocUnsafe(28)
    value.set(this.#spoolId)
    value.writeDoubleLE(sequence, 16)
    value.writeUInt32LE(record, 24)
    return value
  }
}

/** Characters that a file name cannot hold are escaped. */
export function cursorName(reader: string): string {
  return PREFIX + encodeURIComponent(reader)
}

/** The reader of a cursor file's name; undefined for other files. */
export function cursorReader(name: string): string | undefined {
  if (!name.startsWith(PREFIX) || name.endsWith('.new')) return undefined
  try {
    return decodeURIComponent(name.slice(PREFIX.length))
  } catch {
    return undefined
  }
}
