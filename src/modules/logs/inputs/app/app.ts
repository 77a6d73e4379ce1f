import type { ApplicationOutput, Health } from '../../../../kernel/module.ts'
import type { Input, InputHost } from '../input.ts'
import { LineSplitter } from '../split.ts'
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
  readonly #splitter: LineSplitter
  readonly #linesRead: { inc(by: number): void }
  readonly #bytesRead: { inc(by: number): void }
  /** What was read of a line that has no end yet. */
  #rest: Buffer = Buffer.alloc(0)
  #midLine = false

  constructor(name: StreamName, application: ApplicationOutput, config: AppConfig, host: AppHost) {
    const counter = (metric: string, help: string) =>
      host.metrics.counter(metric, help, ['input', 'stream']).with(host.name, name)
    this.#name = name
    this.#application = application
    this.#host = host
    this.#stream = application.claim(name) as AsyncIterable<Buffer>
    this.#splitter = new LineSplitter(config.maxLineBytes)
    this.#linesRead = counter('app_read_lines_total', 'Lines that the supervised command wrote.')
    this.#bytesRead = counter('app_read_bytes_total', 'Bytes that the supervised command wrote.')
  }

  /** Never rejects. */
  async run(): Promise<void> {
    try {
      for await (const chunk of this.#stream) {
        const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
        await this.#take(bytes, false)
      }
      // A reload ends the claim in the middle of a line: its rest comes to the next one.
      if (this.#rest.length === 0 || this.#application.giveBack(this.#name, this.#rest)) return
      await this.#take(this.#rest, true)
    } catch (error) {
      this.#failed(error as Error)
    }
  }

  async #take(bytes: Buffer, final: boolean): Promise<void> {
    const host = this.#host
    const { next, midLine, count, ...columns } = this.#splitter.split({
      bytes,
      from: 0,
      midLine: this.#midLine,
      final,
    })
    // A copy, not a view: the chunk stays with the batch for as long as the spool keeps it in memory.
    this.#rest = Buffer.from(bytes.subarray(next))
    this.#midLine = midLine
    if (count === 0) return
    const origin = { input: host.name, path: this.#name, tag: host.tag(this.#name) }
    await host.sink({ bytes, count, ...columns, readAtMs: host.clock.now(), origin, mayWait: true })
    this.#linesRead.inc(count)
    this.#bytesRead.inc(next)
  }

  #failed(error: Error): void {
    const { signal, log, key } = this.#host
    if (signal.aborted) return
    const message = `${key}: reading ${this.#name} of the command failed: ${error.message}`
    this.trouble = { ready: true, state: 'degraded', message }
    log.error('app_stream_failed', message)
  }
}
