import type { TestContext } from 'node:test'
import { type FakeHost, fakeHost } from '../../../kernel/host-fake.ts'
import type { Deadline } from '../../../kernel/module.ts'
import type { Batch, Frame, Slice } from '../batch.ts'
import type { Limits, Outcome, Output } from '../outputs/output.ts'
import { recordsOf } from '../spool/batch-fake.ts'
import type { SpoolReader } from '../spool/reader.ts'
import type { DeadLetter, DeadLetters } from './dead-letters.ts'
import { type Delivery, type DeliveryOptions, startDelivery } from './delivery.ts'

/** A reader over frames in memory, for tests: notes what is acknowledged. */
export class MemoryReader implements SpoolReader {
  readonly name = 'out'
  readonly frames: Frame[] = []
  /** The first record that is not acknowledged: [sequence, record]. */
  acked: [sequence: number, record: number] = [1, 0]
  /** take() answers with promises, as from disk. */
  slow = false
  /** How many frames were given out. */
  taken = 0
  #listener = () => {}

  append(batch: Batch): void {
    this.frames.push({ sequence: this.frames.length + 1, batch })
    this.#listener()
  }

  take(): Slice | undefined | Promise<Slice | undefined> {
    let frame = this.frames[this.taken]
    while (frame?.batch.count === 0) frame = this.frames[++this.taken]
    if (!frame) return undefined
    this.taken++
    const slice = { frame, from: 0, to: frame.batch.count }
    return this.slow ? new Promise(resolve => setImmediate(resolve, slice)) : slice
  }

  onAppend(call: () => void): void {
    this.#listener = call
  }

  ack(sequence: number, records?: number): void {
    const next: [number, number] = records === undefined ? [sequence + 1, 0] : [sequence, records]
    if (next[0] < this.acked[0] || (next[0] === this.acked[0] && next[1] <= this.acked[1])) {
      throw new Error(`acknowledged ${next}, which is not behind ${this.acked}`)
    }
    this.acked = next
  }

  unsent(): { records: number; bytes: number; oldestMs: number | undefined } {
    const records = this.frames.reduce((sum, { sequence, batch }) => sum + this.#unsentOf(sequence, batch), 0)
    return { records, bytes: 0, oldestMs: undefined }
  }

  #unsentOf(sequence: number, { count }: Batch): number {
    if (sequence < this.acked[0]) return 0
    return sequence === this.acked[0] ? count - this.acked[1] : count
  }
}

export interface Sent {
  readonly atMs: number
  readonly slices: readonly Slice[]
  readonly records: readonly string[]
  readonly signal: AbortSignal
}

/** An output that answers as told, and notes what it was sent. */
export class ScriptedOutput implements Output {
  readonly limits: Limits
  readonly sends: Sent[] = []
  answer: (sent: Sent, number: number) => Outcome | Promise<Outcome>
  readonly #now: () => number

  constructor(
    limits: Limits,
    now: () => number,
    answer: ScriptedOutput['answer'] = () => ({ kind: 'done' }),
  ) {
    this.limits = limits
    this.answer = answer
    this.#now = now
  }

  async send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    const sent = { atMs: this.#now(), slices, records: slices.flatMap(recordsOf), signal }
    this.sends.push(sent)
    return this.answer(sent, this.sends.length)
  }
}

/** Dead letters in memory. */
export class MemoryDeadLetters implements DeadLetters {
  readonly path = '/data/dead-letters.jsonl'
  readonly letters: { output: string; reason: string; record: string }[] = []
  /** Refuses to write while set. */
  refuse: string | undefined

  async write(letters: readonly DeadLetter[]): Promise<void> {
    if (this.refuse) throw Object.assign(new Error(this.refuse), { code: this.refuse })
    for (const { output, reason, slices } of letters) {
      for (const record of slices.flatMap(recordsOf)) this.letters.push({ output, reason, record })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

export interface DeliveryFixture {
  readonly host: FakeHost
  readonly reader: MemoryReader
  readonly output: ScriptedOutput
  readonly deadLetters: MemoryDeadLetters
  readonly delivery: Delivery
}

/** A running delivery between doubles, on a clock that stands still; without jitter unless told otherwise. */
export function deliveryFixture(
  test: TestContext | undefined,
  limits: Partial<Limits> = {},
  options: Partial<DeliveryOptions> & { readonly answer?: ScriptedOutput['answer'] } = {},
): DeliveryFixture {
  const host = fakeHost()
  const reader = new MemoryReader()
  const all = { maxBytes: 1_000_000, maxRecords: 1000, maxAgeMs: 1000, concurrency: 2, ...limits }
  const output = new ScriptedOutput(all, () => host.clock.monotonic(), options.answer)
  const deadLetters = new MemoryDeadLetters()
  const { clock, metrics, log } = host
  const delivery = startDelivery({
    name: 'out',
    reader,
    output,
    maxInFlightBytes: 4_000_000,
    deadLetters,
    clock,
    metrics,
    log,
    random: () => 1,
    ...options,
  })
  test?.after(async () => {
    const closing = delivery[Symbol.asyncDispose]()
    await host.clock.elapse(2000)
    await closing
    await host.close()
  })
  return { host, reader, output, deadLetters, delivery }
}

/** A deadline on the fixture's clock. */
export function deadlineIn({ clock }: FakeHost, ms: number): Deadline {
  const end = clock.monotonic() + ms
  const controller = new AbortController()
  clock.timeout(ms, () => controller.abort())
  return { remainingMs: () => Math.max(0, end - clock.monotonic()), signal: controller.signal }
}
