import { hostname } from 'node:os'
import { writeFromJson } from '../../../../wire/msgpack/from-json.ts'
import { MsgpackWriter } from '../../../../wire/msgpack/writer.ts'
import type { Slice } from '../../batch.ts'
import { compileTemplate, RecordView, type Template } from '../../template/template.ts'
import { compress } from '../compression.ts'
import type { FailedOutcome, Limits, OpenOutput, Outcome, Output, OutputHost } from '../output.ts'
import type { ForwardOutputConfig } from './config.ts'
import { Receiver } from './receiver.ts'

/** Sends records to Fluentd or Fluent Bit. */
export const openForward: OpenOutput<ForwardOutputConfig> = async (config, host) =>
  new ForwardOutput(config, host)

interface TaggedBatch {
  readonly entries: MsgpackWriter
  count: number
}

class ForwardOutput implements Output {
  readonly limits: Limits
  readonly #config: ForwardOutputConfig
  readonly #host: OutputHost
  readonly #tag: Template
  readonly #receivers: readonly Receiver[]
  readonly #view = new RecordView()
  #turn = 0

  constructor(config: ForwardOutputConfig, host: OutputHost) {
    this.#config = config
    this.#host = host
    this.#tag = compileTemplate(config.tagAs, { hostname: hostname() })
    this.#receivers = config.servers.map(server => new Receiver(server, config, host))
    this.limits = {
      maxBytes: config.maxBatchBytes,
      maxRecords: 20_000,
      maxAgeMs: config.flushIntervalMs,
      concurrency: 1,
    }
  }

  async send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    const batches = await this.#batches(slices)
    for (const [tag, batch] of batches) {
      const failure = await this.#deliver(tag, batch, signal)
      if (failure) return failure
    }
    return { kind: 'done' }
  }

  /** The events of each tag, one behind the other. */
  async #batches(slices: readonly Slice[]): Promise<Map<string, TaggedBatch>> {
    const batches = new Map<string, TaggedBatch>()
    for (const { frame, from, to } of slices)
      for (let i = from; i < to; i++) {
        const pause = this.#host.slice()
        if (pause) await pause
        const view = this.#view.at(frame.batch, i)
        const tag = this.#tag.render(view) ?? frame.batch.origin.tag
        let batch = batches.get(tag)
        if (batch === undefined) {
          batch = { entries: new MsgpackWriter(16 * 1024), count: 0 }
          batches.set(tag, batch)
        }
        const { entries } = batch
        entries.array(2)
        if (this.#config.time === 'seconds') entries.number(Math.floor(view.timeMs / 1000))
        else entries.eventTime(view.timeMs)
        writeFromJson(view.bytes, view.start, view.end, entries)
        batch.count++
      }
    return batches
  }

  async #deliver(tag: string, batch: TaggedBatch, signal: AbortSignal): Promise<FailedOutcome | undefined> {
    const { acknowledged, compress: coding } = this.#config
    const entries = await compress(batch.entries.bytes, coding, this.#host)
    const chunk = acknowledged
      ? process.getBuiltinModule('node:crypto').randomBytes(16).toString('base64')
      : undefined
    const message = new MsgpackWriter(entries.length + tag.length + 128).array(3).text(tag).binary(entries)
    message.map(1 + (chunk === undefined ? 0 : 1) + (coding === 'none' ? 0 : 1))
    message.text('size').number(batch.count)
    if (chunk !== undefined) message.text('chunk').text(chunk)
    if (coding !== 'none') message.text('compressed').text(coding)
    let failure: FailedOutcome | undefined
    for (const receiver of this.#inOrder()) {
      failure = await receiver.send(message.bytes, chunk, signal)
      if (failure === undefined || signal.aborted) return failure
      receiver.awayUntilMs = this.#host.clock.monotonic() + this.#config.recoverMs
    }
    return failure
  }

  /** Whom to try: those that are there before those that were away, and stand-bys behind the others; by weight in turns. */
  #inOrder(): readonly Receiver[] {
    const nowMs = this.#host.clock.monotonic()
    const rank = (receiver: Receiver) => (receiver.awayUntilMs > nowMs ? 2 : 0) + (receiver.standby ? 1 : 0)
    const first = this.#byWeight(nowMs)
    return [...this.#receivers].sort((a, b) => rank(a) - rank(b) || Number(b === first) - Number(a === first))
  }

  #byWeight(nowMs: number): Receiver | undefined {
    const there = this.#receivers.filter(each => !each.standby && each.awayUntilMs <= nowMs)
    const total = there.reduce((sum, { weight }) => sum + weight, 0)
    if (total === 0) return undefined
    // Steps of the golden ratio spread the turns as evenly as the weights allow.
    this.#turn = (this.#turn + 0.618_033_988_749_895) % 1
    let at = this.#turn * total
    return there.find(({ weight }) => (at -= weight) < 0)
  }
}
