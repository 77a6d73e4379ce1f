import type { ChildProcess } from 'node:child_process'
import type { Timer } from '../../../../kernel/clock/clock.ts'
import type { Deadline, Health } from '../../../../kernel/module.ts'
import type { Input, InputHost } from '../input.ts'
import { StreamLines } from '../stream-lines.ts'
import type { ExecConfig } from './config.ts'

/** What this input needs of what every input gets. */
export type ExecHost = Pick<
  InputHost,
  'name' | 'key' | 'tag' | 'sink' | 'clock' | 'metrics' | 'log' | 'scope' | 'signal'
>

/** A command that is to run on is started again after so long, twice as long each time that it ends at once. */
const FIRST_RESTART_MS = 1000
const LAST_RESTART_MS = 60_000
/** A command that ran for so long did not end at once. */
const STEADY_MS = 60_000
const KILL_AFTER_MS = 2000

/** Runs a command, at an interval or on and on, and reads what it writes. */
export function startExec(config: ExecConfig, host: ExecHost): Input {
  return new Runner(config, host)
}

class Runner implements Input {
  readonly rereadable = false
  readonly #config: ExecConfig
  readonly #host: ExecHost
  readonly #linesRead: { inc(by: number): void }
  readonly #failures: { inc(): void }
  #trouble: Health | undefined
  #child: ChildProcess | undefined
  #running: Promise<void> | undefined
  #timer: Timer | undefined
  #runs = 0
  #restartMs = FIRST_RESTART_MS
  #stopped = false

  constructor(config: ExecConfig, host: ExecHost) {
    this.#config = config
    this.#host = host
    const counter = (name: string, help: string) =>
      host.metrics.counter(name, help, ['input']).with(host.name)
    this.#linesRead = counter('exec_read_lines_total', 'Lines that the command wrote.')
    this.#failures = counter(
      'exec_failed_runs_total',
      'Runs of the command that did not end with 0, or not in time.',
    )
    host.scope.defer(async () => {
      this.#stop()
      this.#kill('SIGTERM')
      await this.#running
    })
    this.#begin()
  }

  health(): Health {
    return this.#trouble ?? { ready: true, state: 'ok' }
  }

  /** A command that runs on is asked to end; one that runs now and then may finish. */
  async drain(deadline: Deadline): Promise<void> {
    this.#stop()
    if (this.#config.intervalMs === undefined) this.#kill('SIGTERM')
    const late = new Promise<void>(resolve => {
      if (deadline.signal.aborted) resolve()
      deadline.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await Promise.race([this.#running, late])
  }

  #begin(): void {
    const { runs, intervalMs, timeoutMs } = this.#config
    if (this.#stopped || (runs !== undefined && this.#runs >= runs)) return
    this.#runs++
    const { clock } = this.#host
    const startedMs = clock.monotonic()
    const limit =
      intervalMs === undefined
        ? undefined
        : clock.timeout(timeoutMs, () => {
            this.#failed(`it did not end within ${timeoutMs} ms`)
            this.#kill('SIGTERM')
          })
    this.#running = this.#run().then(() => {
      limit?.cancel()
      this.#running = undefined
      if (this.#stopped) return
      const tookMs = clock.monotonic() - startedMs
      const waitMs = intervalMs === undefined ? this.#restartIn(tookMs) : Math.max(0, intervalMs - tookMs)
      this.#timer = clock.timeout(Math.ceil(waitMs), () => this.#begin())
    })
  }

  #restartIn(tookMs: number): number {
    const waitMs = tookMs >= STEADY_MS ? FIRST_RESTART_MS : this.#restartMs
    this.#restartMs = Math.min(LAST_RESTART_MS, waitMs * 2)
    return waitMs
  }

  /** One run, to the end of its streams. Never rejects. */
  async #run(): Promise<void> {
    const { command, streams } = this.#config
    const [program, ...args] = command
    const { spawn } = process.getBuiltinModule('node:child_process')
    const piped = (name: 'stdout' | 'stderr') => (streams.includes(name) ? 'pipe' : 'ignore')
    // A group of its own, so that what it starts ends with it.
    const child = spawn(program, args, {
      stdio: ['ignore', piped('stdout'), piped('stderr')],
      detached: true,
    })
    this.#child = child
    const ended = new Promise<string | undefined>(resolve => {
      child.once('error', error => resolve(error.message))
      child.once('close', (code, signal) =>
        resolve(code === 0 ? undefined : `it ended with ${signal ?? `code ${code}`}`),
      )
    })
    const read = streams.map(name => this.#read(name, child[name]))
    const [problem] = await Promise.all([ended, ...read])
    this.#child = undefined
    if (problem === undefined) this.#trouble = undefined
    else if (!this.#stopped) this.#failed(problem)
  }

  async #read(name: string, stream: AsyncIterable<Buffer> | null): Promise<void> {
    if (stream === null) return
    const lines = new StreamLines({
      path: name,
      maxLineBytes: this.#config.maxLineBytes,
      host: this.#host,
      onTaken: count => this.#linesRead.inc(count),
    })
    try {
      for await (const chunk of stream) await lines.take(chunk)
      await lines.end()
    } catch (error) {
      if (!this.#host.signal.aborted) this.#failed((error as Error).message)
    }
  }

  #failed(problem: string): void {
    const { key, log } = this.#host
    const message = `${key}: ${this.#config.command[0]}: ${problem}`
    this.#failures.inc()
    this.#trouble = { ready: true, state: 'degraded', message }
    log.warn('exec_failed', message)
  }

  #stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  /** The whole group; what does not listen is killed. */
  #kill(signal: NodeJS.Signals): void {
    const child = this.#child
    if (child?.pid === undefined || child.exitCode !== null) return
    try {
      process.kill(-child.pid, signal)
    } catch {
      return
    }
    if (signal === 'SIGKILL') return
    const timer = this.#host.clock.timeout(KILL_AFTER_MS, () => {
      if (this.#child === child) this.#kill('SIGKILL')
    })
    child.once('close', () => timer.cancel())
  }
}
