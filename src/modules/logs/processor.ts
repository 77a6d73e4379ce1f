import { JsonRecord } from '../../wire/json/record.ts'
import { ByteWriter } from '../../wire/json/writer.ts'
import type { Batch } from './batch.ts'
import { BatchBuilder } from './batch-builder.ts'
import type { FormatConfig } from './formats/config.ts'
import { createFormat } from './formats/create.ts'
import { writePiece } from './formats/raw.ts'
import { TimeField } from './formats/time.ts'
import type { Lines } from './lines.ts'
import type { LongWork } from './long-work.ts'
import type { RecordMetrics } from './record-metrics.ts'
import type { StepConfig } from './steps/config.ts'
import { createSteps } from './steps/create.ts'

const CARRIAGE_RETURN = 0x0d
/** So many bytes of lines make a step: JSON takes 40 µs for them, the slowest patterns some ten times that. */
const STEP_BYTES = 16 * 1024

export interface ProcessorOptions {
  /** The input's name in metrics. */
  readonly input: string
  /** Must have passed `checkFormat`. */
  readonly format: FormatConfig
  /** Must have passed `checkSteps`. */
  readonly steps: readonly StepConfig[]
  readonly metrics: RecordMetrics
}

/**
 * Turns the lines of one input into a batch of records: format, time, then the steps in their order.
 * While no record differs from its line the batch's bytes are the input's own; they must not change afterwards.
 * A batch of no records still has its origin, so that the position moves on. Several may be under way at once.
 */
export function createProcessor(options: ProcessorOptions): (lines: Lines) => LongWork<Batch> {
  const { input, metrics } = options
  const misfits = metrics.misfits.with(input, options.format.format)
  const unreadableTimes = metrics.unreadableTimes.with(input)
  const pieces = metrics.pieces.with(input)
  const format = createFormat(options.format, () => misfits.inc())
  const time = options.format.time && new TimeField(options.format.time)
  const steps = createSteps(options.steps, input, metrics)
  const looksInside = time !== undefined || steps.length > 0
  const record = new JsonRecord()
  const text = new ByteWriter(1024)
  /** Builders that no lines are under way in. */
  const idle: BatchBuilder[] = []

  function timeOf(readAtMs: number): number {
    const timeMs = time === undefined ? format.timeMs : time.take(record, readAtMs)
    if (!Number.isNaN(timeMs)) return timeMs
    if (time !== undefined) unreadableTimes.inc()
    return readAtMs
  }

  /** Makes the record of one line and adds it, unless a step drops it. */
  function take(builder: BatchBuilder, lines: Lines, start: number, end: number, piece: boolean): void {
    text.length = 0
    let isLine = false
    if (piece) {
      pieces.inc()
      writePiece(lines.bytes, start, end, text)
    } else {
      isLine = format.read(lines.bytes, start, end, record, text)
    }
    if (!looksInside) {
      const timeMs = piece ? lines.readAtMs : timeOf(lines.readAtMs)
      if (isLine) builder.addRecord(record, timeMs)
      else builder.addText(text.bytes, 0, text.length, timeMs)
      return
    }
    if (!isLine) record.open(text.bytes, 0, text.length)
    const timeMs = piece ? lines.readAtMs : timeOf(lines.readAtMs)
    for (const step of steps) if (!step(record)) return
    builder.addRecord(record, timeMs)
  }

  return function* (lines) {
    const builder = idle.pop() ?? new BatchBuilder()
    builder.begin(lines)
    const { bytes, count, starts, ends, pieces } = lines
    let stepEnd = count === 0 ? 0 : starts[0] + STEP_BYTES
    for (let i = 0; i < count; i++) {
      const start = starts[i]
      let end = ends[i]
      if (end > start && bytes[end - 1] === CARRIAGE_RETURN) end--
      if (end > start) take(builder, lines, start, end, pieces !== undefined && pieces[i] === 1)
      if (end >= stepEnd && i + 1 < count) {
        yield
        stepEnd = end + STEP_BYTES
      }
    }
    const batch = builder.finish()
    idle.push(builder)
    return batch
  }
}
