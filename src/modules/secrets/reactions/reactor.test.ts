import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import { Reactor } from './reactor.ts'

function world(
  pace = { debounceMs: 500, splayMs: 0, intervalMs: 10_000 },
  random = 0,
  ofApplication = false,
) {
  const clock = new FakeClock()
  const rounds: [number, string][] = []
  const outcomes: string[] = []
  let failing = false
  let takesMs = 0
  const reactor = new Reactor({
    reactions: [
      {
        name: 'reload',
        ofApplication,
        react: async ({ deliveries }) => {
          rounds.push([clock.monotonic(), deliveries.join('+')])
          if (takesMs > 0) await clock.sleep(takesMs)
          if (failing) throw new Error('it failed')
        },
      },
    ],
    pace,
    clock,
    random: () => random,
    signal: new AbortController().signal,
    onOutcome: (name, _, failure) => outcomes.push(`${name} ${failure ?? 'ok'}`),
  })
  return {
    clock,
    reactor,
    rounds,
    outcomes,
    fail: (is: boolean) => {
      failing = is
    },
    take: (ms: number) => {
      takesMs = ms
    },
  }
}

test('changes within the debounce make one round, which names them all', async () => {
  const { clock, reactor, rounds } = world()
  reactor.trigger('a')
  await clock.elapse(400)
  reactor.trigger('b')
  reactor.trigger('a')
  await clock.elapse(400)
  assert.deepEqual(rounds, [])
  await clock.elapse(100)
  assert.deepEqual(rounds, [[900, 'a+b']])
})

test('rounds keep their interval, and no change is forgotten in it', async () => {
  const { clock, reactor, rounds } = world()
  for (let n = 0; n < 25; n++) {
    reactor.trigger(`d${n}`)
    await clock.elapse(1000)
  }
  await clock.elapse(20_000)
  assert.ok(rounds.length <= 5, `${rounds.length} rounds in 45 s`)
  for (let n = 1; n < rounds.length; n++) assert.ok(rounds[n]![0] - rounds[n - 1]![0] >= 10_000)
  const named = new Set(rounds.flatMap(([, names]) => names.split('+')))
  assert.equal(named.size, 25)
})

test('a splay moves a round by a random time', async () => {
  const { clock, reactor, rounds } = world({ debounceMs: 0, splayMs: 60_000, intervalMs: 0 }, 0.5)
  reactor.trigger('a')
  await clock.elapse(29_999)
  assert.equal(rounds.length, 0)
  await clock.elapse(1)
  assert.equal(rounds.length, 1)
})

test('a round that fails is told and tried again, with growing pauses, until it works', async () => {
  const { clock, reactor, rounds, outcomes, fail } = world({ debounceMs: 0, splayMs: 0, intervalMs: 0 })
  fail(true)
  reactor.trigger('a')
  await clock.elapse(60_000)
  assert.ok(rounds.length >= 4 && rounds.length <= 8, `${rounds.length} tries in a minute`)
  assert.equal(reactor.problem, 'reload: it failed')
  fail(false)
  await clock.elapse(300_000)
  assert.equal(reactor.problem, undefined)
  assert.equal(outcomes.at(-1), 'reload ok')
  assert.ok(rounds.every(([, names]) => names === 'a'))
  const tries = rounds.length
  await clock.elapse(600_000)
  assert.equal(rounds.length, tries)
})

test('what changes during a round makes another one after it', async () => {
  const { clock, reactor, rounds, take } = world({ debounceMs: 0, splayMs: 0, intervalMs: 0 })
  take(5000)
  reactor.trigger('a')
  await clock.elapse(1000)
  reactor.trigger('b')
  await clock.elapse(1000)
  assert.deepEqual(rounds, [[0, 'a']])
  await clock.elapse(10_000)
  assert.deepEqual(rounds, [
    [0, 'a'],
    [5000, 'b'],
  ])
})

test('changes that never pause hold a round back for four debounces, and its splay is drawn once', async () => {
  const { clock, reactor, rounds } = world({ debounceMs: 2000, splayMs: 60_000, intervalMs: 10_000 }, 0.5)
  for (let n = 0; n < 600; n++) {
    reactor.trigger('a')
    await clock.elapse(100)
  }
  assert.deepEqual(rounds.at(0), [38_000, 'a'])
})

test('at the end what is gathered happens at once, and a failure is not tried again', async () => {
  const { clock, reactor, rounds, fail } = world(
    { debounceMs: 5000, splayMs: 60_000, intervalMs: 10_000 },
    0.5,
  )
  await reactor.finish()
  assert.deepEqual(rounds, [])
  reactor.trigger('a')
  fail(true)
  await reactor.finish()
  assert.deepEqual(rounds, [[0, 'a']])
  await clock.elapse(600_000)
  assert.equal(rounds.length, 1)
})

test('at the end a round that is under way is waited for, and what changed during it is told, too', async () => {
  const { clock, reactor, rounds, take } = world({ debounceMs: 0, splayMs: 0, intervalMs: 10_000 })
  take(5000)
  reactor.trigger('a')
  await clock.elapse(1000)
  reactor.trigger('b')
  const finished = reactor.finish()
  await clock.elapse(10_000)
  await finished
  assert.deepEqual(rounds, [
    [0, 'a'],
    [5000, 'b'],
  ])
})

test('at the end the application is neither signalled nor restarted', async () => {
  const { reactor, rounds } = world({ debounceMs: 500, splayMs: 0, intervalMs: 0 }, 0, true)
  reactor.trigger('a')
  await reactor.finish()
  assert.deepEqual(rounds, [])
})

test('what fails holds nothing else back, and only that is tried again until there is another change', async () => {
  const clock = new FakeClock()
  const calls: string[] = []
  let broken = true
  const reaction = (name: string, fails: () => boolean) => ({
    name,
    ofApplication: false,
    react: async () => {
      calls.push(name)
      if (fails()) throw new Error('it failed')
    },
  })
  const reactor = new Reactor({
    reactions: [
      reaction('first', () => false),
      reaction('hook', () => broken),
      reaction('last', () => false),
    ],
    pace: { debounceMs: 0, splayMs: 0, intervalMs: 0 },
    clock,
    random: () => 0,
    signal: new AbortController().signal,
    onOutcome: () => {},
  })
  reactor.trigger('a')
  await clock.elapse(1)
  assert.deepEqual(calls.splice(0), ['first', 'hook', 'last'])
  assert.equal(reactor.problem, 'hook: it failed')
  await clock.elapse(20_000)
  assert.ok(calls.length > 0 && calls.every(name => name === 'hook'), calls.join())
  calls.length = 0
  reactor.trigger('b')
  await clock.elapse(1)
  assert.deepEqual(calls.splice(0), ['first', 'hook', 'last'])
  broken = false
  await clock.elapse(300_000)
  assert.deepEqual(calls.splice(0), ['hook'])
  assert.equal(reactor.problem, undefined)
  reactor.trigger('c')
  await clock.elapse(1)
  assert.deepEqual(calls, ['first', 'hook', 'last'])
})
