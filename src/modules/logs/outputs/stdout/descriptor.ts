import { closeSync, constants, fstatSync, openSync, write } from 'node:fs'
import type { Clock } from '../../../../kernel/clock.ts'

/** How long to wait for a reader that is behind before trying again. */
const readerWaitMs = 10

/**
 * Writes to an open descriptor without ever blocking on a slow reader, neither the loop nor (at exit) the process.
 *
 * A pipe is opened once more through /proc, so that its non-blocking mode is ours alone: the flag of the descriptor
 * itself is shared with every other process that has it. Where that is not possible (a socket, another system)
 * the descriptor is used as it is.
 */
export class Descriptor {
  readonly #descriptor: number
  readonly #clock: Clock
  #own: number | undefined
  /** What is missing of a line that was begun when a write was given up. */
  #rest: Buffer = nothing

  constructor(descriptor: number, clock: Clock) {
    this.#descriptor = descriptor
    this.#clock = clock
  }

  /**
   * Writes all of these lines; rejects when the reader is gone, or with the signal's reason while it waits for the reader.
   * A line that was begun is ended by the next call. Calls must not overlap.
   */
  async write(lines: Buffer, signal: AbortSignal): Promise<void> {
    const bytes = this.#rest.length === 0 ? lines : Buffer.concat([this.#rest, lines])
    this.#rest = nothing
    this.#own ??= openOnceMore(this.#descriptor)
    for (let at = 0; at < bytes.length; ) {
      try {
        at += await writeSome(this.#own, bytes, at)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
        try {
          await this.#clock.sleep(readerWaitMs, signal)
        } catch (stopped) {
          this.#rest = restOfLine(bytes, at)
          throw stopped
        }
      }
    }
  }

  close(): void {
    if (this.#own !== undefined && this.#own !== this.#descriptor) closeSync(this.#own)
    this.#own = undefined
  }
}

const nothing = Buffer.alloc(0)

/** From `at` to the end of the line, when `at` is inside one. */
function restOfLine(bytes: Buffer, at: number): Buffer {
  if (at === 0 || bytes[at - 1] === 0x0a) return nothing
  return Buffer.from(bytes.subarray(at, bytes.indexOf(0x0a, at) + 1))
}

/** Only what can block: a regular file opened once more would have a position of its own, and its writers overwrite each other. */
function openOnceMore(descriptor: number): number {
  try {
    const kind = fstatSync(descriptor)
    if (!kind.isFIFO() && !kind.isCharacterDevice()) return descriptor
    const { O_WRONLY, O_NONBLOCK } = constants
    return openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK)
  } catch {
    return descriptor
  }
}

function writeSome(descriptor: number, bytes: Buffer, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, at, bytes.length - at, null, (error, written) => {
      if (error) reject(error)
      else resolve(written)
    })
  })
}
