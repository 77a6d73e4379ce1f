import { adminModule } from '../admin/admin.ts'
import { RouteTable } from '../admin/routes.ts'
import type { ApplicationStreams } from '../application/streams.ts'
import type { Supervisor } from '../application/supervisor.ts'
import type { Clock } from '../clock/clock.ts'
import type { SecretLookUp } from '../config/environment.ts'
import type { Configuration, Loaded } from '../config/load.ts'
import { noteText } from '../config/report.ts'
import { errorText } from '../log/format.ts'
import type { Level, Log } from '../log/log.ts'
import { isShown, type Logger } from '../log/logger.ts'
import { registerLoopLag, registerProcessMetrics } from '../metrics/process.ts'
import { Registry } from '../metrics/registry.ts'
import type { Deadline, Health } from '../module.ts'
import type { SecretOffer } from '../secret-offer.ts'
import { Ports } from '../sockets.ts'
import { ConfigWatch } from './config-watch.ts'
import { deadlineIn } from './deadline.ts'
import { type Overall, overall, type Phase } from './health.ts'
import type { Services } from './host.ts'
import { measuredShares } from './loop-metrics.ts'
import { type Reload, ReloadHistory, type Trigger } from './reload-history.ts'
import { type ConfiguredModules, RunningModules } from './running-modules.ts'
import { SecretLeaves } from './secret-leaves.ts'
import { SidecarMetrics } from './sidecar-metrics.ts'
import { LoopShare } from './turns.ts'

export interface SidecarOptions {
  /** Reads and checks the configuration; called at the start and by every reload. */
  readonly load: (secrets: SecretLookUp) => Promise<Loaded>
  readonly logger: Logger
  readonly clock: Clock
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
  /** Somebody asked over the admin API that the process end. */
  readonly onQuit: () => void
  /** How modules see the supervised application's output. */
  readonly application?: ApplicationStreams
  /** How modules may steer the supervised application. */
  readonly supervisor?: Supervisor
  /** What /status says of the supervised application. */
  readonly applicationStatus?: () => unknown
}

export type SidecarStart =
  | { readonly ok: true; readonly configuration: Configuration }
  | { readonly ok: false; readonly report: string }

/** The running sidecar: its configuration, its modules, its admin listener. It knows nothing of signals and exit codes. */
export class Sidecar {
  readonly logger: Logger
  readonly registry = new Registry()
  readonly routes = new RouteTable()
  readonly version: string
  readonly startedAtMs: number
  readonly #options: SidecarOptions
  readonly #clock: Clock
  readonly #log: Log
  readonly #modules: RunningModules
  readonly #history = new ReloadHistory()
  readonly #metrics: SidecarMetrics
  readonly #watch: ConfigWatch
  readonly #secrets: SecretLeaves
  readonly #lag: Disposable
  #phase: Phase = 'starting'
  #configuration: Configuration | undefined
  #reloading: Promise<unknown> = Promise.resolve()
  #draining: Promise<void> | undefined

