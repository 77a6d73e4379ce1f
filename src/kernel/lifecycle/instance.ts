import type { ConfiguredModule } from '../config/load.ts'
import { errorText } from '../log/format.ts'
import type { Log } from '../log/log.ts'
import type { Deadline, DrainReason, Health, Running } from '../module.ts'
import { within } from './deadline.ts'
import { type OpenHost, openHost, type Services } from './host.ts'

/** How long a module that was told to stop may keep its start or its scope from ending. */
const STUCK_MS = 5000

/** A module that could not be started; all that it had acquired is undone. */
export class StartError extends Error {
  readonly module: string

  constructor(module: string, cause: unknown) {
    super(`module ${module} did not start: ${errorText(cause)}`, { cause })
    this.name = 'StartError'
    this.module = module
  }
}

/** One running module. */
export class Instance {
  readonly name: string
  configured: ConfiguredModule
  readonly #open: OpenHost
  readonly #running: Running<unknown, unknown>
  readonly #log: Log
  #drained = false

  private constructor(
    name: string,
    configured: ConfiguredModule,
    open: OpenHost,
    running: Running<unknown, unknown>,
    log: Log,
  ) {
    this.name = name
    this.configured = configured
    this.#open = open
    this.#running = running
    this.#log = log
  }

  /** Starts the module; rejects with StartError once a failed or cancelled start has undone itself. */
  static async start(
    name: string,
    configured: ConfiguredModule,
    services: Services,
    cancel: AbortSignal,
  ): Promise<Instance> {
    const log = services.logger.for('kernel')
    const open = openHost(name, services)
    try {
      const starting = configured.module.start(configured.config, open.host)
      const running = await cancellable(starting, open, cancel)
      return new Instance(name, configured, open, running, log)
    } catch (error) {
      await closeInTime(name, open, log)
      throw new StartError(name, error)
    }
  }

  get offer(): unknown {
    return this.#running.offer
  }

  /** What the module says of itself; a module that fails to say it has failed. */
  health(): Health {
    try {
      return this.#running.health()
    } catch (error) {
      return { ready: false, state: 'failed', message: `health could not be asked: ${errorText(error)}` }
    }
  }

  /** True when the module has taken the configuration over in place. */
  async update(next: ConfiguredModule): Promise<boolean> {
    if (!this.#running.update) return false
    try {
      if (!(await this.#running.update(next.config))) return false
    } catch (error) {
      this.#log.warn(
        'module_update_failed',
        `module ${this.name} could not take the change over in place; it is replaced`,
        { error },
      )
      return false
    }
    this.configured = next
    return true
  }

  /** Never rejects; a module that misses the deadline is left behind and named. */
  async drain(deadline: Deadline, reason: DrainReason): Promise<void> {
    if (this.#drained || !this.#running.drain) return
    this.#drained = true
    try {
      if (await within(deadline.signal, this.#running.drain(deadline, reason))) return
      this.#log.warn('drain_incomplete', `module ${this.name} did not finish what was under way in time`, {
        draining: this.name,
      })
    } catch (error) {
      this.#log.error('drain_failed', `module ${this.name} failed while it finished what was under way`, {
        draining: this.name,
        error,
      })
    }
  }

  /** Before the drain of a module that is replaced. */
  endInput(): void {
    this.#open.endInput()
  }

  /** Closes the scope; never rejects and never waits for ever. */
  stop(): Promise<void> {
    return closeInTime(this.name, this.#open, this.#log)
  }
}

async function cancellable<T>(starting: Promise<T>, open: OpenHost, cancel: AbortSignal): Promise<T> {
  if (!(await within(cancel, starting))) {
    open.abort()
    await within(AbortSignal.timeout(STUCK_MS), starting).catch(() => {})
    throw new Error('the sidecar stops')
  }
  return starting
}

async function closeInTime(name: string, open: OpenHost, log: Log): Promise<void> {
  try {
    if (await within(AbortSignal.timeout(STUCK_MS), open.close())) return
    log.error('scope_stuck', `module ${name} did not let go of what it holds within ${STUCK_MS / 1000} s`, {
      stopping: name,
    })
  } catch (error) {
    log.error('scope_failed', `module ${name} failed while it was stopped`, { stopping: name, error })
  }
}
