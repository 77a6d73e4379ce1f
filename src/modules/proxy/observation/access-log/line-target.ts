import type { Clock } from '../../../../kernel/clock/clock.ts'
import { type LineWriter, openDescriptor } from '../../../../kernel/lines/descriptor.ts'
import { LineFile } from '../../../../kernel/lines/line-file.ts'
import type { LineTarget } from './line-queue.ts'

/** A file that others may rename or remove at any time: the next write goes to a new one of the old name. */
export class FileTarget implements LineTarget {
  readonly #file: LineFile

  constructor(path: string) {
    this.#file = new LineFile(path, false)
  }

  async write(lines: Buffer): Promise<void> {
    await this.#file.open()
    await this.#file.append(lines)
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

/** Standard output or standard error; a slow reader makes nobody wait but this log. */
export class DescriptorTarget implements LineTarget {
  readonly #writer: LineWriter

  constructor(descriptor: 1 | 2, clock: Clock) {
    this.#writer = openDescriptor(descriptor, clock)
  }

  write(lines: Buffer, signal: AbortSignal): Promise<void> {
    return this.#writer.write(lines, signal)
  }

  async close(): Promise<void> {
    this.#writer.close()
  }
}
