import type { Clock } from '../clock/clock.ts'
import type { Log } from '../log/log.ts'
import type { Supervision } from '../module.ts'
import { Application, type ApplicationExit, type OutputFiles } from './application.ts'
import { ApplicationGuard } from './guard.ts'
import type { ApplicationStreams } from './streams.ts'

export interface SupervisedCommand {
  /** The program, then its arguments. */
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly workingDirectory?: string
  readonly outputFiles?: OutputFiles
}

export interface SupervisorOptions {
  readonly log: Log
  readonly clock: Clock
  readonly streams: ApplicationStreams
  /** Whether there is, or will be, an application at all. */
  readonly isExpected: () => boolean
}

/** One module instance's hand on the application. */
export interface SupervisionView extends Supervision {
  /** Takes back the variables that were given through it. */
  end(): void
}

/** The supervised command over all of its processes: modules may restart it, and give variables to its next start. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #variables = new Set<Readonly<Record<string, string>>>()
  #application: Application | undefined
  /** A restart that is under way, until the next process has started or could not be. */
  #restarting: PromiseWithResolvers<void> | undefined
  /** The end has begun: nothing is started any more, and what is being started is ended like this. */
  #ending: ((application: Application) => Promise<unknown>) | undefined
  #restarts = 0
  #startedAtMs: number | undefined
  readonly #hurry = new AbortController()

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  /** What runs, or ran last. */
  get application(): Application | undefined {
    return this.#application
  }

  get restarts(): number {
    return this.#restarts
  }

  /** Undefined when the sidecar runs no application. */
  view(): SupervisionView | undefined {
    if (!this.#options.isExpected()) return undefined
    let given: Readonly<Record<string, string>> | undefined
    const end = () => {
      if (given !== undefined) this.#variables.delete(given)
    }
    const startedAtMs = () => this.#startedAtMs
    return {
      get startedAtMs() {
        return startedAtMs()
      },
      provide: variables => {
        end()
        given = { ...variables }
        this.#variables.add(given)
      },
      signal: signal => this.signal(signal),
      restart: (signal, graceMs) => this.restart(signal, graceMs),
      end,
    }
  }

  /** Starts the command and resolves once it has ended for good: by itself, or by `stop`. */
  async run(command: SupervisedCommand): Promise<ApplicationExit> {
    for (;;) {
      const started = await this.#start(command)
      this.#restarting?.resolve()
      this.#restarting = undefined
      if (!(started instanceof Application)) return started
      void this.#ending?.(started)
      const exit = await started.exited
      if (this.#restarting === undefined || this.#ending !== undefined) return this.#endWith(exit)
      this.#restarts++
    }
  }

  /** False when no process is there to get it. */
  signal(signal: NodeJS.Signals): boolean {
    if (this.#application === undefined || this.#application.exit !== undefined) return false
    this.#application.signal(signal)
    return true
  }

  /** Resolves once the next process has started, or cannot be. Calls while one is under way wait for it. */
  async restart(signal: NodeJS.Signals, graceMs: number): Promise<void> {
    if (this.#restarting !== undefined) return this.#restarting.promise
    const application = this.#application
    if (application === undefined || application.exit !== undefined || this.#ending !== undefined) return
    const restarting = Promise.withResolvers<void>()
    this.#restarting = restarting
    this.#options.streams.expectAnother()
    await application.stop(signal, graceMs, this.#hurry.signal)
    await restarting.promise
  }

  /** Asks the application to end, and ends it when the grace is over. `run` resolves then. */
  async stop(signal: NodeJS.Signals, graceMs: number, hurry: AbortSignal): Promise<void> {
    this.#ending = application => application.stop(signal, graceMs, hurry)
    // A restart that is under way has a grace of its own, which counts no more.
    this.#hurry.abort()
    if (this.#application !== undefined) await this.#ending(this.#application)
  }

  /** At once, all of it. */
  kill(): void {
    this.#ending = async application => application.kill()
    this.#application?.kill()
  }

  #endWith(exit: ApplicationExit): ApplicationExit {
    this.#restarting?.resolve()
    this.#restarting = undefined
    this.#options.streams.nothingComes()
    return exit
  }

  async #start({
    command,
    env,
    workingDirectory,
    outputFiles,
  }: SupervisedCommand): Promise<Application | ApplicationExit> {
    const { log, clock, streams } = this.#options
    this.#startedAtMs = clock.monotonic()
    const guard = new ApplicationGuard(log)
    await guard.start()
    const started = await Application.start({
      command,
      env: Object.assign({}, env, ...this.#variables),
      log,
      clock,
      streams,
      guard,
      ...(workingDirectory !== undefined && { workingDirectory }),
      ...(outputFiles !== undefined && { outputFiles }),
    })
    if (started instanceof Application) this.#application = started
    else guard.release()
    return started
  }
}