  constructor(options: SidecarOptions) {
    const { logger, clock, version } = options
    this.#options = options
    this.logger = logger
    this.version = version
    this.#clock = clock
    this.startedAtMs = clock.now()
    this.#log = logger.for('kernel')
    const metrics = this.registry.view('kernel')
    this.#modules = new RunningModules(this.#services(measuredShares(new LoopShare(), metrics, this.#log)))
    this.#metrics = new SidecarMetrics(metrics, this)
    this.#metrics.countLog(logger)
    const bare = this.registry.view('')
    registerProcessMetrics(bare)
    this.#lag = registerLoopLag(bare, clock)
    this.#watch = new ConfigWatch(clock, () => void this.reload('file'))
    this.#secrets = new SecretLeaves({
      clock,
      offer: () =>
        this.#modules.runs('secrets') ? (this.#modules.offer('secrets') as SecretOffer) : undefined,
      onChange: () => void this.reload('secret'),
    })
  }

  /** Loads, then starts every module. `ok: false` = the configuration is bad; rejects with StartError when a module does not start. Nothing runs then. Reloads wait for it. */
  start(): Promise<SidecarStart> {
    const start = this.#start()
    this.#reloading = start.catch(() => {})
    return start
  }

  async #start(): Promise<SidecarStart> {
    const loaded = await this.#options.load(this.#secrets.lookUp)
    if (!loaded.ok) {
      this.#release()
      return { ok: false, report: loaded.report }
    }
    const { configuration } = loaded
    this.#configuration = configuration
    this.logger.level = configuration.log.level
    // Before the modules start, which may take its time: the file may be changed meanwhile.
    await this.#watch.watch(configuration.files)
    try {
      await this.#modules.start(this.#withAdmin(configuration))
    } catch (error) {
      this.#release()
      throw error
    }
    this.#tellNotes(configuration, undefined)
    if (this.#phase === 'starting') this.#phase = 'running'
    this.#secrets.follow(configuration.secrets.keys())
    this.#metrics.configurationApplied(clockSeconds(this.#clock))
    return { ok: true, configuration }
  }

  get configuration(): Configuration {
    if (!this.#configuration) throw new Error('no configuration is loaded yet')
    return this.#configuration
  }

  get reloads(): readonly Reload[] {
    return this.#history.all
  }

  get applicationStatus(): unknown {
    return this.#options.applicationStatus?.()
  }

  uptimeMs(): number {
    return this.#clock.now() - this.startedAtMs
  }

  health(): Overall {
    const { admin: _, ...modules } = this.#modules.health()
    return overall(this.#phase, { ...modules, ...this.#pending() }, this.#history.problem)
  }

  /** Modules that start once their secrets are known. */
  #pending(): Record<string, Health> {
    const pending = this.#configuration?.pending ?? new Map<string, readonly string[]>()
    return Object.fromEntries(
      [...pending].map(([name, references]) => {
        const [first] = references
        const problem = references.map(each => this.#secrets.problemOf(each)).find(each => each !== undefined)
        const message = problem ?? `waits for the secret ${first}`
        return [name, { ready: false, state: problem === undefined ? 'degraded' : 'failed', message }]
      }),
    )
  }

  /** Takes a new configuration over, or keeps the present one and says why. Reloads wait for each other. Never rejects. */
  reload(trigger: Trigger): Promise<Reload> {
    const reload = this.#reloading.then(() => this.#reload(trigger))
    this.#reloading = reload
    return reload
  }

  /** The process is to end: whatever leads to that may be asked over the admin API. */
  quit(): void {
    this.#options.onQuit()
  }

  /** Said at whichever of the two levels says more. */
  setLogLevel(to: Level): void {
    const from = this.logger.level
    const say = () =>
      this.#log.info('log_level_changed', `the log level goes from ${from} to ${to}`, { from, to })
    if (isShown('info', from)) say()
    this.logger.level = to
    if (!isShown('info', from)) say()
  }

  /**
   * Not ready any more; modules stop taking in and finish what is under way, within app.shutdown unless told otherwise.
   * The second call waits for the first.
   */
  drain(deadline: Deadline = deadlineIn(this.#clock, this.configuration.app.shutdownMs)): Promise<void> {
    this.#draining ??= this.#drain(deadline)
    return this.#draining
  }

  /** Ends a start that is under way: it rejects once it has undone itself. */
  cancelStarts(): void {
    this.#modules.cancelStarts()
  }

  /** Drains, then closes everything in reverse. Never rejects. */
  async stop(deadline: Deadline): Promise<void> {
    this.cancelStarts()
    await this.#reloading
    await this.drain(deadline)
    this.#phase = 'stopping'
    await this.#modules.stop()
    this.#release()
  }

  async #drain(deadline: Deadline): Promise<void> {
    this.#phase = 'draining'
    this.#log.info('draining', 'modules stop taking in and finish what is under way', {
      within_ms: Math.round(deadline.remainingMs()),
    })
    await this.#modules.drain(deadline)
  }

  async #reload(trigger: Trigger): Promise<Reload> {
    const began = this.#clock.monotonic()
    const outcome = await this.#tryReload().catch(
      (error): Outcome => ({ outcome: 'rolled_back', message: errorText(error) }),
    )
    const reload: Reload = {
      at: new Date(this.#clock.now()).toISOString(),
      trigger,
      hash: this.configuration.hash,
      durationMs: Math.round(this.#clock.monotonic() - began),
      ...outcome,
    }
    this.#history.add(reload)
    this.#metrics.reloaded(reload, clockSeconds(this.#clock))
    this.#tell(reload)
    return reload
  }

  async #tryReload(): Promise<Outcome> {
    if (this.#phase !== 'running') return { outcome: 'rejected', message: `the sidecar is ${this.#phase}` }
    const mark = await this.#watch.mark()
    const loaded = await this.#options
      .load(this.#secrets.lookUp)
      .catch(error => ({ ok: false as const, report: errorText(error) }))
    await this.#watch.watch(loaded.ok ? loaded.configuration.files : mark.paths, mark)
    if (!loaded.ok) return { outcome: 'rejected', message: loaded.report }
    const before = this.configuration
    const { configuration } = loaded
    const changes = await this.#modules.apply(this.#withAdmin(configuration))
    this.#configuration = configuration
    if (configuration.log.level !== before.log.level) this.logger.level = configuration.log.level
    this.#tellNotes(configuration, before)
    this.#secrets.follow(configuration.secrets.keys())
    const needRestart = restartKeys(before, configuration)
    const nothing =
      Object.values(changes).every(names => names.length === 0) && configuration.hash === before.hash
    if (nothing) return { outcome: 'unchanged' }
    return { outcome: 'applied', changes, ...(needRestart.length > 0 && { needRestart }) }
  }

  /** Each one by name only where somebody looks closely: a cluster's files hold hundreds of documents for others. */
  #tellNotes({ notes }: Configuration, before: Configuration | undefined): void {
    const texts = notes.map(noteText)
    if (texts.join('\n') === (before?.notes.map(noteText) ?? []).join('\n')) return
    this.#log.info(
      'documents_skipped',
      `documents of files that are skipped: ${texts.length}; outrigger check tells which, and why`,
      { count: texts.length },
    )
    for (const text of texts) this.#log.debug('document_skipped', text)
  }

  #tell({ trigger, outcome, hash, message, changes, needRestart }: Reload): void {
    const fields = { trigger, outcome, hash, ...changes }
    if (outcome === 'unchanged') this.#log.info('reload_unchanged', 'reloaded: nothing has changed', fields)
    else if (outcome === 'applied') {
      this.#log.info('reload_applied', 'reloaded: the new configuration runs', fields)
      if (needRestart)
        this.#log.warn(
          'reload_needs_restart',
          `changes of ${needRestart.join(', ')} need a restart of the sidecar`,
          { need_restart: needRestart },
        )
    } else {
      const why = outcome === 'rejected' ? 'the new configuration is bad' : 'a module did not start'
      this.#log.error(
        `reload_${outcome}`,
        `${why}; the earlier configuration goes on running: ${message}`,
        fields,
      )
    }
  }

  #release(): void {
    this.#watch[Symbol.dispose]()
    this.#secrets[Symbol.dispose]()
    this.#lag[Symbol.dispose]()
  }

  /** The admin listener is the first to start and the last to stop, so that it can tell of all the others. */
  #withAdmin(configuration: Configuration): ConfiguredModules {
    const { admin } = configuration
    const entry = { module: adminModule(this), config: admin, fingerprint: JSON.stringify(admin) }
    return new Map([['admin', entry], ...configuration.modules])
  }

  #services(share: Services['share']): Services {
    const { logger, clock, env, application, supervisor } = this.#options
    return {
      logger,
      clock,
      env,
      share,
      registry: this.registry,
      ports: new Ports(),
      routes: this.routes,
      // Where modules keep their state does not change under their feet.
      dataDir: firstAnswer(() => this.configuration.dataDir),
      offer: name => this.#modules.offer(name),
      ...(application && { application }),
      ...(supervisor && { supervisor }),
    }
  }
}

type Outcome = Pick<Reload, 'outcome' | 'changes' | 'needRestart' | 'message'>

function restartKeys(before: Configuration, after: Configuration): string[] {
  const keys = ['app', 'dataDir'] as const
  return keys.filter(key => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
}

function clockSeconds(clock: Clock): number {
  return clock.now() / 1000
}

function firstAnswer<T>(ask: () => T): () => T {
  let answer: { value: T } | undefined
  return () => (answer ??= { value: ask() }).value
}
