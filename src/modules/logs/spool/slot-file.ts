import { checksum } from './checksum.ts'
import { type Disk, type DiskFile, replaceFile } from './disk.ts'

/*
 * A small value that is replaced in place, also on a full disk: one file of two slots whose blocks exist from
 * the start. A write goes to the slot that does not hold the newest value, so a torn write costs one generation.
 *
 * A slot: u32 CRC-32 of the rest, u32 length, f64 generation, the value.
 */
const HEAD_BYTES = 16

export class SlotFile {
  readonly #disk: Disk
  readonly #path: string
  #file: DiskFile
  #slotBytes: number
  #generation: number

  private constructor(disk: Disk, path: string, file: DiskFile, slotBytes: number, generation: number) {
    this.#disk = disk
    this.#path = path
    this.#file = file
    this.#slotBytes = slotBytes
    this.#generation = generation
  }

  /** Opens or makes the file. `value` is what was written last; undefined when it is new or neither slot is sound. */
  static async open(
    disk: Disk,
    path: string,
    slotBytes: number,
  ): Promise<{ slots: SlotFile; value?: Buffer }> {
    const file = await opened(disk, path, slotBytes)
    const content = Buffer.alloc(await file.size())
    await file.read(content, 0)
    const size = Math.floor(content.length / 2)
    const last = newest(content, size)
    if (size < slotBytes) return SlotFile.#again(disk, path, slotBytes, file, last?.value)
    const slots = new SlotFile(disk, path, file, size, last?.generation ?? 0)
    return last ? { slots, value: last.value } : { slots }
  }

  /** For a file that something cut short: makes it anew with the value, if one is left. */
  static async #again(disk: Disk, path: string, slotBytes: number, old: DiskFile, value: Buffer | undefined) {
    await old.close()
    await replaceFile(disk, path, Buffer.alloc(2 * slotBytes))
    const slots = new SlotFile(disk, path, await disk.open(path, 'write'), slotBytes, 0)
    if (!value) return { slots }
    await slots.write(value)
    return { slots, value }
  }

  /**
   * Puts the value in place of the older one; not durable before `sync`.
   * The file grows ahead of need, so it rejects for want of room only when the disk has long been full.
   */
  async write(value: Uint8Array): Promise<void> {
    const bytes = HEAD_BYTES + value.length
    if (bytes > this.#slotBytes) return this.#grow(value)
    const generation = this.#generation + 1
    await this.#file.write([encodeSlot(value, generation)], (generation % 2) * this.#slotBytes)
    this.#generation = generation
    if (bytes * 2 > this.#slotBytes) await this.#grow(value).catch(() => {})
  }

  sync(): Promise<void> {
    return this.#file.sync()
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  async #grow(value: Uint8Array): Promise<void> {
    const slotBytes = 2 ** Math.ceil(Math.log2((HEAD_BYTES + value.length) * 4))
    const generation = this.#generation + 1
    const content = Buffer.alloc(2 * slotBytes)
    content.set(encodeSlot(value, generation), (generation % 2) * slotBytes)
    await replaceFile(this.#disk, this.#path, content)
    const file = await this.#disk.open(this.#path, 'write')
    await this.#file.close()
    this.#file = file
    this.#slotBytes = slotBytes
    this.#generation = generation
  }
}

async function opened(disk: Disk, path: string, slotBytes: number): Promise<DiskFile> {
  try {
    return await disk.open(path, 'write')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    await replaceFile(disk, path, Buffer.alloc(2 * slotBytes))
    return disk.open(path, 'write')
  }
}

function encodeSlot(value: Uint8Array, generation: number): Buffer {
  const slot = Buffer.allocUnsafe(HEAD_BYTES + value.length)
  slot.writeUInt32LE(value.length, 4)
  slot.writeDoubleLE(generation, 8)
  slot.set(value, HEAD_BYTES)
  slot.writeUInt32LE(checksum([slot.subarray(4)]), 0)
  return slot
}

interface Slot {
  readonly generation: number
  readonly value: Buffer
}

function newest(content: Buffer, slotBytes: number): Slot | undefined {
  const first = decodeSlot(content.subarray(0, slotBytes))
  const second = decodeSlot(content.subarray(slotBytes, 2 * slotBytes))
  if (first && second) return first.generation > second.generation ? first : second
  return first ?? second
}

function decodeSlot(slot: Buffer): Slot | undefined {
  if (slot.length < HEAD_BYTES) return undefined
  const end = HEAD_BYTES + slot.readUInt32LE(4)
  const generation = slot.readDoubleLE(8)
  if (generation < 1 || end > slot.length || checksum([slot.subarray(4, end)]) !== slot.readUInt32LE(0))
    return undefined
  return { generation, value: slot.subarray(HEAD_BYTES, end) }
}
