import type { ApplicationOutput, Health } from '../../../../kernel/module.ts'
import type { Input, InputHost } from '../input.ts'
import { StreamLines } from '../stream-lines.ts'
import type { AppConfig } from './config.ts'

/** What this input needs besides what every input gets. */
export interface AppHost extends Omit<InputHost, 'positions' | 'memory' | 'budget'> {
  /** Absent when the sidecar runs no command. */
  readonly application: ApplicationOutput | undefined
}

type StreamName = AppConfig['streams'][number]

/**
 * Reads what the supervised command writes. The pipe is its buffer: while the spool is full the command's writes
 * wait. What it wrote cannot be read again, so a drain reads to the end of all streams. Throws when a stream cannot
 * be had.
 */
export function startApp(config: AppConfig, host: AppHost): Input {
  const { application } = host
  if (!application) {
    return idle(`${host.key}: there is no command to read from; give one after -- or as app.command`)
  }
  const readers = config.streams.map(name => new StreamReader(name, application, config, host))
  const ended = Promise.all(readers.map(reader => reader.run()))
  return {
    rereadable: false,
    health: () => ({ ready: true, state: 'ok', ...readers.find(({ trouble }) => trouble)?.trouble }),
    async drain(deadline) {
      const late = new Promise<void>(resolve => {
        if (deadline.signal.aborted) resolve()
        deadline.signal.addEventListener('abort', () => resolve(), { once: true })
      })
      await Promise.race([ended, late])
    },
  }
}

function idle(message: string): Input {
  const health: Health = { ready: true, state: 'degraded', message }
  return { rereadable: false, health: () => health, drain: async () => {} }
}

/** One stream, from the claim to its end. */
class StreamReader {
  trouble: Health | undefined
  readonly #name: StreamName
  readonly #application: ApplicationOutput
  readonly #host: AppHost
  readonly #stream: AsyncIterable<Buffer>
  readonly #lines: StreamLines

  constructor(name: StreamName, application: ApplicationOutput, config: AppConfig, host: AppHost) {
    const counter = (metric: string, help: string) =>
      host.metrics.counter(metric, help, ['input', 'stream']).with(host.name, name)
    this.#name = name
    this.#application = application
    this.#host = host
    this.#stream = application.claim(name) as AsyncIterable<Buffer>
    const linesRead = counter('app_read_lines_total', 'Lines that the supervised command wrote.')
    const bytesRead = counter('app_read_bytes_total', 'Bytes that the supervised command wrote.')
    this.#lines = new StreamLines({
      path: name,
      maxLineBytes: config.maxLineBytes,
      host,
      onTaken: (lines, bytes) => {
        linesRead.inc(lines)
        bytesRead.inc(bytes)
      },
    })
  }

  /** Never rejects. */
  async run(): Promise<void> {
    try {
      for await (const chunk of this.#stream) await this.#lines.take(chunk)
      // A reload ends the claim in the middle of a line: its rest comes to the next one.
      const { rest } = this.#lines
      if (rest.length === 0 || this.#application.giveBack(this.#name, rest)) return
      await this.#lines.end()
    } catch (error) {
      this.#failed(error as Error)
    }
  }

  #failed(error: Error): void {
    const { signal, log, key } = this.#host
    if (signal.aborted) return
    const message = `${key}: reading ${this.#name} of the command failed: ${error.message}`
    this.trouble = { ready: true, state: 'degraded', message }
    log.error('app_stream_failed', message)
  }
}
