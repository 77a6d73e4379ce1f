import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { RouteTable } from '../admin/routes.ts'
import type { ApplicationStreams } from '../application/streams.ts'
import type { Supervisor } from '../application/supervisor.ts'
import type { Clock } from '../clock/clock.ts'
import { errorText } from '../log/format.ts'
import type { Logger } from '../log/logger.ts'
import type { Registry } from '../metrics/registry.ts'
import type { Host } from '../module.ts'
import type { Ports } from '../sockets.ts'
import type { ModuleShare } from './turns.ts'

/** What all hosts are made of. */
export interface Services {
  readonly logger: Logger
  readonly registry: Registry
  readonly ports: Ports
  readonly routes: RouteTable
  readonly clock: Clock
  readonly env: Readonly<Record<string, string | undefined>>
  readonly share: (module: string) => ModuleShare
  /** The folder that every module has its folder in. */
  readonly dataDir: () => string
  /** Another module's offer; throws when it does not run. */
  readonly offer: (name: string) => unknown
  /** The supervised application's output; a module's claims end with its scope. */
  readonly application?: ApplicationStreams
  readonly supervisor?: Supervisor
}

/** A host and the means to take it away again. */
export interface OpenHost {
  readonly host: Host
  /** Ends what flows into the module from the application, so that a drain comes to an end while the application runs on. */
  endInput(): void
  /** Tells the module to stop at once. */
  abort(): void
  /** Aborts, then undoes in reverse what the module acquired. Rejects with what failed on the way; the rest is undone all the same. */
  close(): Promise<void>
}

export function openHost(name: string, services: Services): OpenHost {
  const scope = new AsyncDisposableStack()
  const stop = new AbortController()
  const metrics = services.registry.view(name)
  const share = services.share(name)
  const application = services.application?.view()
  if (application) scope.defer(() => application.end())
  const supervision = services.supervisor?.view()
  if (supervision) scope.defer(() => supervision.end())
  const host: Host = {
    name,
    scope,
    signal: stop.signal,
    log: services.logger.for(name),
    metrics,
    exposition: () => services.registry.collect(),
    clock: measuredClock(services.clock, share),
    env: services.env,
    dataDir: once(() => makeFolder(services.dataDir(), name)),
    listen: (address, onConnection) =>
      services.ports.listen(address, socket => share.run('connection', () => onConnection(socket)), {
        owner: name,
        scope,
      }),
    receive: (address, onDatagram) =>
      services.ports.receive(address, datagram => share.run('datagram', () => onDatagram(datagram)), {
        owner: name,
        scope,
      }),
    use: <Offer>(other: string) => services.offer(other) as Offer,
    slice: share.slice,
    admin: services.routes.forModule(name, scope),
    supervision,
    application,
  }
  const abort = () => stop.abort(new Error(`module ${name} stops`))
  const close = async () => {
    abort()
    try {
      await scope.disposeAsync()
    } finally {
      metrics[Symbol.dispose]()
    }
  }
  return { host, endInput: () => application?.end(), abort, close }
}

/** A clock whose timers run on the module's account. */
function measuredClock(clock: Clock, share: ModuleShare): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    timeout: (ms, call) => clock.timeout(ms, () => share.run('timer', call)),
    interval: (ms, call) => clock.interval(ms, () => share.run('timer', call)),
    sleep: (ms, signal) => clock.sleep(ms, signal),
  }
}

async function makeFolder(dataDir: string, name: string): Promise<string> {
  const path = join(dataDir, name)
  try {
    await mkdir(path, { recursive: true, mode: 0o750 })
  } catch (error) {
    const mend = 'name a folder in dataDir that this user may write to'
    throw new Error(`dataDir: cannot make the folder ${path}: ${errorText(error)}; ${mend}`, { cause: error })
  }
  return path
}

/** The first call's promise for all calls; a failure may be tried again. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make().catch(error => {
      made = undefined
      throw error
    })
    return made
  }
}
