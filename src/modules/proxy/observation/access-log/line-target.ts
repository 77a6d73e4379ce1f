import type { Clock } from '../../../../kernel/clock/clock.ts'
import { type LineWriter, openDescriptor } from '../../../../kernel/lines/descriptor.ts'
import type { LogsOffer } from '../../../../kernel/lines/intake.ts'
import { LineFile } from '../../../../kernel/lines/line-file.ts'
import type { Host } from '../../../../kernel/module.ts'
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

/** How long lines wait for a log module that a reload is about to replace. */
const ABSENT_MS = 5000
const ASK_EVERY_MS = 100

/** The log module of this sidecar: the one of the moment, for a reload may replace it. */
export class LogsTarget implements LineTarget {
  readonly #host: Pick<Host, 'use' | 'clock'>

  constructor(host: Pick<Host, 'use' | 'clock'>) {
    this.#host = host
  }

  async write(lines: Buffer, signal: AbortSignal): Promise<void> {
    const { clock } = this.#host
    for (const endMs = clock.monotonic() + ABSENT_MS; ; ) {
      const intake = this.#intake()
      if (typeof intake !== 'string') return await unlessAborted(intake.take(lines), signal)
      if (clock.monotonic() >= endMs || signal.aborted) throw new Error(intake)
      await clock.sleep(ASK_EVERY_MS, signal).catch(() => {})
    }
  }

  async close(): Promise<void> {}

  #intake(): NonNullable<LogsOffer['proxy']> | string {
    try {
      return this.#host.use<LogsOffer>('logs').proxy ?? 'logs.inputs has no input `proxy`'
    } catch {
      return 'the configuration names no module logs'
    }
  }
}

/** A spool that is full makes its writers wait; the end of the process does not wait with them. */
function unlessAborted(taken: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    taken.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
