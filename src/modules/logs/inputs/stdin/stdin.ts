import type { Readable } from 'node:stream'
import type { Health } from '../../../../kernel/module.ts'
import type { Input, InputHost } from '../input.ts'
import { StreamLines } from '../stream-lines.ts'
import type { StdinConfig } from './config.ts'
import { StdinJsonFraming } from './json-framing.ts'

/** What this input needs of what every input gets. */
export type StdinHost = Pick<
  InputHost,
  'name' | 'key' | 'tag' | 'sink' | 'clock' | 'metrics' | 'log' | 'scope' | 'signal'
>

/** What is in the pipe when a drain begins comes within this. */
const MOMENT_MS = 200

/**
 * Reads standard input to its end. The pipe is its buffer: while the spool is full, who writes to it waits. The stream
 * is the process's, and stays: the instance after a reload goes on with it.
 */
export function startStdin(config: StdinConfig, host: StdinHost, stream: Readable = process.stdin): Input {
  return new StdinReader(config, host, stream)
}

class StdinReader implements Input {
  readonly rereadable = false
  readonly #host: StdinHost
  readonly #stream: Readable
  readonly #lines: StreamLines
  #trouble: Health | undefined
  #taking: Promise<void> = Promise.resolve()
  readonly #ended: Promise<void>
  readonly #atEnd: { set(value: number): void }
  #end!: () => void

  constructor(config: StdinConfig, host: StdinHost, stream: Readable) {
    const counter = (metric: string, help: string) =>
      host.metrics.counter(metric, help, ['input']).with(host.name)
    const linesRead = counter('stdin_read_lines_total', 'Lines that came by standard input.')
    const bytesRead = counter('stdin_read_bytes_total', 'Bytes that came by standard input.')
    this.#host = host
    this.#stream = stream
    this.#lines = new StreamLines({
      path: 'stdin',
      maxLineBytes: config.maxLineBytes,
      ...(config.framing === 'json' && { framing: new StdinJsonFraming(config.maxLineBytes) }),
      host,
      onTaken: (lines, bytes) => {
        linesRead.inc(lines)
        bytesRead.inc(bytes)
      },
    })
    this.#atEnd = host.metrics
      .gauge('stdin_ended', '1 once standard input has come to its end.', ['input'])
      .with(host.name)
    this.#atEnd.set(0)
    this.#ended = new Promise(resolve => {
      this.#end = resolve
    })
    stream.on('data', this.#onData)
    stream.on('end', this.#onEnd)
    stream.on('error', this.#onError)
    host.scope.defer(() => this.#leave())
    if (stream.readableEnded) this.#onEnd()
    // An instance before this one has left it paused.
    else stream.resume()
  }

  health(): Health {
    return this.#trouble ?? { ready: true, state: 'ok' }
  }

  async drain({ signal, remainingMs }: Parameters<Input['drain']>[0]): Promise<void> {
    const moment = this.#host.clock.sleep(Math.min(MOMENT_MS, remainingMs()), signal).catch(() => {})
    await Promise.race([this.#ended, moment])
    this.#leave()
    await this.#taking
    await this.#lines.end()
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#stream.pause()
    this.#taking = this.#lines.take(chunk).then(
      () => {
        if (this.#stream.listeners('data').includes(this.#onData)) this.#stream.resume()
      },
      error => this.#failed(error as Error),
    )
  }

  readonly #onEnd = (): void => {
    this.#taking = this.#taking
      .then(() => this.#lines.end())
      .catch(error => this.#failed(error as Error))
      .finally(() => {
        this.#atEnd.set(1)
        this.#host.log.info('stdin_ended', 'standard input has come to its end')
        this.#end()
      })
  }

  readonly #onError = (error: Error): void => this.#failed(error)

  #failed(error: Error): void {
    const { signal, key, log } = this.#host
    if (signal.aborted) return
    const message = `${key}: standard input cannot be read: ${error.message}`
    this.#trouble = { ready: true, state: 'degraded', message }
    log.error('stdin_failed', message)
    this.#end()
  }

  #leave(): void {
    this.#stream.off('data', this.#onData)
    this.#stream.off('end', this.#onEnd)
    this.#stream.off('error', this.#onError)
    this.#stream.pause()
  }
}
