import type { ApplicationOutput, Health } from '../../../../kernel/module.ts'
import type { Input, InputHost } from '../input.ts'
import { LineSplitter } from '../split.ts'
import type { AppConfig } from './config.ts'

/** What this input needs besides what every input gets. */
export interface AppHost extends Omit<InputHost, 'positions'> {
  /** Absent when the sidecar runs no command. */
  readonly application: ApplicationOutput | undefined
}

/**
 * Reads what the supervised command writes. The pipe is its buffer: while the spool is full the command's writes
 * wait. What it wrote cannot be read again, so a drain reads to the end of both streams.
 */
export function startApp(config: AppConfig, host: AppHost): Input {
  const { application } = host
  if (!application) return idle('there is no command to read from: give one after -- or as app.command')
  const ended = Promise.all(config.streams.map(stream => read(stream, application, config, host)))
  return {
    health: () => ({ ready: true, state: 'ok' }),
    async drain(deadline) {
      const late = new Promise<void>(resolve =>
        deadline.signal.addEventListener('abort', () => resolve(), { once: true }),
      )
      await Promise.race([ended, late])
    },
  }
}

function idle(message: string): Input {
  const health: Health = { ready: true, state: 'degraded', message }
  return { health: () => health, drain: async () => {} }
}

async function read(
  name: 'stdout' | 'stderr',
  application: ApplicationOutput,
  config: AppConfig,
  host: AppHost,
): Promise<void> {
  const linesRead = host.metrics
    .counter('app_lines_total', 'Lines read from the supervised command.', ['stream'])
    .with(name)
  const stream = application.claim(name)
  const splitter = new LineSplitter(config.maxLineBytes)
  let rest = Buffer.alloc(0)
  let midLine = false

  async function take(bytes: Buffer, final: boolean): Promise<void> {
    const split = splitter.split({ bytes, from: 0, midLine, final })
    // A copy, not a view: the chunk stays with the batch for as long as the spool keeps it in memory.
    rest = Buffer.from(bytes.subarray(split.next))
    midLine = split.midLine
    if (split.count === 0) return
    linesRead.inc(split.count)
    const { count, starts, ends, pieces } = split
    await host.sink({
      bytes,
      count,
      starts,
      ends,
      ...(pieces ? { pieces } : {}),
      readAtMs: host.clock.now(),
      origin: { input: host.name, path: name },
    })
  }

  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      await take(rest.length ? Buffer.concat([rest, chunk]) : chunk, false)
    }
    if (rest.length) await take(rest, true)
  } catch (error) {
    if (!host.signal.aborted) {
      host.log.error(
        'app_stream_failed',
        `reading ${name} of the command failed: ${(error as Error).message}`,
      )
    }
  }
}
