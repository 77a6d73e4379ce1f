import { s } from '../../../kernel/config/schema.ts'
import { type FakeHost, fakeHost } from '../../../kernel/host-fake.ts'
import type { Batch, Position } from '../batch.ts'
import { checkFormat } from '../formats/check.ts'
import { formatFields } from '../formats/config.ts'
import type { LineSink, Lines } from '../lines.ts'
import { linesOf, recordsOf } from '../lines-fake.ts'
import { createProcessor } from '../processor.ts'
import { atOnce } from '../processor-fake.ts'
import { recordMetrics } from '../record-metrics.ts'
import { checkMultiline, multilineField } from './config.ts'
import { createJoining } from './create.ts'
import type { Joining } from './joining.ts'

/** Joining in front of a sink that keeps all records, with the options as a user writes them. */
export class JoiningBed {
  readonly records: string[] = []
  readonly batches: Batch[] = []
  readonly host: FakeHost = fakeHost()
  readonly joining: Joining
  readonly sink: LineSink
  /** The position that was spooled last, by file. */
  readonly positions = new Map<string, Position>()
  #refusals = 0
  #offsets = new Map<string, number>()

  constructor(multiline: object, format: object = { format: 'raw' }, memoryBytes = 1 << 22) {
    const decoded = s
      .object({ ...formatFields, multiline: multilineField }, { about: 'a line input' })
      .decode({
        ...format,
        multiline,
      })
    if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
    const config = decoded.value
    const problems = [...checkFormat(config, []), ...checkMultiline(config.multiline, ['multiline'])]
    if (problems.length > 0) throw new Error(JSON.stringify(problems))
    const metrics = recordMetrics(this.host.metrics)
    this.joining = createJoining({
      config: config.multiline!,
      format: config.format,
      input: 'test',
      memoryBytes,
      clock: this.host.clock,
      metrics,
    })
    const process = createProcessor({
      format: config,
      ownSteps: [],
      steps: [],
      input: 'test',
      metrics,
      joiner: this.joining.joiner,
    })
    this.sink = this.joining.over(async lines => {
      const batches = atOnce(process(lines))
      if (this.#refusals > 0) {
        this.#refusals--
        throw new Error('refused')
      }
      for (const batch of batches) {
        this.batches.push(batch)
        this.records.push(...recordsOf(batch))
        const { position } = batch.origin
        if (position) this.positions.set(position.file, position)
      }
    })
  }

  get messages(): (string | undefined)[] {
    return this.records.map(record => JSON.parse(record).message)
  }

  /** Lines from one file, which go on where its last ones ended. */
  async give(text: string, more: Partial<Lines> = {}, path = '/var/log/test.log'): Promise<void> {
    const base = more.begins ? 0 : (this.#offsets.get(path) ?? 0)
    const bytes = Buffer.byteLength(text, 'latin1')
    this.#offsets.set(path, base + bytes)
    const lines = linesOf(text)
    const position = (offset: number): Position => ({ file: `key of ${path}`, offset })
    await this.sink({
      ...lines,
      offsetAt: line => base + lines.starts[line],
      positionAt: line => position(base + lines.starts[line]),
      origin: { input: 'test', path, tag: 'test', position: position(base + bytes) },
      ...more,
    })
  }

  /** What was taken from this offset on is read again. */
  rewind(offset: number, path = '/var/log/test.log'): void {
    this.#offsets.set(path, offset)
  }

  refuse(times: number): void {
    this.#refusals = times
  }

  /** Nothing comes for so long. */
  async pass(ms: number): Promise<void> {
    this.host.clock.advance(ms)
    // What the timer began ends without anything to wait for.
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  }

  async drain(): Promise<void> {
    const input = this.joining.around({
      rereadable: true,
      health: () => ({ ready: true, state: 'ok' }),
      drain: async () => {},
    })
    await input.drain({ signal: new AbortController().signal } as Parameters<typeof input.drain>[0])
  }

  offset(path = '/var/log/test.log'): number | undefined {
    return this.positions.get(`key of ${path}`)?.offset
  }

  metric(name: string, labels: Record<string, string> = {}): number | undefined {
    return this.host.metric(name, { input: 'test', ...labels })
  }
}
