import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { mixed } from '../hash.ts'
import type { Member } from '../member.ts'
import { membersOf, seededRandom, tally } from '../member-fake.ts'
import type { Balancer } from './balancer.ts'
import { BALANCINGS, type Balancing, createBalancer } from './create.ts'
import { observeLatency } from './peak-ewma.ts'

const world = (slowStartMs = 0) => ({ random: seededRandom(), slowStartMs })
const counts = (balancer: Balancer, members: readonly Member[], picks: number, nowMs = 0) =>
  tally(members, picks, call => balancer.pick(nowMs, mixed(call), 0))

describe('every way of balancing', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 12 })
  /** Shares of the picks may differ from those of the weights by so much: hashes are coarser than chance. */
  const tolerance: Record<Balancing, number> = {
    peak_ewma: 0.03,
    least_request: 0.03,
    round_robin: 0.005,
    ring_hash: 0.1,
    maglev: 0.03,
    random: 0.03,
  }

  for (const balancing of BALANCINGS) {
    it(`gives shares in proportion to the weights while there is no load: ${balancing}`, () => {
      const property = fc.property(weights, list => {
        // peak_ewma looks at latency first; equal ones leave the weights.
        const members = membersOf(list)
        const picked = counts(createBalancer(balancing, members, world()), members, 5000)
        const total = list.reduce((sum, weight) => sum + weight, 0)
        picked.forEach((count, index) => {
          const difference = Math.abs(count / 5000 - list[index] / total)
          assert.ok(difference < tolerance[balancing], `weights ${list}: picked ${picked}`)
        })
      })
      fc.assert(property, { numRuns: 30, seed: 7 })
    })

    it(`foresees the shares of picks, and changes nothing by that: ${balancing}`, () => {
      const members = membersOf([1, 1, 2, 4])
      members.forEach((member, index) => {
        member.active = [3, 0, 2, 4][index]!
        observeLatency(member, { outcome: 'answered', status: 200, latencyMs: [40, 90, 20, 60][index]! }, 0)
      })
      // It is half-way through its slow start, at the same moment as all picks.
      members[2]!.warming = true
      const slowStartMs = balancing === 'round_robin' ? 0 : 20
      const made = () => createBalancer(balancing, members, world(slowStartMs))
      const balancer = made()
      const { shares } = balancer.foresee(10, undefined)
      assert.ok(Math.abs(shares.reduce((sum, share) => sum + share) - 1) < 1e-9)
      const picked = counts(balancer, balancer.members, 20_000, 10)
      shares.forEach((share, at) => {
        const difference = Math.abs(share - picked[at]! / 20_000)
        assert.ok(difference < 0.05, `foreseen ${shares}, picked ${picked}`)
      })
      const other = made()
      const again = made()
      const hashes = [1, 0x8000_0000, 0xffff_ffff]
      for (const hash of hashes) {
        const { next } = other.foresee(10, hash)
        const pick = other.pick(10, hash, 0)
        if (next !== undefined) assert.equal(next, pick)
        assert.equal(again.pick(10, hash, 0), pick)
        assert.equal(next !== undefined, !['peak_ewma', 'least_request', 'random'].includes(balancing))
      }
    })

    it(`gives the only member: ${balancing}`, () => {
      const members = membersOf([3])
      assert.equal(createBalancer(balancing, members, world()).pick(0, 99, 2), members[0])
    })
  }
})

describe('round robin', () => {
  it('spreads a heavy member between the others', () => {
    const members = membersOf([2, 1, 1])
    const balancer = createBalancer('round_robin', members, { random: () => 0, slowStartMs: 0 })
    const order = Array.from({ length: 8 }, () => members.indexOf(balancer.pick(0, 0, 0)))
    assert.deepEqual(order, [0, 1, 2, 0, 0, 1, 2, 0])
  })

  it('begins elsewhere in each sidecar', () => {
    const members = membersOf([1, 1, 1])
    const firsts = [0, 0.4, 0.9].map(value =>
      createBalancer('round_robin', members, { random: () => value, slowStartMs: 0 }).pick(0, 0, 0),
    )
    assert.deepEqual(firsts, members)
  })
})

