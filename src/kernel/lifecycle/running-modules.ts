import type { ConfiguredModule } from '../config/load.ts'
import { errorText } from '../log/format.ts'
import type { Log } from '../log/log.ts'
import type { Deadline, DrainReason, Health } from '../module.ts'
import { deadlineIn } from './deadline.ts'
import type { Services } from './host.ts'
import { Instance } from './instance.ts'
import { drainsAfter, startOrder, withDependents } from './start-order.ts'

export type ConfiguredModules = ReadonlyMap<string, ConfiguredModule>

/** What a reload did, by module. */
export interface Changes {
  readonly started: string[]
  readonly updated: string[]
  readonly replaced: string[]
  readonly stopped: string[]
}

/** How long a module that is replaced or removed may finish what is under way. */
const REPLACE_DRAIN_MS = 10_000

/** The modules of the process: started in order, changed as a whole or not at all, stopped in reverse. */
export class RunningModules {
  readonly #services: Services
  readonly #log: Log
  readonly #instances = new Map<string, Instance>()
  /** Modules that could not be started again when a reload was taken back. */
  readonly #failed = new Map<string, string>()
  readonly #cancel = new AbortController()
  #configured: ConfiguredModules = new Map()

  constructor(services: Services) {
    this.#services = services
    this.#log = services.logger.for('kernel')
  }

  /** Starts all; when one fails those that had started are stopped again in reverse, and it rejects with StartError. */
  async start(modules: ConfiguredModules): Promise<void> {
    this.#configured = modules
    try {
      for (const name of startOrder(modules)) await this.#start(name, modules.get(name)!)
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /**
   * Goes over to another configuration. Unchanged modules are not touched; a changed one is asked to take the change
   * over in place, else it is stopped and then started anew, because the two would want the same ports and files.
   * What needs a replaced module is replaced with it. When a start fails, everything goes back to the earlier
   * configuration and this rejects.
   */
  async apply(next: ConfiguredModules): Promise<Changes> {
    const before = this.#configured
    this.#services.ports.hold()
    this.#services.application?.hold()
    try {
      return await this.#change(next, (name, configured) => this.#start(name, configured))
    } catch (error) {
      await this.#change(before, (name, configured) => this.#startAgain(name, configured))
      throw error
    } finally {
      await this.#services.ports.release()
      this.#services.application?.release()
    }
  }

  /** Ends starts that are under way, for a process that is asked to stop meanwhile. */
  cancelStarts(): void {
    this.#cancel.abort(new Error('the sidecar stops'))
  }

  /** All modules stop taking in; one drains only after those that need it, and one that tells of the others after all. */
  async drain(deadline: Deadline): Promise<void> {
    const drains = new Map<string, Promise<void>>()
    for (const name of startOrder(this.#configured).reverse()) {
      const earlier = [...drains].filter(([other]) => drainsAfter(name, other, this.#configured))
      const before = Promise.all(earlier.map(([, drained]) => drained))
      drains.set(
        name,
        before.then(() => this.#instances.get(name)?.drain(deadline, 'ending')),
      )
    }
    await Promise.all(drains.values())
  }

  /** Closes all scopes in reverse. */
  async stop(): Promise<void> {
    for (const name of startOrder(this.#configured).reverse()) await this.#stop(name)
  }

  runs(name: string): boolean {
    return this.#instances.has(name)
  }

  offer(name: string): unknown {
    const instance = this.#instances.get(name)
    if (!instance) throw new Error(`module ${name} does not run`)
    return instance.offer
  }

  /** Every configured module's health, in the order of the file. */
  health(): Record<string, Health> {
    const entries = [...this.#configured.keys()].map(name => [name, this.#healthOf(name)] as const)
    return Object.fromEntries(entries)
  }

  #healthOf(name: string): Health {
    const failure = this.#failed.get(name)
    if (failure !== undefined) return { ready: false, state: 'failed', message: failure }
    const instance = this.#instances.get(name)
    return instance?.health() ?? { ready: false, state: 'degraded', message: 'is being started' }
  }

  async #change(
    next: ConfiguredModules,
    start: (name: string, configured: ConfiguredModule) => Promise<void>,
  ): Promise<Changes> {
    const before = this.#configured
    const order = startOrder(next)
    const changes: Changes = { started: [], updated: [], replaced: [], stopped: [] }
    const outdated = new Set([...before.keys()].filter(name => !next.has(name)))
    for (const name of order) {
      const running = this.#instances.get(name)
      if (!running || running.configured.fingerprint === next.get(name)!.fingerprint) continue
      if (await running.update(next.get(name)!)) changes.updated.push(name)
      else outdated.add(name)
    }
    const known = new Map([...before, ...next])
    const leaving = withDependents(outdated, known)
    for (const name of startOrder(known).reverse()) {
      if (!leaving.has(name) || !this.#instances.has(name)) continue
      await this.#drainAndStop(name, next.has(name) ? 'replaced' : 'ending')
      if (next.has(name)) changes.replaced.push(name)
      else {
        changes.stopped.push(name)
        this.#services.registry.forget(name)
      }
    }
    this.#configured = next
    for (const name of [...this.#failed.keys()]) if (!next.has(name)) this.#failed.delete(name)
    for (const name of order) {
      if (this.#instances.has(name)) continue
      await start(name, next.get(name)!)
      if (!changes.replaced.includes(name)) changes.started.push(name)
    }
    return changes
  }

  async #start(name: string, configured: ConfiguredModule): Promise<void> {
    const instance = await Instance.start(name, configured, this.#services, this.#cancel.signal)
    this.#failed.delete(name)
    this.#instances.set(name, instance)
    this.#log.debug('module_started', `module ${name} started`, { started: name })
  }

  /** One that does not come back must not keep the others from doing so. */
  async #startAgain(name: string, configured: ConfiguredModule): Promise<void> {
    await this.#start(name, configured).catch(error => {
      this.#failed.set(name, `could not be started again after a reload was taken back: ${errorText(error)}`)
      this.#log.error(
        'module_lost',
        `module ${name} could not be started again with its earlier configuration; the next reload tries again`,
        { lost: name, error },
      )
    })
  }

  async #drainAndStop(name: string, reason: DrainReason): Promise<void> {
    using deadline = deadlineIn(this.#services.clock, REPLACE_DRAIN_MS)
    const instance = this.#instances.get(name)
    instance?.endInput()
    await instance?.drain(deadline, reason)
    await this.#stop(name)
  }

  async #stop(name: string): Promise<void> {
    const instance = this.#instances.get(name)
    this.#instances.delete(name)
    await instance?.stop()
    if (instance) this.#log.debug('module_stopped', `module ${name} stopped`, { stopped: name })
  }
}
