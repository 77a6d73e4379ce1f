import { closeSync, constants, fstatSync, openSync, write } from 'node:fs'
import { Socket } from 'node:net'
import type { Clock } from '../clock/clock.ts'

/** Somewhere lines go. Calls must not overlap. */
export interface LineWriter {
  /**
   * Writes all of these lines; rejects when the reader is gone, or with the signal's reason while it waits for the reader.
   * A line that was begun is ended by the next call.
   */
  write(lines: Buffer, signal: AbortSignal): Promise<void>
  close(): void
}

/**
 * Writes to an open descriptor without ever blocking on a slow reader: neither the loop, as process.stdout does, nor
 * the end of the process, as a write that waits in the thread pool does.
 */
export function openDescriptor(descriptor: number, clock: Clock): LineWriter {
  return fstatSync(descriptor).isSocket()
    ? new SocketWriter(descriptor)
    : new PollingWriter(descriptor, clock)
}

/** How long to wait for a reader that is behind before trying again. */
const readerWaitMs = 10
const nothing = Buffer.alloc(0)

/**
 * A pipe or a terminal, opened once more through /proc, so that its non-blocking mode is ours alone: the flag
 * of the descriptor itself is shared with every other process that has it. Without /proc it is used as it is.
 */
class PollingWriter implements LineWriter {
  readonly #clock: Clock
  readonly #given: number
  #own: number | undefined
  /** What is missing of a line that was begun when a write was given up. */
  #rest: Buffer = nothing

  constructor(descriptor: number, clock: Clock) {
    this.#given = descriptor
    this.#clock = clock
  }

  async write(lines: Buffer, signal: AbortSignal): Promise<void> {
    const bytes = this.#rest.length === 0 ? lines : Buffer.concat([this.#rest, lines])
    this.#own ??= openOnceMore(this.#given)
    this.#rest = nothing
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
    if (this.#own !== undefined && this.#own !== this.#given) closeSync(this.#own)
    this.#own = undefined
  }
}

/** A socket (a log collector's, a parent process's): those cannot be opened once more. */
class SocketWriter implements LineWriter {
  readonly #socket: Socket
  #error: Error | undefined

  constructor(descriptor: number) {
    this.#socket = new Socket({ fd: descriptor, readable: false, writable: true })
    // Each write reports its own error; this one is for those that nobody waits for any more.
    this.#socket.on('error', error => {
      this.#error = error
    })
    this.#socket.unref()
  }

  write(lines: Buffer, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#error) return reject(this.#error)
      const stop = () => reject(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      this.#socket.write(lines, error => {
        signal.removeEventListener('abort', stop)
        if (error) reject(error)
        else resolve()
      })
    })
  }

  /** The descriptor is the process's, not ours. */
  close(): void {}
}

/** From `at` to the end of the line, when `at` is inside one. */
function restOfLine(bytes: Buffer, at: number): Buffer {
  if (at === 0 || bytes[at - 1] === 0x0a) return nothing
  return Buffer.from(bytes.subarray(at, bytes.indexOf(0x0a, at) + 1))
}

/** A file stays as it is given: it never makes anybody wait, and who else writes to it shares its position. */
function openOnceMore(descriptor: number): number {
  if (fstatSync(descriptor).isFile()) return descriptor
  try {
    const { O_WRONLY, O_NONBLOCK, O_APPEND } = constants
    return openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK | O_APPEND)
  } catch (error) {
    // A pipe without a reader; later there may be one.
    if ((error as NodeJS.ErrnoException).code === 'ENXIO')
      throw Object.assign(error as Error, { code: 'EPIPE' })
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
