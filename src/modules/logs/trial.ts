import { entryNames } from '../../kernel/config/entry-names.ts'
import { inTurns } from '../../kernel/long-work.ts'
import type { Host } from '../../kernel/module.ts'
import type { JsonRecord } from '../../wire/json/record.ts'
import { ByteWriter } from '../../wire/json/writer.ts'
import type { Batch } from './batch.ts'
import type { LogsConfig } from './config.ts'
import { createRouting, type Routing } from './delivery/routing.ts'
import { formatOf } from './inputs/kinds.ts'
import type { Lines } from './lines.ts'
import { createProcessor } from './processor.ts'
import { recordMetrics } from './record-metrics.ts'
import type { StepConfig } from './steps/config.ts'
import { createSteps } from './steps/create.ts'
import type { Step, StepHost } from './steps/step.ts'
import { expandTag } from './tags.ts'

/** What one step made of one record. */
export interface StepTrial {
  /** Where it stands: `logs.steps[0].keep`. */
  readonly key: string
  readonly config: StepConfig
  readonly passes: boolean
  /** The record before and after, as JSON text. */
  readonly before: string
  readonly after: string
  readonly tag: string
}

/** What became of one line. */
export interface LineTrial {
  readonly line: string
  readonly format: string
  /** The records that its format, or the formats of the lines before it, made of it; none while one is still open. */
  readonly formatted: readonly string[]
  readonly steps: readonly StepTrial[]
  readonly records: readonly RecordTrial[]
}

/** A record as it would be spooled, and where it would go. */
export interface RecordTrial {
  readonly record: string
  readonly timeMs: number
  readonly tag: string
  /** The outputs that would get it, each with the record as it would get it. */
  readonly outputs: readonly { readonly name: string; readonly record: string }[]
  /** The outputs that would not. */
  readonly others: readonly string[]
}

/** What a trial needs of the world: nothing is sent, nothing is written. */
export type TrialHost = Pick<Host, 'scope' | 'env' | 'clock' | 'log' | 'metrics'>

/** Takes lines through the pipeline of one input, as far as the spool and the choice of outputs. */
export class Trial {
  readonly #input: string
  readonly #tag: string
  readonly #format: string
  readonly #process: ReturnType<typeof createProcessor>
  readonly #routings: readonly { readonly name: string; readonly routing: Routing | undefined }[]
  readonly #host: TrialHost
  #formatted: string[] = []
  #steps: StepTrial[] = []

  /** `index` is that of the input in the configuration. */
  constructor(config: LogsConfig, index: number, host: TrialHost, tag?: string) {
    const entry = config.inputs[index]
    this.#host = host
    this.#input = entryNames(config.inputs)[index]
    this.#tag = tag ?? entry.config.tag ?? this.#input
    const format = formatOf(entry)
    this.#format = format.format
    const records = recordMetrics(host.metrics)
    const hostOf = (key: string): StepHost => ({
      ...host,
      recordMetrics: records,
      owner: this.#input,
      key,
      offline: true,
    })
    const own = this.#watched(entry.config.steps, hostOf(`logs.inputs[${index}].${entry.kind}.steps`))
    const common = this.#watched(config.steps, hostOf('logs.steps'))
    const note: Step = record => {
      this.#formatted.push(textOf(record))
      return true
    }
    this.#process = createProcessor({
      format,
      ownSteps: [note, ...own],
      steps: common,
      input: this.#input,
      metrics: records,
    })
    const names = entryNames(config.outputs)
    this.#routings = config.outputs.map((output, at) => {
      const key = `logs.outputs[${at}].${output.kind}.steps`
      const slice = () => undefined
      return { name: names[at], routing: createRouting(output.config, { ...hostOf(key), slice }) }
    })
  }

  async take(line: string, path: string): Promise<LineTrial> {
    this.#formatted = []
    this.#steps = []
    const batches = await inTurns(this.#process(this.#linesOf(line, path)), () => undefined)
    const records: RecordTrial[] = []
    for (const batch of batches)
      for (let index = 0; index < batch.count; index++) records.push(await this.#route(batch, index))
    return { line, format: this.#format, formatted: this.#formatted, steps: this.#steps, records }
  }

  /** The steps of a configuration, each of which notes what it did. */
  #watched(configs: readonly StepConfig[], host: StepHost): Step[] {
    return createSteps(configs, host).map((step, index) => {
      const config = configs[index]
      const key = `${host.key}[${index}].${config.kind}`
      return (record, event) => {
        const before = textOf(record)
        const passes = step(record, event)
        this.#steps.push({ key, config, passes, before, after: textOf(record), tag: event.tag })
        return passes
      }
    })
  }

  async #route(batch: Batch, index: number): Promise<RecordTrial> {
    const record = batch.bytes.toString('utf8', batch.starts[index], batch.ends[index])
    const outputs: { name: string; record: string }[] = []
    const others: string[] = []
    for (const { name, routing } of this.#routings) {
      const sent = await routed(batch, index, routing)
      if (sent === undefined) others.push(name)
      else outputs.push({ name, record: sent })
    }
    return { record, timeMs: batch.timesMs[index], tag: batch.origin.tag, outputs, others }
  }

  #linesOf(line: string, path: string): Lines {
    const bytes = Buffer.from(line)
    return {
      bytes,
      count: 1,
      starts: Uint32Array.of(0),
      ends: Uint32Array.of(bytes.length),
      readAtMs: this.#host.clock.now(),
      origin: { input: this.#input, path, tag: expandTag(this.#tag, path) },
    }
  }
}

/** The record as an output would get it; undefined when it would not. */
async function routed(
  batch: Batch,
  index: number,
  routing: Routing | undefined,
): Promise<string | undefined> {
  const slice = { frame: { sequence: 1, batch }, from: index, to: index + 1 }
  if (routing?.excludes(slice)) return undefined
  const slices = routing === undefined || routing.isPlain ? [slice] : (await routing.route(slice)).slices
  const [sent] = slices
  if (sent === undefined) return undefined
  const { bytes, starts, ends } = sent.frame.batch
  return bytes.toString('utf8', starts[sent.from], ends[sent.from])
}

function textOf(record: JsonRecord): string {
  const out = new ByteWriter(256)
  if (record.changed) record.writeTo(out)
  else out.copy(record.bytes, record.start, record.end)
  return out.bytes.toString('utf8', 0, out.length)
}
