import { type LineWriter, openDescriptor } from '../../../../kernel/lines/descriptor.ts'
import type { Slice } from '../../batch.ts'
import { arrowLines, jsonArray, jsonLines, type LinesOf } from '../lines/layout.ts'
import type { Limits, OpenOutput, Outcome, Output, OutputHost } from '../output.ts'
import type { StdoutConfig } from './config.ts'

/** Writes records to standard output. */
export const openStdout: OpenOutput<StdoutConfig> = async (config, host) =>
  new DescriptorOutput(1, config, host)

/** The same on any descriptor. */
export class DescriptorOutput implements Output {
  readonly limits: Limits
  readonly #writer: LineWriter
  readonly #linesOf: LinesOf

  constructor(descriptor: number, config: StdoutConfig, host: OutputHost) {
    this.#writer = openDescriptor(descriptor, host.clock)
    this.#linesOf = layoutOf(config)
    this.limits = {
      maxBytes: 256 * 1024,
      maxRecords: 16_384,
      maxAgeMs: config.flushIntervalMs,
      concurrency: 1,
    }
    host.scope.defer(() => this.#writer.close())
  }

  async send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    if (signal.aborted) return { kind: 'failed', reason: 'stopped before the write began' }
    try {
      await this.#writer.write(this.#linesOf(slices), signal)
      return { kind: 'done' }
    } catch (error) {
      if (signal.aborted)
        return { kind: 'failed', reason: 'stopped while the reader of standard output was behind' }
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'EPIPE')
        return { kind: 'failed', reason: 'nobody reads standard output any more (EPIPE)', refused: true }
      return { kind: 'failed', reason: `standard output: ${message}` }
    }
  }
}

function layoutOf({ format, time }: StdoutConfig): LinesOf {
  if (format === 'text') return arrowLines
  return format === 'array' ? jsonArray(time) : jsonLines(time)
}
