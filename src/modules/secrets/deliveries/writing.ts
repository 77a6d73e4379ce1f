import { backoffMs } from '../../../kernel/clock/backoff.ts'
import type { Clock, Timer } from '../../../kernel/clock/clock.ts'
import { errorText } from '../../../kernel/log/format.ts'

/** What cannot be written now (a full disk) may be written later. */
const RETRY = { baseMs: 1000, maxMs: 60_000 }

export interface WritingGiven {
  readonly clock: Clock
  readonly random: () => number
  /** Brings the newest to where it belongs; false when it was there already. */
  readonly write: () => Promise<boolean>
  readonly onOutcome: (changed: boolean, problem: string | undefined) => void
}

/** Writes one after the other, the newest only, and again until it works. */
export class Writing implements AsyncDisposable {
  readonly #given: WritingGiven
  #wanted = false
  #running: Promise<void> | undefined
  #timer: Timer | undefined
  #failures = 0
  #stopped = false

  constructor(given: WritingGiven) {
    this.#given = given
  }

  /** There is something newer. */
  wake(): void {
    if (this.#stopped) return
    this.#wanted = true
    this.#timer?.cancel()
    this.#timer = undefined
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
  }

  /** Resolves once nothing is being written. */
  async settled(): Promise<void> {
    await this.#running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#running
  }

  async #run(): Promise<void> {
    const { write, onOutcome, clock, random } = this.#given
    while (this.#wanted && !this.#stopped) {
      this.#wanted = false
      try {
        const changed = await write()
        this.#failures = 0
        onOutcome(changed, undefined)
      } catch (error) {
        this.#failures++
        onOutcome(false, problemOf(error))
        if (this.#stopped) return
        this.#timer = clock.timeout(backoffMs(RETRY, this.#failures, 0.5 + random() / 2), () => this.wake())
        return
      }
    }
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; the earlier file stays until there is room',
  EDQUOT: 'the quota is used up; the earlier file stays until there is room',
  EROFS: 'the file system is read-only; mount a writable volume there, such as an emptyDir in memory',
  EACCES: 'this user may not write there; give it the folder, or run the sidecar as its owner',
  EPERM: 'this user may not write there; give it the folder, or run the sidecar as its owner',
  ENOENT: 'the folder is missing; make it, or leave makeFolders on',
  EEXIST: 'there is something in the place of the folder; remove it, or choose another path',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'it is a folder; a file is to be written there',
}

function problemOf(error: unknown): string {
  const { code, path } = error as NodeJS.ErrnoException
  const reason = code === undefined ? undefined : REASONS[code]
  return reason === undefined ? errorText(error) : `${path ?? 'file'}: ${reason} (${code})`
}
