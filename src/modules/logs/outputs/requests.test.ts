import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Outcome } from './output.ts'
import { fakeSlice, recordsOf } from './output-fakes.ts'
import { type PartOutcome, sendRequests } from './requests.ts'

const slices = [
  fakeSlice([0, 1, 2].map(n => ({ n }))),
  fakeSlice(
    [3, 4, 5].map(n => ({ n })),
    { sequence: 2 },
  ),
]

/** The requests carry the records 0, 2 and 4; 1 and 3; 5. */
async function run(...outcomes: PartOutcome[]) {
  const requests = [[0, 2, 4], [1, 3], [5]].map((ordinals, at) => ({ ordinals, at }))
  const sent: number[] = []
  const outcome = await sendRequests(slices, requests, async ({ at }) => {
    sent.push(at)
    return outcomes[at]
  })
  return { outcome: told(outcome), sent: sent.length }
}

function told(outcome: Outcome): object {
  if (outcome.kind !== 'done') return outcome
  const numbers = (some: Parameters<typeof recordsOf>[0]) => recordsOf(some).map(text => JSON.parse(text).n)
  return {
    ...(outcome.retry ? { retry: numbers(outcome.retry) } : {}),
    ...(outcome.rejected
      ? { rejected: outcome.rejected.map(each => [numbers(each.slices), each.reason]) }
      : {}),
    ...(outcome.divide ? { divide: outcome.divide.map(each => [numbers(each.slices), each.reason]) } : {}),
  }
}

const done = { kind: 'done' } as const
const away = { kind: 'failed', reason: 'away' } as const
const refused = { kind: 'failed', reason: 'no', refused: true } as const

describe('a send of several requests', () => {
  const table: [string, PartOutcome[], object, number][] = [
    ['is done when all are', [done, done, done], {}, 3],
    ['fails with the first when nobody takes anything', [away, done, done], away, 1],
    ['keeps what arrived before', [done, away, done], { retry: [1, 3, 5] }, 2],
    ['goes on behind one that is refused', [refused, done, done], { retry: [0, 2, 4] }, 3],
    ['is refused when all are', [refused, refused, refused], refused, 3],
    [
      'divides what is refused for its records',
      [done, { kind: 'rejected', reason: 'bad' }, done],
      { divide: [[[1, 3], 'bad']] },
      3,
    ],
    [
      'divides what is too large beside others',
      [{ kind: 'too_large', reason: 'big' }, done, done],
      { divide: [[[0, 2, 4], 'big']] },
      3,
    ],
    [
      'names single records',
      [{ ...done, rejected: [{ ordinals: [2], reason: 'old' }], retry: [4] }, done, done],
      { retry: [4], rejected: [[[2], 'old']] },
      3,
    ],
  ]
  for (const [what, outcomes, expected, sent] of table) {
    test(what, async () => assert.deepEqual(await run(...outcomes), { outcome: expected, sent }))
  }

  test('is too large when its only request is', async () => {
    const outcome = { kind: 'too_large', reason: 'big' } as const
    assert.deepEqual(await sendRequests(slices, [{ ordinals: [0, 1] }], async () => outcome), outcome)
  })
})
