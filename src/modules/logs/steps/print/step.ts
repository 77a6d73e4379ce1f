import { type LineWriter, openDescriptor } from '../../../../kernel/lines/descriptor.ts'
import { ByteWriter } from '../../../../wire/json/writer.ts'
import { writeArrowLine } from '../../outputs/lines/layout.ts'
import type { Step, StepHost } from '../step.ts'
import type { PrintConfig } from './config.ts'

/** What may wait for a reader that is behind. */
const MAX_WAITING_BYTES = 1024 * 1024

/** Prints what passes, in writes of their own, so that a slow reader holds nothing up. */
export function printStep({ format, to }: PrintConfig, host: StepHost): Step {
  if (host.offline) return () => true
  const unprinted = host.metrics
    .counter('unprinted_records_total', 'Records that a step `print` left out, as its reader was behind.', [
      'input',
    ])
    .with(host.owner)
  const printer = new Printer(() => openDescriptor(to === 'stdout' ? 1 : 2, host.clock))
  host.scope.defer(() => printer.close())
  const json = new ByteWriter(4096)
  const line = new ByteWriter(4096)
  return (record, { tag, timeMs, readAtMs }) => {
    json.length = 0
    line.length = 0
    record.writeTo(json)
    if (format === 'json') {
      line.copy(json.bytes, 0, json.length)
      line.byte(0x0a)
    } else {
      const at = Number.isNaN(timeMs) ? readAtMs : timeMs
      writeArrowLine(
        { index: printer.waiting, tag, timeMs: at, bytes: json.bytes, start: 0, end: json.length },
        line,
      )
    }
    if (!printer.print(Buffer.from(line.bytes.subarray(0, line.length)))) unprinted.inc()
    return true
  }
}

class Printer {
  readonly #open: () => LineWriter
  #writer: LineWriter | undefined
  #lines: Buffer[] = []
  #bytes = 0
  #writing: Promise<void> | undefined
  readonly #ended = new AbortController()

  constructor(open: () => LineWriter) {
    this.#open = open
  }

  /** Lines of the write that comes next. */
  get waiting(): number {
    return this.#lines.length
  }

  /** False when too much waits. */
  print(line: Buffer): boolean {
    if (this.#bytes + line.length > MAX_WAITING_BYTES) return false
    this.#lines.push(line)
    this.#bytes += line.length
    this.#writing ??= this.#write().catch(() => {})
    return true
  }

  async close(): Promise<void> {
    const patience = setTimeout(() => this.#ended.abort(), 1000)
    await this.#writing
    clearTimeout(patience)
    this.#writer?.close()
  }

  async #write(): Promise<void> {
    // All of this turn in one write.
    await new Promise(setImmediate)
    this.#writer ??= this.#open()
    try {
      while (this.#lines.length > 0) {
        const lines = Buffer.concat(this.#lines)
        this.#lines = []
        this.#bytes = 0
        await this.#writer.write(lines, this.#ended.signal)
      }
    } finally {
      this.#writing = undefined
    }
  }
}
