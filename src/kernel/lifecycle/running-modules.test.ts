import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RouteTable } from '../admin/routes.ts'
import { FakeClock } from '../clock/fake.ts'
import type { ConfiguredModule } from '../config/load.ts'
import { Logger } from '../log/logger.ts'
import type { LogRecord } from '../log/record.ts'
import { Registry } from '../metrics/registry.ts'
import type { Host } from '../module.ts'
import { Ports } from '../sockets.ts'
import { deadlineIn } from './deadline.ts'
import type { Services } from './host.ts'
import { type FakeModuleOptions, fakeModule } from './module-fake.ts'
import { RunningModules } from './running-modules.ts'
import { LoopShare } from './turns.ts'

function setUp() {
  const clock = new FakeClock()
  const life: string[] = []
  const records: LogRecord[] = []
  const logger = new Logger({ write: () => {}, format: () => '', clock })
  logger.onRecord = record => records.push(record)
  const services: Services = {
    clock,
    logger,
    registry: new Registry(),
    ports: new Ports(),
    routes: new RouteTable(),
    env: {},
    share: () => new LoopShare().module(() => {}),
    dataDir: () => '/nowhere',
    offer: name => running.offer(name),
  }
  const running: RunningModules = new RunningModules(services)
  const module = (name: string, config: string, options?: FakeModuleOptions) =>
    [name, fakeModule(name, config, life, options)] as const
  /** What has happened since the last look. */
  const happened = () => life.splice(0).join(' ')
  return { running, services, module, happened, clock, records }
}

function modules(...entries: (readonly [string, ConfiguredModule])[]) {
  return new Map(entries)
}

const refuses = (bad: string) => (config: string) => {
  if (config === bad) throw new Error(`no ${bad}`)
}

describe('the start', () => {
  test('brings up what is needed first, and the end goes in reverse', async () => {
    const { running, module, happened } = setUp()
    await running.start(
      modules(module('proxy', '1', { needs: ['secrets'] }), module('logs', '1'), module('secrets', '1')),
    )
    assert.equal(happened(), '+secrets(1) +proxy(1) +logs(1)')
    await running.stop()
    assert.equal(happened(), '-logs(1) -proxy(1) -secrets(1)')
  })

  test('that fails undoes itself in reverse and names the module', async () => {
    const { running, module, happened } = setUp()
    const start = running.start(
      modules(module('a', '1'), module('b', 'x', { start: refuses('x') }), module('c', '1')),
    )
    await assert.rejects(start, { name: 'StartError', message: 'module b did not start: no x' })
    assert.equal(happened(), '+a(1) -b(x) -a(1)')
  })

  test('that is cancelled tells the module, undoes what it acquired and those before it', async () => {
    const { running, module, happened } = setUp()
    const begun = Promise.withResolvers<void>()
    const hangs = (_: string, host: Host) => {
      begun.resolve()
      return new Promise<void>((_, reject) =>
        host.signal.addEventListener('abort', () => reject(host.signal.reason)),
      )
    }
    const start = running.start(modules(module('a', '1'), module('b', '1', { start: hangs })))
    await begun.promise
    running.cancelStarts()
    await assert.rejects(start, /the sidecar stops/)
    assert.equal(happened(), '+a(1) -b(1) -a(1)')
  })

  test('lets modules meet by what they offer', async () => {
    const { running, module } = setUp()
    let met: unknown
    const meet = (_: string, host: Host) => {
      met = host.use('secrets')
      assert.throws(() => host.use('policy'), /module policy does not run/)
    }
    await running.start(modules(module('secrets', '1'), module('proxy', '1', { start: meet })))
    assert.equal(met, "secrets's offer")
  })
})

