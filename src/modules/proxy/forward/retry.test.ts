import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoffMs } from './retry.ts'

test('waits double up to 250 ms, and are random up to their bound', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 9].map(retry => backoffMs(25, retry, 1)),
    [25, 50, 100, 200, 250, 250],
  )
  assert.equal(backoffMs(25, 1, 0.5), 12.5)
  assert.equal(backoffMs(1000, 3, 1), 1000)
})
