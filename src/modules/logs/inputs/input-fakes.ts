import type { Clock } from '../../../kernel/clock/clock.ts'
import { systemClock } from '../../../kernel/clock/system.ts'
import { type FakeHost, fakeHost } from '../../../kernel/host-fake.ts'
import type { Address } from '../../../kernel/module.ts'
import { LentMemory } from '../lent-memory.ts'
import type { Lines } from '../lines.ts'
import { expandTag } from '../tags.ts'
import { ByteBudget } from './byte-budget.ts'
import type { InputHost } from './input.ts'

/** A record as the sink got it. */
export interface TakenRecord {
  readonly text: string
  readonly timeMs: number
  readonly tag: string
  readonly path: string
}

export interface FakeInputHost extends InputHost {
  readonly log: FakeHost['log']
  readonly metric: FakeHost['metric']
  readonly registry: FakeHost['registry']
  readonly budget: ByteBudget
  /** What the sink has taken. */
  readonly taken: TakenRecord[]
  /** The sink resolves only after this. */
  gate: Promise<void>
  /** Where it listens; set by `listen`. */
  readonly ports: number[]
  close(): Promise<void>
}

export interface FakeInputOptions {
  readonly kind: string
  readonly tag?: string
  readonly budgetBytes?: number
  readonly readBytes?: number
  readonly clock?: Clock
}

/** What a network input sees in a test: real sockets on free ports, a sink that notes what it takes. */
export function fakeInputHost(options: FakeInputOptions): FakeInputHost {
  const { kind, tag = kind, budgetBytes = 16 << 20, readBytes = 256 * 1024, clock = systemClock() } = options
  const host = fakeHost({ name: 'logs', clock })
  const ports: number[] = []
  const fake: FakeInputHost = {
    ...host,
    name: kind,
    key: `logs.inputs[0].${kind}`,
    tag: path => expandTag(tag, path),
    positions: { get: () => undefined, claim: () => undefined, forget: () => {} },
    readBytes,
    memory: new LentMemory(readBytes, 0),
    budget: new ByteBudget(budgetBytes),
    taken: [],
    gate: Promise.resolve(),
    ports,
    log: host.log,
    async listen(address, onConnection) {
      const listening = await host.listen(free(address), onConnection)
      if ('port' in listening.address) ports.push(listening.address.port)
      return listening
    },
    async receive(address, onDatagram) {
      const listening = await host.receive(free(address), onDatagram)
      if ('port' in listening.address) ports.push(listening.address.port)
      return listening
    },
    async sink(lines) {
      const records = recordsOf(lines)
      await fake.gate
      fake.taken.push(...records)
    },
  }
  return fake
}

function free(address: Address): Address {
  return 'host' in address ? { host: address.host, port: 0 } : address
}

function recordsOf({ bytes, count, starts, ends, timesMs, origin }: Lines): TakenRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    text: bytes.toString('utf8', starts[i], ends[i]),
    timeMs: timesMs?.[i] ?? Number.NaN,
    tag: origin.tag,
    path: origin.path,
  }))
}
