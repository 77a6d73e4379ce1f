import packageFile from '../../package.json' with { type: 'json' }
import type { ApplicationExit } from '../kernel/application/application.ts'
import { adoptOrphans } from '../kernel/application/orphans.ts'
import { ApplicationStreams } from '../kernel/application/streams.ts'
import { Supervisor } from '../kernel/application/supervisor.ts'
import { systemClock } from '../kernel/clock/system.ts'
import type { SecretLookUp } from '../kernel/config/environment.ts'
import type { Configuration, Loaded } from '../kernel/config/load.ts'
import { deadlineIn, type OwnDeadline } from '../kernel/lifecycle/deadline.ts'
import { Sidecar } from '../kernel/lifecycle/sidecar.ts'
import { type Format, jsonLine, textLine } from '../kernel/log/format.ts'
import type { Log } from '../kernel/log/log.ts'
import { Logger } from '../kernel/log/logger.ts'
import type { Call } from './call.ts'
import { loadForCall } from './configuration.ts'
import { ParentWatch } from './parent-watch.ts'
import { ReadyFile } from './ready-file.ts'
import { SignalEcho } from './signal-echo.ts'
import { Terminal } from './terminal.ts'
import { waitThenBecome } from './wait-only.ts'

/**
 * `outrigger run`: modules ready first, then the application; when either is to end, the application first, then the
 * modules finish what is under way. Resolves with the application's code, 0 without one, 1 for our own failures,
 * 2 for a bad configuration.
 */
export async function run(call: Call): Promise<number> {
  if (call.positionals.length > 0) {
    call.io.stderr.write(
      `outrigger run: put -- before the application's command: outrigger run -- ${call.positionals.join(' ')}\n`,
    )
    return 2
  }
  return call.values['wait-only']
    ? waitThenBecome(call)
    : runModules(call, secrets => loadForCall(call, secrets))
}

/** What a personality does otherwise than `outrigger run`. */
export interface RunManner {
  /** Its look of log lines, and where they go; the configuration does not change them. */
  readonly format: Format
  readonly write: (line: string) => void
  /** Before the first module starts; `end` is the orderly end, and the code is the exit code then. */
  attach(sidecar: Sidecar, logger: Logger, end: (why: string, code?: number) => void): void
  /** Once every module is ready. */
  ready(): void
  /** Whether SIGHUP is taken for a reload; else it is for the end. */
  reloads(): boolean
  /** An end that we are asked for has our own code, whatever the application's was. */
  readonly endsWithOwnCode?: boolean
}

/** Reads and checks the configuration, with the secrets that are known. */
type Load = (secrets: SecretLookUp) => Promise<Loaded>

/** The modules of a configuration from start to end, with signals, reloads and the orderly end of a process. */
export function runModules(call: Call, load: Load, manner?: RunManner): Promise<number> {
  return new Run(call, load, manner).whole()
}

/** Asked to end a third time we do not tidy up any more. */
const PATIENCE = 3
/** How long everything may take to close after we have failed ourselves. */
const CRASH_MS = 5000

/** After the first moments, in which modules still open what they need. */
const TIDY_AFTER_MS = 1000