describe('consistent hashing', () => {
  const owners = (balancing: Balancing, members: readonly Member[]) => {
    const balancer = createBalancer(balancing, members, world())
    return Array.from({ length: 4000 }, (_, call) => balancer.pick(0, mixed(call), 0))
  }

  for (const [balancing, most] of [
    ['ring_hash', 1.5],
    ['maglev', 1.7],
  ] as const) {
    it(`moves about one hash in n when one of n members goes, and most others stay: ${balancing}`, () => {
      fc.assert(
        fc.property(fc.integer({ min: 3, max: 16 }), fc.nat(29), (count, at) => {
          const members = membersOf(Array.from({ length: count }, () => 1))
          const gone = members[at % count]
          const before = owners(balancing, members)
          const after = owners(
            balancing,
            members.filter(member => member !== gone),
          )
          const moved = before.filter((member, call) => member !== after[call]).length / before.length
          assert.ok(moved <= most / count + 0.02, `${moved} of the hashes moved among ${count}`)
          if (balancing === 'ring_hash')
            before.forEach((member, call) => void (member !== gone && assert.equal(after[call], member)))
        }),
        { numRuns: 20, seed: 3 },
      )
    })

    it(`does not depend on the order in which endpoints are listed: ${balancing}`, () => {
      const members = membersOf([1, 2, 3, 4, 5])
      assert.deepEqual(owners(balancing, members), owners(balancing, members.toReversed()))
    })

    it(`leads another attempt elsewhere: ${balancing}`, () => {
      const members = membersOf(Array.from({ length: 10 }, () => 1))
      const balancer = createBalancer(balancing, members, world())
      const others = Array.from({ length: 100 }, (_, call) => {
        const hash = mixed(call)
        return [1, 2, 3].some(attempt => balancer.pick(0, hash, attempt) !== balancer.pick(0, hash, 0))
      })
      assert.ok(others.filter(Boolean).length >= 98)
    })
  }
})

describe('the power of two choices', () => {
  it('prefers who has fewer calls under way', () => {
    const members = membersOf([1, 1, 1, 1])
    members[0].active = 50
    const picked = counts(createBalancer('least_request', members, world()), members, 1000)
    assert.equal(picked[0], 0)
  })

  it('counts calls by weight', () => {
    const members = membersOf([4, 1])
    members[0].active = 4
    members[1].active = 2
    const picked = counts(createBalancer('least_request', members, world()), members, 100)
    assert.deepEqual(picked, [100, 0])
  })

  it('prefers who answers sooner, and comes back to a slow one with time', () => {
    const members = membersOf([1, 1])
    const balancer = createBalancer('peak_ewma', members, world())
    observeLatency(members[0], { outcome: 'answered', status: 200, latencyMs: 10 }, 0)
    observeLatency(members[1], { outcome: 'answered', status: 200, latencyMs: 900 }, 0)
    assert.deepEqual(counts(balancer, members, 100)[1], 0)
    observeLatency(members[0], { outcome: 'answered', status: 200, latencyMs: 10 }, 60_000)
    assert.ok(counts(balancer, members, 100, 60_000)[1] > 0)
  })

  it('weighs latency against the calls under way', () => {
    const members = membersOf([1, 1])
    members[0].costMs = 10
    members[1].costMs = 40
    const balancer = createBalancer('peak_ewma', members, world())
    assert.equal(balancer.pick(0, 0, 0), members[0])
    members[0].active = 5
    assert.equal(balancer.pick(0, 0, 0), members[1])
  })
})

describe('the latency estimate', () => {
  const observed = (result: Parameters<typeof observeLatency>[1], afterMs = 0) => {
    const [member] = membersOf([1])
    observeLatency(member, result, afterMs)
    return member.costMs
  }

  it('jumps to a peak at once', () => {
    assert.equal(observed({ outcome: 'answered', status: 200, latencyMs: 700 }), 700)
  })

  it('comes down with time', () => {
    const result = { outcome: 'answered', status: 200, latencyMs: 10 } as const
    assert.equal(observed(result, 0), 30)
    assert.ok(Math.abs(observed(result, 10_000) - (30 / Math.E + 10 * (1 - 1 / Math.E))) < 1e-9)
  })

  for (const [name, result] of [
    ['no connection', { outcome: 'connect_failed', latencyMs: 1 }],
    ['a reset', { outcome: 'reset', latencyMs: 1 }],
    ['a gateway error', { outcome: 'answered', status: 503, latencyMs: 1 }],
  ] as const) {
    it(`takes ${name} for slow, however fast it came`, () => assert.equal(observed(result), 5000))
  }

  it('learns from a caller who gave up only that it would have taken longer', () => {
    assert.equal(observed({ outcome: 'cancelled', latencyMs: 5 }), 30)
    assert.equal(observed({ outcome: 'cancelled', latencyMs: 500 }), 500)
  })
})

describe('slow start', () => {
  for (const balancing of ['round_robin', 'random', 'least_request', 'peak_ewma'] as const) {
    it(`lets the share grow in a straight line: ${balancing}`, () => {
      const shareAt = (nowMs: number) => {
        const members = membersOf([1, 1, 1, 1])
        members[3].warming = true
        const picked = counts(createBalancer(balancing, members, world(10_000)), members, 4000, nowMs)
        return picked[3] / 4000
      }
      const shares = [0, 5000, 10_000].map(shareAt)
      assert.ok(shares[0] < 0.05, `${shares}`)
      assert.ok(Math.abs(shares[1] - 0.5 / 3.5) < 0.03, `${shares}`)
      assert.ok(Math.abs(shares[2] - 0.25) < 0.03, `${shares}`)
    })
  }
})
