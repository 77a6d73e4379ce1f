import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { MemoryLog } from '../../kernel/log/memory.ts'
import { type Election, electLeader, type Term } from './leader.ts'
import { SharedLease } from './lease-fake.ts'

const NAMES = { namespace: 'outrigger', name: 'controller' }

async function ended(clock: FakeClock, ...elections: Election[]): Promise<void> {
  const ends = elections.map(each => each[Symbol.asyncDispose]())
  await clock.elapse(20_000)
  await Promise.all(ends)
}

/** A candidate of a simulated election, with all the terms that it has had. */
function candidate(lease: SharedLease, clock: FakeClock, identity: string, random = () => 0) {
  const terms: Term[] = []
  const election: Election = electLeader({
    ...NAMES,
    client: lease.clientOf(identity),
    clock,
    log: new MemoryLog('test', () => clock.now()),
    identity,
    random,
    lead: async term => {
      terms.push(term)
      await new Promise<void>(resolve => term.signal.addEventListener('abort', () => resolve()))
    },
  })
  return { election, terms, identity, holds: () => terms.some(term => term.holds()) }
}

test('the first candidate leads, and the others wait', async () => {
  const clock = new FakeClock()
  const lease = new SharedLease(clock)
  await using scope = new AsyncDisposableStack()
  const a = candidate(lease, clock, 'a')
  await clock.elapse(1)
  const b = candidate(lease, clock, 'b')
  scope.defer(() => ended(clock, a.election, b.election))
  await clock.elapse(60_000)
  assert.equal(a.election.leading, true)
  assert.equal(b.election.leading, false)
  assert.equal(b.election.leader, 'a')
  assert.deepEqual([a.terms.length, b.terms.length], [1, 0])
  assert.equal(lease.spec?.leaseDurationSeconds, 15)
  assert.match(lease.spec?.renewTime ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
})

test('a leader that leaves hands over at once', async () => {
  const clock = new FakeClock()
  const lease = new SharedLease(clock)
  const a = candidate(lease, clock, 'a')
  await clock.elapse(1)
  const b = candidate(lease, clock, 'b')
  await clock.elapse(5_000)
  const leaving = a.election[Symbol.asyncDispose]()
  await clock.elapse(2_500)
  await leaving
  assert.equal(a.holds(), false)
  assert.equal(b.election.leading, true)
  assert.equal(lease.spec?.leaseTransitions, 1)
  await ended(clock, b.election)
  assert.equal(lease.spec?.holderIdentity, '')
})

test('a leader that is cut off stops before another may begin', async () => {
  const clock = new FakeClock()
  const lease = new SharedLease(clock)
  await using scope = new AsyncDisposableStack()
  const a = candidate(lease, clock, 'a')
  await clock.elapse(1)
  const b = candidate(lease, clock, 'b')
  scope.defer(() => ended(clock, a.election, b.election))
  await clock.elapse(10_000)
  lease.cutOff.add('a')
  let endedAtMs = 0
  let begunAtMs = 0
  for (const startMs = clock.monotonic(); clock.monotonic() - startMs < 40_000; await clock.elapse(100)) {
    if (endedAtMs === 0 && !a.holds()) endedAtMs = clock.monotonic()
    if (begunAtMs === 0 && b.holds()) begunAtMs = clock.monotonic()
    assert.ok(!(a.holds() && b.holds()), 'two lead at once')
  }
  assert.ok(endedAtMs > 0 && begunAtMs > 0)
  assert.ok(begunAtMs - endedAtMs >= 2_000, `only ${begunAtMs - endedAtMs} ms lie between them`)
  lease.cutOff.clear()
  await clock.elapse(30_000)
  assert.equal(a.election.leading, false)
  assert.equal(a.election.leader, 'b')
})

test('a process whose timers are late knows that its term is over', async () => {
  const clock = new FakeClock()
  const lease = new SharedLease(clock)
  const a = candidate(lease, clock, 'a')
  await clock.elapse(10)
  assert.equal(a.election.leading, true)
  // The process stands still: time goes on, no timer of the election fires before the question.
  const monotonic = clock.monotonic.bind(clock)
  clock.monotonic = () => monotonic() + 11_000
  assert.equal(a.election.leading, false)
  assert.equal(a.terms[0]!.holds(), false)
  clock.monotonic = monotonic
  await ended(clock, a.election)
})

test('a leader whose work fails gives the Lease up', async () => {
  const clock = new FakeClock()
  const lease = new SharedLease(clock)
  let begun = 0
  const election = electLeader({
    ...NAMES,
    client: lease.clientOf('a'),
    clock,
    log: new MemoryLog('test', () => clock.now()),
    identity: 'a',
    lead: async () => {
      begun++
      throw new Error('a mistake')
    },
  })
  await clock.elapse(10)
  assert.equal(begun, 1)
  assert.equal(lease.spec?.holderIdentity, '')
  await clock.elapse(3_000)
  assert.equal(begun, 2)
  await ended(clock, election)
})

test('times that could not keep two leaders apart are refused', () => {
  const clock = new FakeClock()
  const options = {
    ...NAMES,
    client: new SharedLease(clock).clientOf('a'),
    clock,
    log: new MemoryLog('test', () => clock.now()),
    identity: 'a',
    lead: async () => {},
  }
  assert.throws(() => electLeader({ ...options, renewMs: 15_000 }), RangeError)
  assert.throws(() => electLeader({ ...options, retryMs: 10_000 }), RangeError)
})

test('whatever is cut off, slow or refused: never two leaders at once, and one soon after all is well', async () => {
  const step = fc.record({
    who: fc.constantFrom('a', 'b', 'c'),
    what: fc.constantFrom('cut', 'heal', 'slow', 'fast', 'lost answers', 'conflict', 'restart'),
    forMs: fc.integer({ min: 100, max: 12_000 }),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 25 }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
      async (steps, stream) => {
        const clock = new FakeClock()
        const lease = new SharedLease(clock)
        const random = () => stream.next().value as number
        const running = new Map(['a', 'b', 'c'].map(name => [name, candidate(lease, clock, name, random)]))
        const past: ReturnType<typeof candidate>[] = []
        const alone = () => {
          const holders = [...running.values(), ...past]
            .filter(each => each.holds())
            .map(each => each.identity)
          assert.ok(holders.length <= 1, `${holders.join(' and ')} lead at once`)
        }
        let starts = 0
        for (const { who, what, forMs } of steps) {
          if (what === 'cut') lease.cutOff.add(who)
          else if (what === 'heal') lease.cutOff.delete(who)
          else if (what === 'slow') lease.slowMs.set(who, 3_000)
          else if (what === 'fast') lease.slowMs.delete(who)
          else if (what === 'lost answers') lease.losesAnswers.add(who)
          else if (what === 'conflict') lease.touch()
          else {
            const before = running.get(who)!
            past.push(before)
            void before.election[Symbol.asyncDispose]()
            running.set(who, candidate(lease, clock, `${who}-${++starts}`, random))
          }
          for (let passed = 0; passed < forMs; passed += 250) {
            await clock.elapse(250)
            alone()
          }
        }
        lease.heal()
        await clock.elapse(60_000)
        alone()
        assert.equal([...running.values()].filter(each => each.holds()).length, 1, 'nobody leads')
        await ended(clock, ...[...running.values()].map(each => each.election))
      },
    ),
    { numRuns: 60 },
  )
})
