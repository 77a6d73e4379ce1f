import { type Disk, type DiskFile, systemDisk } from './disk.ts'

export interface DiskFault {
  /** The error's code: ENOSPC, EIO … */
  readonly code: string
  /** How many bytes of the refused write are left behind. */
  readonly tornBytes?: number
}

/** The real disk with faults on demand. */
export class FaultyDisk implements Disk {
  /** Refuses writes that make a file longer; in place they go on working, as on a full disk. */
  onGrow: DiskFault | undefined
  /** Refuses every write, truncation, creation and removal, as on a read-only file system. */
  onChange: DiskFault | undefined
  /** Refuses to make content durable. */
  onSync: DiskFault | undefined
  /** Writes that were refused. */
  refused = 0
  /** How often content was made durable. */
  synced = 0

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    if (mode === 'create') this.#refuse(this.onChange)
    return new FaultyFile(this, await systemDisk.open(path, mode))
  }

  async makeFolder(folder: string): Promise<void> {
    await systemDisk.makeFolder(folder)
  }

  list(folder: string): Promise<string[]> {
    return systemDisk.list(folder)
  }

  async rename(from: string, to: string): Promise<void> {
    this.#refuse(this.onChange)
    await systemDisk.rename(from, to)
  }

  async remove(path: string): Promise<void> {
    this.#refuse(this.onChange)
    await systemDisk.remove(path)
  }

  syncFolder(folder: string): Promise<void> {
    return systemDisk.syncFolder(folder)
  }

  async write(file: DiskFile, pieces: readonly Uint8Array[], position: number): Promise<void> {
    const bytes = Buffer.concat(pieces)
    const grows = position + bytes.length > (await file.size())
    const fault = this.onChange ?? (grows ? this.onGrow : undefined)
    if (fault?.tornBytes) await file.write([bytes.subarray(0, fault.tornBytes)], position)
    this.#refuse(fault)
    await file.write(pieces, position)
  }

  async truncate(file: DiskFile, length: number): Promise<void> {
    this.#refuse(this.onChange)
    await file.truncate(length)
  }

  async sync(file: DiskFile): Promise<void> {
    this.#refuse(this.onSync)
    await file.sync()
    this.synced++
  }

  #refuse(fault: DiskFault | undefined): void {
    if (!fault) return
    this.refused++
    throw Object.assign(new Error(`${fault.code}: made to fail`), { code: fault.code })
  }
}

class FaultyFile implements DiskFile {
  readonly #disk: FaultyDisk
  readonly #file: DiskFile

  constructor(disk: FaultyDisk, file: DiskFile) {
    this.#disk = disk
    this.#file = file
  }

  size(): Promise<number> {
    return this.#file.size()
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#file.read(into, position)
  }

  write(pieces: readonly Uint8Array[], position: number): Promise<void> {
    return this.#disk.write(this.#file, pieces, position)
  }

  truncate(length: number): Promise<void> {
    return this.#disk.truncate(this.#file, length)
  }

  sync(): Promise<void> {
    return this.#disk.sync(this.#file)
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