describe('a change', () => {
  test('touches only what has changed', async () => {
    const { running, module, happened } = setUp()
    await running.start(modules(module('a', '1'), module('b', '1'), module('c', '1')))
    happened()
    const changes = await running.apply(modules(module('a', '1'), module('b', '2'), module('d', '1')))
    assert.equal(happened(), '.c -c(1) .b -b(1) +b(2) +d(1)')
    assert.deepEqual(changes, { started: ['d'], updated: [], replaced: ['b'], stopped: ['c'] })
    assert.deepEqual(Object.keys(running.health()), ['a', 'b', 'd'])
  })

  test('is taken over in place by a module that can', async () => {
    const { running, module, happened } = setUp()
    const options = { update: (next: string) => next !== 'big' }
    await running.start(modules(module('a', '1', options)))
    happened()
    assert.deepEqual((await running.apply(modules(module('a', '2', options)))).updated, ['a'])
    assert.equal(happened(), '~a(2)')
    assert.deepEqual((await running.apply(modules(module('a', 'big', options)))).replaced, ['a'])
    assert.equal(happened(), '.a -a(2) +a(big)')
  })

  test('tells a module whether another instance follows', async () => {
    const { running, module } = setUp()
    const reasons: string[] = []
    const drain = async (_: unknown, reason: string) => void reasons.push(reason)
    await running.start(modules(module('a', '1', { drain }), module('b', '1', { drain })))
    await running.apply(modules(module('a', '2', { drain })))
    await running.drain(deadlineIn(new FakeClock(), 1000))
    assert.deepEqual(reasons, ['ending', 'replaced', 'ending'])
  })

  test('replaces a module whose update throws', async () => {
    const { running, module, happened, records } = setUp()
    const update = () => Promise.reject(new Error('half done'))
    await running.start(modules(module('a', '1', { update })))
    happened()
    await running.apply(modules(module('a', '2')))
    assert.equal(happened(), '.a -a(1) +a(2)')
    assert.equal(records.filter(({ event }) => event === 'module_update_failed').length, 1)
  })

  test('replaces what needs a replaced module with it, whose offer would be stale', async () => {
    const { running, module, happened } = setUp()
    const needs = { needs: ['secrets'] }
    await running.start(modules(module('secrets', '1'), module('proxy', '1', needs), module('logs', '1')))
    happened()
    const changes = await running.apply(
      modules(module('secrets', '2'), module('proxy', '1', needs), module('logs', '1')),
    )
    assert.equal(happened(), '.proxy -proxy(1) .secrets -secrets(1) +secrets(2) +proxy(1)')
    assert.deepEqual(changes.replaced, ['proxy', 'secrets'])
  })

  test('that fails goes back as a whole: replaced, added, removed and updated ones', async () => {
    const { running, module, happened } = setUp()
    const inPlace = { update: () => true }
    await running.start(modules(module('a', '1', inPlace), module('b', '1'), module('gone', '1')))
    happened()
    const next = modules(
      module('a', '2', inPlace),
      module('b', '2'),
      module('new', '1'),
      module('bad', 'x', { start: refuses('x') }),
    )
    await assert.rejects(running.apply(next), /module bad did not start: no x/)
    assert.equal(
      happened(),
      '~a(2) .gone -gone(1) .b -b(1) +b(2) +new(1) -bad(x) ~a(1) .new -new(1) .b -b(2) +b(1) +gone(1)',
    )
    assert.deepEqual(Object.keys(running.health()), ['a', 'b', 'gone'])
    assert.ok(Object.values(running.health()).every(({ ready }) => ready))
  })

  test('that cannot even go back leaves the others running, says so, and the next one tries again', async () => {
    const { running, module, happened, records } = setUp()
    let broken = false
    const start = (config: string) => {
      if (config === 'x' || broken) {
        broken = true
        throw new Error('port lost')
      }
    }
    await running.start(modules(module('a', '1', { start }), module('b', '1')))
    await assert.rejects(
      running.apply(modules(module('a', 'x', { start }), module('b', '1'))),
      /module a did not start/,
    )
    const { a, b } = running.health()
    assert.equal(b?.ready, true)
    assert.deepEqual([a?.ready, a?.state], [false, 'failed'])
    assert.match(a?.message ?? '', /could not be started again .*port lost/)
    assert.equal(records.filter(({ event }) => event === 'module_lost').length, 1)
    broken = false
    happened()
    await running.apply(modules(module('a', '1', { start }), module('b', '1')))
    assert.equal(happened(), '+a(1)')
    assert.equal(running.health()['a']?.ready, true)
  })

  test('keeps the port of a replaced module: no connection is refused', async () => {
    const { running, module } = setUp()
    const ports: number[] = []
    const start = async (_: string, host: Host) => {
      const { address } = await host.listen({ host: '127.0.0.1', port: 0 }, socket => socket.end())
      ports.push('port' in address ? address.port : 0)
    }
    await running.start(modules(module('a', '1', { start })))
    await running.apply(modules(module('a', '2', { start })))
    assert.equal(ports.length, 2)
    assert.equal(ports[0], ports[1])
    await running.stop()
  })

  test('keeps the counters of a replaced module and forgets those of a removed one', async () => {
    const { running, module, services } = setUp()
    const start = (_: string, host: Host) => host.metrics.counter('starts_total', '').with().inc()
    const total = () =>
      services.registry.collect().find(({ name }) => name === 'outrigger_a_starts')?.samples[0]?.value
    await running.start(modules(module('a', '1', { start })))
    await running.apply(modules(module('a', '2', { start })))
    assert.equal(total(), 2)
    await running.apply(modules())
    assert.equal(total(), undefined)
  })
})

