import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { outcomeOf } from './http-status.ts'

const context = { urlKey: 'k.url', mendAuth: 'check k.auth.bearer' }

describe('the status of an answer', () => {
  const table: [number, object][] = [
    [200, { kind: 'done' }],
    [204, { kind: 'done' }],
    [
      301,
      {
        kind: 'failed',
        refused: true,
        reason: 'the server answered 301: no; the server points elsewhere: write that address as k.url',
      },
    ],
    [400, { kind: 'rejected', reason: 'the server answered 400: no' }],
    [401, { kind: 'failed', refused: true, reason: 'the server answered 401: no; check k.auth.bearer' }],
    [403, { kind: 'failed', refused: true, reason: 'the server answered 403: no; check k.auth.bearer' }],
    [
      404,
      { kind: 'failed', refused: true, reason: 'the server answered 404: no; check k.url, its path too' },
    ],
    [408, { kind: 'failed', reason: 'the server answered 408: no' }],
    [413, { kind: 'too_large', reason: 'the server answered 413: no' }],
    [422, { kind: 'rejected', reason: 'the server answered 422: no' }],
    [429, { kind: 'failed', reason: 'the server answered 429: no' }],
    [500, { kind: 'failed', reason: 'the server answered 500: no' }],
    [503, { kind: 'failed', reason: 'the server answered 503: no' }],
  ]
  for (const [status, outcome] of table) {
    test(`${status} is ${'refused' in outcome ? 'a refusal' : (outcome as { kind: string }).kind}`, () =>
      assert.deepEqual(outcomeOf(status, 'no', context), outcome))
  }

  test('brings along how long to wait, and which statuses speak of the records can be told', () => {
    assert.deepEqual(outcomeOf(429, '', { ...context, afterMs: 7 }), {
      kind: 'failed',
      reason: 'the server answered 429',
      afterMs: 7,
    })
    assert.equal(outcomeOf(400, '', { ...context, rejects: [] }).kind, 'failed')
  })
})
