import type { Socket } from 'node:net'
import type { Handler } from '../http/server/server.ts'
import type { MetricFamily } from '../wire/prometheus/family.ts'
import type { Clock } from './clock/clock.ts'
import type { DocumentFiles } from './config/included.ts'
import type { Problem } from './config/problem.ts'
import type { Schema } from './config/schema.ts'
import type { Datagram, Receiving } from './datagrams.ts'
import type { Log } from './log/log.ts'
import type { Metrics } from './metrics/metrics.ts'

/**
 * A capability of the sidecar. A module that the configuration does not name is never loaded.
 * Importing a module's file has no effect; everything happens in `start`.
 */
export interface Module<Config, Offer = void> {
  /** Its key in outrigger.yaml, and its folder under src/modules. */
  readonly name: string
  readonly config: Schema<Config>
  /** Modules that are started before this one, when the configuration names them. */
  readonly needs?: readonly string[]
  /** It tells of the others: it starts before them, and drains once they have, so that it can tell of that too. */
  readonly observes?: true
  /**
   * An option that names files and folders whose YAML documents join the list of another option. The kernel reads and
   * watches them, and problems with them are told with their places.
   */
  readonly documents?: DocumentFiles
  /** Cross-field rules. Pure: `outrigger check` gives the same verdict offline. */
  check?(config: Config): Problem[]
  /** What shows only when more is loaded or read, such as a mistake in a template; asked when `check` has found nothing. */
  examine?(config: Config): Promise<readonly Problem[]>
  /** What this machine lacks of what the configuration would use. It runs without; `outrigger check` tells. */
  lacks?(config: Config): Problem[]
  start(config: Config, host: Host): Promise<Running<Config, Offer>>
}

/**
 * A started module. There is no `stop`: what `start` acquires it defers on `host.scope`,
 * so a start that fails half-way undoes itself in reverse.
 */
export interface Running<Config, Offer = void> {
  /** All that other modules may see of this one. */
  readonly offer: Offer
  /** Synchronous and cheap; asked by every /readyz and /status. */
  health(): Health
  /** true = taken over in place; false = the host replaces this instance. */
  update?(next: Config): Promise<boolean>
  /**
   * Stop taking in, finish what is under way, return by the deadline. When it is `replaced` another instance goes on
   * at once: what that one finds again (on disk, in files) need not be finished here.
   */
  drain?(deadline: Deadline, reason: DrainReason): Promise<void>
}

export type DrainReason = 'ending' | 'replaced'

/** What a module says of itself. `ready: false` keeps /readyz at 503. */
export interface Health {
  readonly ready: boolean
  /** ok: all is well; degraded: works, but somebody should look; failed: does not do its job. */
  readonly state: 'ok' | 'degraded' | 'failed'
  /** One sentence for people; required unless ok. */
  readonly message?: string
  /** Parts with a state of their own, by name (an input, an output). */
  readonly parts?: Readonly<Record<string, Health>>
}

/** One moment by which a whole drain must be over. */
export interface Deadline {
  /** Milliseconds left, never negative. */
  remainingMs(): number
  /** Aborts when the time is up. */
  readonly signal: AbortSignal
}

/** All that a module knows of the world. There are no globals. */
export interface Host {
  /** The module's name. */
  readonly name: string
  readonly scope: AsyncDisposableStack
  /** Aborts when the module is to stop at once: its scope is about to close. */
  readonly signal: AbortSignal
  readonly log: Log
  /** Names are given without the prefix `outrigger_<module>_`. */
  readonly metrics: Metrics
  /** The metrics of all modules and of the process as they are now, by name. */
  exposition(): MetricFamily[]
  readonly clock: Clock
  /** The environment that the process was started with, for what convention reads from there (AWS_*, HOME). */
  readonly env: Readonly<Record<string, string | undefined>>
  /** This module's own folder for state; made on first use of `dataDir()`. */
  dataDir(): Promise<string>
  /** Binds, and keeps the port across a reload of the module. Closed with the scope. */
  listen(address: Address, onConnection: (socket: Socket) => void): Promise<Listening>
  /**
   * Takes datagrams at an address, and keeps it across a reload of the module. Closed with the scope. A Unix socket for
   * datagrams needs node:ffi; where it is missing this rejects and says so.
   */
  receive(address: Address, onDatagram: (datagram: Datagram) => void): Promise<Receiving>
  /** What another module offers; throws when it does not run. */
  use<Offer>(name: string): Offer
  /**
   * Long work calls this between steps of a tenth of a millisecond: undefined while its turn (SLICE_MS) is not used up,
   * else a promise that resolves once the rest of the loop has had its turn.
   */
  slice(): Promise<void> | undefined
  /** Routes of this module on the admin listener. */
  readonly admin: AdminRoutes
  /** The supervised application, when the sidecar runs one. What is given through it ends with the scope. */
  readonly supervision: Supervision | undefined
  /** The supervised application's output, when the sidecar runs one and a module asks for it. */
  readonly application: ApplicationOutput | undefined
}

/**
 * A TCP address (port 0 picks a free one) or the path of a Unix socket with its file mode (0o660 unless told otherwise),
 * its user and group (-1: ours).
 */
export type Address =
  | { readonly host: string; readonly port: number }
  | { readonly path: string; readonly mode?: number; readonly uid?: number; readonly gid?: number }

export interface Listening {
  /** The address as bound. */
  readonly address: Address
  /** Lets the address go before the scope closes, for an update in place. Connections live on. */
  close(): Promise<void>
}

/**
 * Paths are `/<module>` or begin with `/<module>/`; one that ends in `/*` serves all below it. They go with the scope.
 * POSTs reach a handler only from this machine, and nothing reaches it through a foreign host name or the public listener.
 */
export interface AdminRoutes {
  /** `about` is the line that the index page shows. HEAD is answered too. */
  get(path: string, about: string, handler: Handler): void
  post(path: string, about: string, handler: Handler): void
}

/** What a module may do with the supervised application. */
export interface Supervision {
  /** Variables for its environment from its next start on, in place of those that were given before. */
  provide(variables: Readonly<Record<string, string>>): void
  /** When its present process started, on the monotonic clock: what was in place before, it has found. */
  readonly startedAtMs: number | undefined
  /** False when no process is there to get it. */
  signal(signal: NodeJS.Signals): boolean
  /** Ends it (killed after the grace) and starts it again; resolves once it has started, at once when it does not run. */
  restart(signal: NodeJS.Signals, graceMs: number): Promise<void>
}

export interface ApplicationOutput {
  /** Gives one stream of the supervised command to the caller; who has not asked lets it pass through to ours. */
  claim(stream: 'stdout' | 'stderr'): NodeJS.ReadableStream
  /**
   * The claim has ended, and these bytes of it were not used: whoever claims the stream next, or ours, gets them first.
   * False when nothing will ever follow them.
   */
  giveBack(stream: 'stdout' | 'stderr', bytes: Uint8Array): boolean
}