/** What starting has left behind (parsed files, schemas) would stay for as long as an idle sidecar allocates nothing. */
function tidyMemory(): void {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

/** One run of the sidecar in this process. */
class Run {
  readonly #call: Call
  readonly #clock = systemClock()
  readonly #logger: Logger
  readonly #log: Log
  readonly #streams = new ApplicationStreams(process, () => this.#command() !== undefined)
  readonly #sidecar: Sidecar
  /** Resolves with the signal that the end began with. */
  readonly #end = Promise.withResolvers<NodeJS.Signals>()
  readonly #hurry = new AbortController()
  readonly #terminal = new Terminal()
  #taken: { readonly command: readonly string[] | undefined } | undefined
  #asked = 0
  #deadline: OwnDeadline | undefined
  readonly #supervisor: Supervisor
  readonly #manner: RunManner | undefined
  #code = 0

  constructor(call: Call, load: Load, manner?: RunManner) {
    this.#call = call
    this.#manner = manner
    const { stderr } = call.io
    const format =
      manner?.format ?? (stderr.isTTY ? textLine(call.io.env['NO_COLOR'] === undefined) : jsonLine)
    const write = manner?.write ?? ((line: string) => stderr.write(line))
    this.#logger = new Logger({ write, format, clock: this.#clock })
    this.#log = this.#logger.for('kernel')
    this.#supervisor = new Supervisor({
      log: this.#log,
      clock: this.#clock,
      streams: this.#streams,
      isExpected: () => this.#command() !== undefined,
    })
    this.#sidecar = new Sidecar({
      load,
      logger: this.#logger,
      clock: this.#clock,
      env: call.io.env,
      version: packageFile.version,
      onQuit: () => this.#ask('SIGTERM', 'the admin API was asked to end the process'),
      application: this.#streams,
      supervisor: this.#supervisor,
      applicationStatus: () => this.#applicationStatus(),
    })
    manner?.attach(this.#sidecar, this.#logger, (why, code = 0) => {
      this.#code = code
      this.#ask('SIGTERM', why)
    })
  }

  async whole(): Promise<number> {
    using cleanup = new DisposableStack()
    cleanup.use(this.#handleSignals())
    cleanup.use(adoptOrphans(this.#clock))
    // Whoever read our log or our output is gone: no reason to end the application.
    for (const stream of [process.stdout, process.stderr])
      stream.removeAllListeners('error').on('error', () => {})
    cleanup.use(
      new ParentWatch(
        this.#clock,
        () => this.#ask('SIGTERM', 'the process that started the sidecar has died'),
        this.#call.io.launcher,
      ),
    )
    try {
      return await this.#startAndServe(cleanup)
    } catch (error) {
      if (this.#asked > 0) return 0
      this.#log.error('start_failed', (error as Error).message, { error })
      return 1
    } finally {
      this.#logger.flush()
    }
  }

  async #startAndServe(cleanup: DisposableStack): Promise<number> {
    const started = await this.#sidecar.start()
    if (!started.ok) {
      this.#call.io.stderr.write(started.report)
      return 2
    }
    const { configuration } = started
    this.#useFormat(configuration)
    await this.#untilReady()
    if (this.#asked === 0)
      this.#log.info('ready', `ready after ${Math.round(process.uptime() * 1000)} ms`, {
        hash: configuration.hash,
        modules: [...configuration.modules.keys()],
      })
    if (this.#asked === 0) this.#manner?.ready()
    const tidying = this.#clock.timeout(TIDY_AFTER_MS, tidyMemory)
    // Who ends earlier, as an init container does, is not held by it.
    cleanup.defer(() => tidying.cancel())
    const readyFile = this.#call.values['ready-file'] as string | undefined
    if (readyFile !== undefined && this.#asked === 0) cleanup.use(new ReadyFile(readyFile))
    const exit = await this.#serve(configuration)
    await this.#stop(configuration)
    this.#log.info('stopped', `the sidecar ends with code ${exit.code}`, { exit_code: exit.code })
    return exit.code
  }

  /** Until the application has ended or we are asked to end; resolves once the application is gone. */
  async #serve(configuration: Configuration): Promise<ApplicationExit> {
    const command = this.#command()
    if (command === undefined || this.#asked > 0) {
      await this.#end.promise
      return { code: this.#code }
    }
    const { env, workingDirectory, stdout, stderr } = configuration.app
    const ended = this.#supervisor.run({
      command,
      env: { ...this.#call.io.env, ...env },
      outputFiles: { ...(stdout !== undefined && { stdout }), ...(stderr !== undefined && { stderr }) },
      ...(workingDirectory !== undefined && { workingDirectory }),
    })
    const signal = await Promise.race([this.#end.promise, ended])
    if (typeof signal !== 'string') return signal
    const deadline = this.#startDeadline(configuration)
    const { stopGraceMs, stopSignal } = configuration.app
    const graceMs = Math.min(stopGraceMs, deadline.remainingMs())
    await this.#supervisor.stop(
      stopSignal === undefined ? signal : `SIG${stopSignal}`,
      graceMs,
      this.#hurry.signal,
    )
    const exit = await ended
    return this.#manner?.endsWithOwnCode ? { code: this.#code } : exit
  }

  #applicationStatus(): unknown {
    const { application, restarts } = this.#supervisor
    return application && { pid: application.pid, exit: application.exit, restarts }
  }

  /** What stands behind `--`, else app.command as it was at the start: a reload does not change it. */
  #command(): readonly string[] | undefined {
    const { rest } = this.#call
    this.#taken ??= { command: rest?.length ? rest : this.#sidecar.configuration.app.command }
    return this.#taken.command
  }

  async #stop(configuration: Configuration): Promise<void> {
    using deadline = this.#startDeadline(configuration)
    await this.#sidecar.stop(deadline)
  }

  /** One deadline for the whole end, counted from its beginning. */
  #startDeadline({ app }: Configuration): OwnDeadline {
    const deadline = (this.#deadline ??= deadlineIn(this.#clock, app.shutdownMs))
    if (this.#hurry.signal.aborted) deadline.cut()
    return deadline
  }

  /** A module that is not ready holds the application back, not the process's end. */
  async #untilReady(): Promise<void> {
    let told = false
    while (!this.#sidecar.health().ready && this.#asked === 0) {
      if (!told)
        this.#log.info(
          'waiting_until_ready',
          this.#sidecar.health().message ?? 'waiting until every module is ready',
        )
      told = true
      await Promise.race([this.#clock.sleep(50), this.#end.promise])
    }
  }

  #useFormat({ log }: Configuration): void {
    if (this.#manner !== undefined) return
    const { stderr, env } = this.#call.io
    const asText = log.format === 'text' || (log.format === 'auto' && stderr.isTTY)
    this.#logger.format = asText ? textLine(stderr.isTTY === true && env['NO_COLOR'] === undefined) : jsonLine
  }

  /** Once: the orderly end. Twice: at once. Three times: without tidying up. */
  #ask(signal: NodeJS.Signals, why: string): void {
    this.#asked++
    if (this.#asked === 1) {
      this.#log.info('stopping', `${why}: the end begins`, { signal })
      this.#end.resolve(signal)
      this.#sidecar.cancelStarts()
    } else if (this.#asked < PATIENCE) {
      this.#log.warn('hurried', `${why} again: what is under way is cut short`, { signal })
      this.#hurry.abort()
      this.#deadline?.cut()
    } else {
      this.#supervisor.kill()
      process.exit(1)
    }
  }

  #handleSignals(): Disposable {
    const events: NodeJS.EventEmitter = process
    const handlers = new Map<string, (error: unknown) => void>()
    const echo =
      this.#call.io.launcher === undefined ? undefined : new SignalEcho(() => this.#clock.monotonic())
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)
      handlers.set(signal, () => {
        if (!echo?.isEcho(signal)) this.#ask(signal, `${signal} came`)
      })
    handlers.set('SIGHUP', () => this.#hangUp())
    for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const)
      handlers.set(signal, () => this.#supervisor.signal(signal))
    const crash = (error: unknown) => void this.#crash(error)
    handlers.set('uncaughtException', crash)
    handlers.set('unhandledRejection', crash)
    for (const [event, handler] of handlers) events.on(event, handler)
    return {
      [Symbol.dispose]: () => {
        for (const [event, handler] of handlers) events.off(event, handler)
      },
    }
  }

  /** What services mean by SIGHUP, and what a terminal means by it whose window is closed. */
  #hangUp(): void {
    if (this.#terminal.isClosed || this.#manner?.reloads() === false)
      this.#ask('SIGTERM', this.#terminal.isClosed ? 'the terminal was closed' : 'SIGHUP came')
    else void this.#sidecar.reload('signal')
  }

  /** A fault of ours: what can be saved is saved, then the process ends with 1. */
  async #crash(error: unknown): Promise<void> {
    this.#log.error('uncaught', 'an error that nobody handled; the sidecar ends', {
      error,
      stack: (error as Error)?.stack,
    })
    setTimeout(() => process.exit(1), CRASH_MS + 1000)
    this.#asked += PATIENCE
    this.#supervisor.kill()
    using deadline = deadlineIn(this.#clock, CRASH_MS)
    await this.#sidecar.stop(deadline).catch(() => {})
    this.#logger.flush()
    process.exit(1)
  }
}
