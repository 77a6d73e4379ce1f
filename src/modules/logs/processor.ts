import type { LongWork } from '../../kernel/long-work.ts'
import type { JsonRecord } from '../../wire/json/record.ts'
import { ByteWriter } from '../../wire/json/writer.ts'
import type { Batch } from './batch.ts'
import type { FormatConfig } from './formats/config.ts'
import { createFormat } from './formats/create.ts'
import { writePiece } from './formats/raw.ts'
import { timeField } from './formats/time.ts'
import type { LentMemory } from './lent-memory.ts'
import type { Lines } from './lines.ts'
import { Made } from './made.ts'
import type { Joiner } from './multiline/joiner.ts'
import type { RecordMetrics } from './record-metrics.ts'
import { sourceFields } from './source-fields.ts'
import type { Step, StepEvent } from './steps/step.ts'
import { TaggedBatches } from './tagged-batches.ts'

const CARRIAGE_RETURN = 0x0d
/** So many bytes of lines make a step: JSON takes 40 µs for them, the slowest patterns some ten times that. */
const STEP_BYTES = 16 * 1024

export interface ProcessorOptions {
  /** Must have passed `checkFormat`. */
  readonly format: FormatConfig
  /** Those of the input. */
  readonly ownSteps: readonly Step[]
  /** Those of all inputs. */
  readonly steps: readonly Step[]
  /** The input's name in metrics. */
  readonly input: string
  readonly metrics: RecordMetrics
  /** Fields for the path of the source, and for the place in it where the record begins. */
  readonly pathField?: string | undefined
  readonly offsetField?: string | undefined
  /** Whether a line without text is a record, too. With a joiner its rules say what becomes of it. */
  readonly keepEmptyLines?: boolean | undefined
  /** Puts records of several lines together. Then all calls of one source must come one after the other. */
  readonly joiner?: Joiner | undefined
  /** What batches are built in that do not lie in their lines; without it each has memory of its own. */
  readonly memory?: LentMemory | undefined
}

/**
 * Turns the lines of one input into batches of records, one a tag: format, time, then the steps in their order.
 * While no record differs from its line a batch's bytes are the input's own; they must not change afterwards.
 * The last batch has the lines' origin, also when it has no records, so that the position moves on when all are safe.
 * Several may be under way at once. The caller lets each batch's memory go when it
 * is done with it.
 */