describe('the drain', () => {
  test('asks a module only after those that need it, and each once', async () => {
    const { running, module, happened, clock } = setUp()
    const slow = Promise.withResolvers<void>()
    await running.start(
      modules(
        module('secrets', '1'),
        module('proxy', '1', { needs: ['secrets'], drain: () => slow.promise }),
        module('logs', '1'),
      ),
    )
    happened()
    const drained = running.drain(deadlineIn(clock, 1000))
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(happened(), '.logs')
    slow.resolve()
    await drained
    assert.equal(happened(), '.proxy .secrets')
    await running.drain(deadlineIn(clock, 1000))
    assert.equal(happened(), '')
  })

  test('asks who tells of the others after all of them', async () => {
    const { running, module, happened, clock } = setUp()
    const slow = Promise.withResolvers<void>()
    await running.start(
      modules(
        module('logs', '1', { drain: () => slow.promise }),
        module('metrics', '1', { observes: true }),
        module('proxy', '1'),
      ),
    )
    assert.equal(happened(), '+metrics(1) +logs(1) +proxy(1)')
    const drained = running.drain(deadlineIn(clock, 1000))
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(happened(), '.proxy')
    slow.resolve()
    await drained
    assert.equal(happened(), '.logs .metrics')
  })

  test('is over at its deadline, and names who was not done or failed', async () => {
    const { running, module, records, clock, happened } = setUp()
    await running.start(
      modules(
        module('hangs', '1', { drain: () => new Promise(() => {}) }),
        module('throws', '1', { drain: () => Promise.reject(new Error('no')) }),
      ),
    )
    const drained = running.drain(deadlineIn(clock, 1000))
    await clock.elapse(1000)
    await drained
    const said = records.map(({ event, fields }) => `${event} ${fields['draining']}`)
    assert.deepEqual(said.sort(), ['drain_failed throws', 'drain_incomplete hangs'])
    happened()
    await running.stop()
    assert.equal(happened(), '-throws(1) -hangs(1)')
  })
})

describe('health', () => {
  test('of a module that fails to say it is failed', async () => {
    const { running, module } = setUp()
    const health = () => {
      throw new Error('no idea')
    }
    await running.start(modules(module('a', '1', { health })))
    assert.deepEqual(running.health(), {
      a: { ready: false, state: 'failed', message: 'health could not be asked: no idea' },
    })
  })
})

test('a scope that fails to close is said, and the others are closed all the same', async () => {
  const { running, module, happened, records } = setUp()
  const start = (_: string, host: Host) => host.scope.defer(() => Promise.reject(new Error('stuck')))
  await running.start(modules(module('a', '1'), module('b', '1', { start })))
  happened()
  await running.stop()
  assert.equal(happened(), '-b(1) -a(1)')
  assert.deepEqual(
    records.filter(({ event }) => event === 'scope_failed').map(({ fields }) => fields['stopping']),
    ['b'],
  )
})
