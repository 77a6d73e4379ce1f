import { LineFile } from '../../../../kernel/lines/line-file.ts'
import type { Slice } from '../../batch.ts'
import { jsonLines, type LinesOf, taggedLines } from '../lines/layout.ts'
import { MessageField } from '../message-field.ts'
import { rawLines } from '../ndjson.ts'
import type { Limits, OpenOutput, Outcome, Output, OutputHost } from '../output.ts'
import type { FileConfig } from './config.ts'
import { rotate } from './rotation.ts'

/** Appends records to a file, one a line. */
export const openFile: OpenOutput<FileConfig> = async (config, host) => new FileOutput(config, host)

class FileOutput implements Output {
  readonly limits: Limits
  readonly #config: FileConfig
  readonly #host: OutputHost
  readonly #linesOf: LinesOf
  readonly #file: LineFile
  #rotationFault: string | undefined
  #writing: Promise<Outcome> | undefined
  #closed = false

  constructor(config: FileConfig, host: OutputHost) {
    this.#config = config
    this.#host = host
    this.#linesOf = layoutOf(config)
    this.#file = new LineFile(config.path, config.sync)
    this.limits = {
      // What is written at once is never split over two files.
      maxBytes: Math.min(1024 * 1024, config.rotate.maxSizeBytes),
      maxRecords: 65_536,
      maxAgeMs: config.flushIntervalMs,
      concurrency: 1,
    }
    host.scope.defer(() => this.#close())
  }

  async send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    if (signal.aborted || this.#closed) return { kind: 'failed', reason: 'stopped before the write began' }
    this.#writing = this.#write(slices)
    return await this.#writing
  }

  health(): ReturnType<NonNullable<Output['health']>> {
    if (this.#rotationFault === undefined) return { ready: true, state: 'ok' }
    return { ready: true, state: 'degraded', message: this.#rotationFault }
  }

  async #write(slices: readonly Slice[]): Promise<Outcome> {
    const lines = this.#linesOf(slices)
    try {
      await this.#file.open()
      if (this.#isDue(lines.length)) await this.#rotate()
      await this.#file.append(lines)
      return { kind: 'done' }
    } catch (error) {
      return this.#failure(error as NodeJS.ErrnoException)
    }
  }

  /** A write that is under way ends first: its file would stay open otherwise. */
  async #close(): Promise<void> {
    this.#closed = true
    await this.#writing
    await this.#file.close()
  }

  #isDue(bytes: number): boolean {
    const { maxSizeBytes, maxAgeMs } = this.#config.rotate
    const { size, bornMs } = this.#file
    if (size === 0) return false
    return (
      size + bytes > maxSizeBytes || (maxAgeMs !== undefined && this.#host.clock.now() - bornMs >= maxAgeMs)
    )
  }

  /** A file that cannot be put aside grows on: records are worth more than its size. */
  async #rotate(): Promise<void> {
    const { path } = this.#config
    try {
      await rotate(path, this.#config.rotate.keep)
      this.#rotationFault = undefined
    } catch (error) {
      this.#rotationFault = `${path} could not be put aside and grows on: ${(error as Error).message}`
      this.#host.log.warn('file_rotation_failed', this.#rotationFault)
    }
    await this.#file.open()
  }

  #failure(error: NodeJS.ErrnoException): Outcome {
    const { path } = this.#config
    const key = `${this.#host.key}.path`
    switch (error.code) {
      case 'ENOSPC':
      case 'EDQUOT':
        return { kind: 'failed', reason: `no space is left for ${path} (${error.code})` }
      case 'EISDIR':
        return { kind: 'failed', reason: `${path} is a folder; ${key} must name a file`, refused: true }
      case 'EACCES':
      case 'EPERM':
      case 'EROFS':
        return {
          kind: 'failed',
          reason: `${path} may not be written (${error.code}); check ${key}`,
          refused: true,
        }
      case 'ENOTDIR':
      case 'ELOOP':
      case 'ENAMETOOLONG':
        return {
          kind: 'failed',
          reason: `${path} cannot be a file (${error.code}); check ${key}`,
          refused: true,
        }
      default:
        return { kind: 'failed', reason: `${path}: ${error.message}` }
    }
  }
}

function layoutOf({ format, messageField, time }: FileConfig): LinesOf {
  if (format === 'tagged') return taggedLines
  if (format === 'json') return jsonLines(time)
  const field = new MessageField(messageField)
  return slices => rawLines(slices, field)
}