export function createProcessor(options: ProcessorOptions): (lines: Lines) => LongWork<readonly Batch[]> {
  const { input, metrics, steps: commonSteps, joiner, keepEmptyLines = false } = options
  const misfits = metrics.misfits.with(input, options.format.format)
  const unreadableTimes = metrics.unreadableTimes.with(input)
  const pieces = metrics.pieces.with(input)
  const format = createFormat(options.format, () => misfits.inc())
  const time = timeField(options.format.time)
  const steps = [...options.ownSteps, ...commonSteps]
  const place = sourceFields(options.pathField, options.offsetField)
  const looksInside = time !== undefined || place !== undefined || steps.length > 0
  const own = new Made()
  const event = new Event(input)
  /** Builders that no lines are under way in. */
  const idle: TaggedBatches[] = []

  function timeOf(made: Made): number {
    const timeMs = time === undefined ? made.ownTimeMs : time.take(made.record, made.readAtMs)
    if (!Number.isNaN(timeMs)) return timeMs
    if (!Number.isNaN(made.knownTimeMs)) return made.knownTimeMs
    if (time !== undefined) unreadableTimes.inc()
    return made.readAtMs
  }

  /** Makes the record of one line and adds it, unless a step drops it. */
  function take(batches: TaggedBatches, lines: Lines, line: number, end: number): void {
    const start = lines.starts[line]
    const { record, text } = own
    own.text.length = 0
    own.isOpen = false
    own.ownTimeMs = Number.NaN
    own.knownTimeMs = lines.timesMs?.[line] ?? Number.NaN
    own.readAtMs = lines.readAtMs
    own.offset = place === undefined ? -1 : (lines.offsetAt?.(line) ?? -1)
    if (lines.pieces !== undefined && lines.pieces[line] === 1) {
      pieces.inc()
      writePiece(lines.bytes, start, end, text)
      finish(batches, lines, own, lines.readAtMs)
      return
    }
    own.isOpen = format.read(lines.bytes, start, end, record, text, lines.readAtMs)
    if (!own.isOpen && text.length === 0) return
    own.ownTimeMs = format.timeMs
    finish(batches, lines, own)
  }

  /** Adds a record with its time, unless a step drops it. */
  function finish(batches: TaggedBatches, lines: Lines, made: Made, knownTimeMs?: number): void {
    const { record, text } = made
    if (!looksInside) {
      const timeMs = knownTimeMs ?? timeOf(made)
      if (made.isOpen) batches.main.addRecord(record, timeMs)
      else batches.main.addText(text.bytes, 0, text.length, timeMs)
      return
    }
    made.open()
    place?.(record, lines.origin.path, made.offset)
    event.begin(lines, record, knownTimeMs ?? timeOf(made), made.readAtMs)
    if (passes(steps, record)) batches.of(event.tag).addRecord(record, event.timeMs)
    for (let copy = event.nextCopy(); copy !== undefined; copy = event.nextCopy()) {
      record.open(copy.bytes, 0, copy.bytes.length)
      event.again(copy)
      if (passes(copy.steps ?? commonSteps, record, copy.at))
        batches.of(event.tag).addRecord(record, event.timeMs)
    }
  }

  function passes(steps: readonly Step[], record: JsonRecord, from = 0): boolean {
    event.steps = steps
    for (let at = from; at < steps.length; at++) {
      event.at = at
      if (!steps[at](record, event)) return false
    }
    return true
  }

  return function* (lines) {
    const batches = idle.pop() ?? new TaggedBatches(options.memory)
    batches.begin(lines)
    const { bytes, count, starts, ends } = lines
    const run = joiner && {
      lines,
      format,
      alone: (line: number, end: number) => take(batches, lines, line, end),
      emit: (made: Made) => finish(batches, lines, made),
    }
    if (run) joiner?.begin(run)
    let stepEnd = count === 0 ? 0 : starts[0] + STEP_BYTES
    for (let line = 0; line < count; line++) {
      const start = starts[line]
      let end = ends[line]
      if (end > start && bytes[end - 1] === CARRIAGE_RETURN) end--
      if (joiner) joiner.take(line, end)
      else if (end > start || keepEmptyLines) take(batches, lines, line, end)
      if (end >= stepEnd && line + 1 < count) {
        joiner?.pause()
        yield
        if (run) joiner?.resume(run)
        stepEnd = end + STEP_BYTES
      }
    }
    const finished = batches.finish(joiner?.finish())
    idle.push(batches)
    return finished
  }
}

interface EmittedCopy {
  readonly bytes: Buffer
  readonly timeMs: number
  readonly tag: string
  /** The steps that it has begun again from. */
  readonly by: readonly object[]
  /** The list that it goes on in, from which step on; absent: the common steps, from the first on. */
  readonly steps?: readonly Step[]
  readonly at?: number
  /** The step that made several records of one. */
  readonly siblingOf?: object
}

class Event implements StepEvent {
  timeMs = 0
  tag = ''
  path = ''
  readAtMs = 0
  readonly input: string
  #record!: JsonRecord
  /** Where the record is. */
  steps: readonly Step[] = []
  at = 0
  readonly #copies: EmittedCopy[] = []
  #by: readonly object[] = []
  #siblingOf: object | undefined

  constructor(input: string) {
    this.input = input
  }

  begin({ origin }: Lines, record: JsonRecord, timeMs: number, readAtMs: number): void {
    this.#record = record
    this.timeMs = timeMs
    this.tag = origin.tag
    this.path = origin.path
    this.readAtMs = readAtMs
    this.#by = []
    this.#siblingOf = undefined
  }

  again({ timeMs, tag, by, siblingOf }: EmittedCopy): void {
    this.timeMs = timeMs
    this.tag = tag
    this.#by = by
    this.#siblingOf = siblingOf
  }

  emitCopy(tag: string, by: object): boolean {
    if (this.#by.includes(by)) return false
    const out = new ByteWriter(256)
    this.#record.writeTo(out)
    const bytes = Buffer.from(out.bytes.subarray(0, out.length))
    this.#copies.push({ bytes, timeMs: this.timeMs, tag, by: [...this.#by, by] })
    return true
  }

  emitSibling(json: Buffer, by: object): boolean {
    const { timeMs, tag, steps, at } = this
    this.#copies.push({ bytes: json, timeMs, tag, by: this.#by, steps, at, siblingOf: by })
    return true
  }

  isSibling(by: object): boolean {
    return this.#siblingOf === by
  }

  nextCopy(): EmittedCopy | undefined {
    return this.#copies.shift()
  }
}
