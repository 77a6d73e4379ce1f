import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TokenCache } from './token-cache.ts'

test('an entry is forgotten at its moment', () => {
  const cache = new TokenCache<{ expiresAtMs: number }>(2)
  const entry = { expiresAtMs: 100 }
  cache.set('a', entry)
  assert.equal(cache.get('a', 99), entry)
  assert.equal(cache.get('a', 100), undefined)
  assert.equal(cache.size, 0)
})

test('the entry used longest ago makes room, and a new one of the same name takes none', () => {
  const cache = new TokenCache<{ expiresAtMs: number }>(2)
  const entry = { expiresAtMs: 100 }
  for (const hash of ['a', 'b', 'b']) cache.set(hash, entry)
  assert.equal(cache.get('a', 0), entry)
  cache.set('c', entry)
  assert.deepEqual(
    ['a', 'b', 'c'].map(hash => cache.get(hash, 0) === entry),
    [true, false, true],
  )
})
