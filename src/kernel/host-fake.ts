import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MetricFamily } from '../wire/prometheus/family.ts'
import { RouteTable } from './admin/routes.ts'
import type { Clock } from './clock/clock.ts'
import { FakeClock } from './clock/fake.ts'
import { LoopShare } from './lifecycle/turns.ts'
import { MemoryLog } from './log/memory.ts'
import { Registry } from './metrics/registry.ts'
import type { ApplicationOutput, Host, Supervision } from './module.ts'
import { Ports } from './sockets.ts'

export interface FakeHostOptions<C extends Clock> {
  readonly name?: string
  /** Without it the host makes a temporary folder on first use and removes it at `close`. */
  readonly dataDir?: string
  /** A FakeClock unless told otherwise; `systemClock()` where real sockets set the pace. */
  readonly clock?: C
  /** What other modules offer, by name. */
  readonly offers?: Readonly<Record<string, unknown>>
  readonly application?: ApplicationOutput
  readonly supervision?: Supervision
  /** The environment that the module sees; empty unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** A host for tests: real sockets and files, memory for the log and the metrics, time turned by hand. */
export interface FakeHost<C extends Clock = FakeClock> extends Host {
  readonly clock: C
  readonly log: MemoryLog
  readonly registry: Registry
  /** What the module serves on the admin listener: `routes.find(path)`. */
  readonly routes: RouteTable
  /** A counter's or gauge's value, a histogram's count of observations; undefined when there is no such series. Names as the module gives them. */
  metric(name: string, labels?: Readonly<Record<string, string>>): number | undefined
  /** What the kernel does at the end: the signal aborts, then the scope closes. Safe to call twice. */
  close(): Promise<void>
}

export function fakeHost(options?: FakeHostOptions<FakeClock>): FakeHost<FakeClock>
export function fakeHost<C extends Clock>(options: FakeHostOptions<C> & { readonly clock: C }): FakeHost<C>
export function fakeHost(options: FakeHostOptions<Clock> = {}): FakeHost<Clock> {
  const { name = 'test', offers = {}, clock = new FakeClock() } = options
  const scope = new AsyncDisposableStack()
  const stop = new AbortController()
  const registry = new Registry()
  const ports = new Ports()
  const routes = new RouteTable()
  let folder: Promise<string> | undefined
  return {
    name,
    scope,
    signal: stop.signal,
    clock,
    log: new MemoryLog(name, () => clock.now()),
    registry,
    routes,
    admin: routes.forModule(name, scope),
    metrics: registry.view(name),
    exposition: () => registry.collect(),
    application: options.application,
    supervision: options.supervision,
    env: options.env ?? {},
    dataDir: () => (folder ??= options.dataDir ? existing(options.dataDir) : temporary(name, scope)),
    listen: (address, onConnection) => ports.listen(address, onConnection, { owner: name, scope }),
    receive: (address, onDatagram) => ports.receive(address, onDatagram, { owner: name, scope }),
    use: <Offer>(other: string) => {
      if (!Object.hasOwn(offers, other)) throw new Error(`module ${other} does not run`)
      return offers[other] as Offer
    },
    slice: new LoopShare().module(() => {}).slice,
    metric: (metric, labels = {}) => sampleValue(registry.collect(), `outrigger_${name}_${metric}`, labels),
    close: async () => {
      stop.abort(new Error('the host closed'))
      await scope.disposeAsync()
    },
  }
}

async function existing(path: string): Promise<string> {
  await mkdir(path, { recursive: true })
  return path
}

async function temporary(name: string, scope: AsyncDisposableStack): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), `outrigger-${name}-`))
  scope.defer(() => rm(path, { recursive: true, force: true, maxRetries: 9 }))
  return path
}

function sampleValue(
  families: readonly MetricFamily[],
  name: string,
  labels: Readonly<Record<string, string>>,
): number | undefined {
  const wanted = Object.entries(labels)
  for (const family of families) {
    for (const sample of family.samples) {
      if (sample.suffix === '_bucket' || sample.suffix === '_sum') continue
      const sampleName = sample.suffix === '_count' ? family.name : family.name + sample.suffix
      if (sampleName !== name || sample.labels.length !== wanted.length) continue
      if (
        wanted.every(([key, value]) => sample.labels.some(label => label[0] === key && label[1] === value))
      ) {
        return sample.value
      }
    }
  }
  return undefined
}
