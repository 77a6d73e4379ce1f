import type { Clock, Timer } from '../../../kernel/clock/clock.ts'
import type { Deadline } from '../../../kernel/module.ts'
import type { Input } from '../inputs/input.ts'
import type { LineSink, Lines } from '../lines.ts'
import type { Joiner } from './joiner.ts'
import { type Source, sourceKey } from './sources.ts'

const NONE = { bytes: Buffer.alloc(0), count: 0, starts: new Uint32Array(0), ends: new Uint32Array(0) }
/** Timers are a little late rather than many. */
const SLACK_MS = 20

/**
 * Joining in the life of an input: one call per source is under way, records go that have waited long enough for
 * another line, and all of them when the input is drained.
 */
export class Joining implements Disposable {
  readonly joiner: Joiner
  readonly #clock: Pick<Clock, 'now' | 'monotonic' | 'timeout'>
  #take: LineSink = async () => {}
  /** By source: the last call, which ends without an error. */
  readonly #calls = new Map<string, Promise<void>>()
  #timer: Timer | undefined
  #stopped = false

  constructor(joiner: Joiner, clock: Pick<Clock, 'now' | 'monotonic' | 'timeout'>) {
    this.joiner = joiner
    this.#clock = clock
  }

  /** The input's sink. `take` makes records of lines, with the joiner, and has them safe when it resolves. */
  over(take: LineSink): LineSink {
    this.#take = take
    return lines => this.#sink(lines)
  }

  /** The input; when it is drained, so is what is open. */
  around(input: Input): Input {
    return {
      rereadable: input.rereadable,
      health: () => input.health(),
      ...(input.intake && { intake: input.intake }),
      drain: async deadline => {
        await input.drain(deadline)
        await Promise.race([this.#drain(), expiry(deadline)])
      },
    }
  }

  async #sink(lines: Lines): Promise<void> {
    const key = sourceKey(lines)
    const before = this.#calls.get(key)
    const call = before === undefined ? this.#run(lines) : before.then(() => this.#run(lines))
    const ended = call.catch(() => {})
    this.#calls.set(key, ended)
    try {
      await call
    } finally {
      if (this.#calls.get(key) === ended) this.#calls.delete(key)
      this.#arm()
    }
  }

  [Symbol.dispose](): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  /** Resolves once everything that was open is safe, or cannot be. */
  async #drain(): Promise<void> {
    await Promise.all(this.#calls.values())
    const sources = [...this.joiner.waiting()].map(({ source }) => source)
    await Promise.allSettled(sources.map(source => this.#flush(source, 'all')))
  }

  async #run(lines: Lines): Promise<void> {
    try {
      await this.#take(lines)
      this.joiner.accepted(lines)
    } catch (error) {
      this.joiner.refused(lines)
      throw error
    }
  }

  #flush({ key, origin }: Source, closes: 'idle' | 'all'): Promise<void> {
    return this.#sink({ ...NONE, source: key, origin, readAtMs: this.#clock.now(), closes })
  }

  #arm(): void {
    if (this.#stopped || this.#timer !== undefined) return
    let dueMs = Number.POSITIVE_INFINITY
    for (const waiting of this.joiner.waiting()) dueMs = Math.min(dueMs, waiting.dueMs)
    if (dueMs === Number.POSITIVE_INFINITY) return
    const waitMs = Math.max(0, dueMs - this.#clock.monotonic()) + SLACK_MS
    this.#timer = this.#clock.timeout(waitMs, () => {
      this.#timer = undefined
      this.#flushLate()
      this.#arm()
    })
  }

  #flushLate(): void {
    const nowMs = this.#clock.monotonic()
    for (const { source, dueMs } of [...this.joiner.waiting()]) {
      // What is under way is not late; when its call ends the timer is set again.
      if (dueMs > nowMs || this.#calls.has(source.key)) continue
      // Refused records are read again by their input, which is told of its own lines only.
      this.#flush(source, 'idle').catch(() => {})
    }
  }
}

function expiry({ signal }: Deadline): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
