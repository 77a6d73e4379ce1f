import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import type { CallResult } from './cluster.ts'
import { clusterConfig, type OutlierDetectionConfig } from './config.ts'
import type { Member } from './member.ts'
import { membersOf } from './member-fake.ts'
import { OutlierDetection } from './outliers.ts'

const OK: CallResult = { outcome: 'answered', status: 200, latencyMs: 10 }
const ERROR: CallResult = { outcome: 'answered', status: 500, latencyMs: 10 }
const GATEWAY: CallResult = { outcome: 'answered', status: 503, latencyMs: 10 }
const RESET: CallResult = { outcome: 'reset', latencyMs: 10 }
const CANCELLED: CallResult = { outcome: 'cancelled', latencyMs: 10 }

const DEFAULTS = (() => {
  const decoded = clusterConfig.decode({ endpoints: [{ address: '127.0.0.1:1' }], outlierDetection: {} })
  assert.ok(decoded.ok)
  return decoded.value.outlierDetection!
})()

function detection(count: number, config: Partial<OutlierDetectionConfig> = {}) {
  const clock = new FakeClock()
  const members = membersOf(Array.from({ length: count }, () => 1))
  const told: string[] = []
  const outliers = new OutlierDetection(
    { ...DEFAULTS, ejectionJitterMs: 0, ...config },
    {
      clock,
      random: () => 0.5,
      members: () => members,
      ejected: (member, cause, forMs) => void told.push(`${members.indexOf(member)} ${cause} ${forMs}`),
      returned: member => void told.push(`${members.indexOf(member)} returned`),
    },
  )
  const calls = (member: Member, result: CallResult, times: number) => {
    for (let call = 0; call < times; call++) outliers.observe(member, result)
  }
  return { clock, members, told, outliers, calls }
}

describe('outlier detection', () => {
  for (const [name, results, expected] of [
    ['four errors', [ERROR, ERROR, ERROR, ERROR], []],
    ['five errors', [ERROR, ERROR, ERROR, ERROR, ERROR], ['0 consecutive_errors 30000']],
    ['errors of all kinds', [ERROR, RESET, GATEWAY, RESET, ERROR], ['0 consecutive_errors 30000']],
    ['a success between', [ERROR, ERROR, ERROR, ERROR, OK, ERROR], []],
    [
      'a caller who gave up between',
      [ERROR, ERROR, CANCELLED, ERROR, ERROR, ERROR],
      ['0 consecutive_errors 30000'],
    ],
  ] as const) {
    it(`looks at errors in a row: ${name}`, () => {
      const { members, told, outliers } = detection(10)
      for (const result of results) outliers.observe(members[0], result)
      assert.deepEqual(told, expected)
    })
  }

  it('counts gateway errors apart from others', () => {
    const { members, told, calls } = detection(10, { consecutiveErrors: 0, consecutiveGatewayErrors: 3 })
    calls(members[0], GATEWAY, 2)
    calls(members[0], ERROR, 1)
    calls(members[0], RESET, 2)
    assert.deepEqual(told, [])
    calls(members[0], GATEWAY, 1)
    assert.deepEqual(told, ['0 consecutive_gateway_errors 30000'])
  })

  it('brings an endpoint back on time, and ejects it for longer each time up to the cap', () => {
    const { clock, members, told, calls } = detection(10, { maxEjectionTimeMs: 70_000 })
    for (const ms of [30_000, 60_000, 70_000]) {
      calls(members[0], ERROR, 5)
      assert.equal(told.at(-1), `0 consecutive_errors ${ms}`)
      clock.advance(ms - 1)
      assert.equal(members[0].ejected, true)
      clock.advance(1)
      assert.equal(members[0].ejected, false)
      assert.equal(told.at(-1), '0 returned')
    }
  })

  it('takes one step back for each interval without trouble', () => {
    const { clock, members, told, calls } = detection(10)
    calls(members[0], ERROR, 5)
    clock.advance(30_000)
    assert.equal(members[0].ejections <= 1, true)
    clock.advance(20_000)
    calls(members[0], ERROR, 5)
    assert.equal(told.at(-1), '0 consecutive_errors 30000')
  })

  it('adds jitter', () => {
    const { members, told, calls } = detection(10, { ejectionJitterMs: 2000 })
    calls(members[0], ERROR, 5)
    assert.deepEqual(told, ['0 consecutive_errors 31000'])
  })

  for (const [count, percent, most] of [
    [1, 10, 1],
    [5, 0, 1],
    [10, 10, 1],
    [10, 30, 3],
    [4, 100, 4],
  ] as const) {
    it(`ejects at most ${most} of ${count} at ${percent} %`, () => {
      const { members, calls } = detection(count, { maxEjectionPercent: percent })
      for (const member of members) calls(member, ERROR, 5)
      assert.equal(members.filter(({ ejected }) => ejected).length, most)
    })
  }

  it('ejects whose success rate lies far below that of the others', () => {
    const { clock, members, told, calls } = detection(10, { consecutiveErrors: 0 })
    for (const member of members) calls(member, OK, 100)
    calls(members[4], ERROR, 50)
    clock.advance(10_000)
    assert.deepEqual(told, ['4 success_rate 30000'])
  })

  for (const [name, hosts, requests] of [
    ['endpoints', 4, 100],
    ['requests', 10, 60],
  ] as const) {
    it(`compares success rates only with enough ${name}`, () => {
      const { clock, members, told, calls } = detection(hosts, { consecutiveErrors: 0 })
      for (const member of members) calls(member, OK, requests)
      calls(members[1], ERROR, 39)
      clock.advance(10_000)
      assert.deepEqual(told, [])
    })
  }

  it('finds no outlier among equals', () => {
    const { clock, members, told, calls } = detection(7, { consecutiveErrors: 0, maxEjectionPercent: 100 })
    for (const member of members) for (const result of [OK, OK, ERROR]) calls(member, result, 70)
    clock.advance(10_000)
    assert.deepEqual(told, [])
  })

  it('counts anew in each interval', () => {
    const { clock, members, told, calls } = detection(10, { consecutiveErrors: 0 })
    for (const member of members) calls(member, OK, 60)
    clock.advance(10_000)
    for (const member of members) calls(member, OK, 60)
    calls(members[0], ERROR, 30)
    clock.advance(10_000)
    assert.deepEqual(told, [])
  })

  it('ejects who is many times slower than the median, when that is asked for', () => {
    for (const [latencyFactor, expected] of [
      [0, []],
      [3, ['2 latency 30000']],
    ] as const) {
      const { clock, members, told, calls } = detection(5, { latencyFactor })
      members.forEach((member, index) => void calls(member, { ...OK, latencyMs: index === 2 ? 40 : 10 }, 100))
      clock.advance(10_000)
      assert.deepEqual(told, expected)
    }
  })

  it('leaves nothing behind when it ends', () => {
    const { clock, members, outliers, calls } = detection(10)
    calls(members[0], ERROR, 5)
    outliers[Symbol.dispose]()
    assert.equal(members[0].ejected, false)
    assert.equal(clock.pending, 0)
  })
})
