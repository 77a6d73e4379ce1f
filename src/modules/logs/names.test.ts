import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entryNames, readerNames } from './names.ts'

const lists = [
  { kinds: [], names: [] },
  { kinds: ['tail'], names: ['tail'] },
  { kinds: ['tail', 'app'], names: ['tail', 'app'] },
  { kinds: ['tail', 'app', 'tail'], names: ['tail-1', 'app', 'tail-2'] },
]
for (const { kinds, names } of lists) {
  test(`entries [${kinds}] are called [${names}]`, () =>
    assert.deepEqual(entryNames(kinds.map(kind => ({ kind, config: {} }))), names))
}

test('an output keeps its place in the spool when others come, go or change their order', () => {
  const [store, elasticsearch] = [
    { kind: 'store', identity: '/data/logs.db', routing: '' },
    { kind: 'elasticsearch', identity: 'http://es:9200 logs', routing: '' },
  ]
  const [name] = readerNames([store])
  assert.deepEqual(readerNames([elasticsearch, store])[1], name)
  assert.match(name, /^store-[0-9a-f]{12}$/)
})

test('another destination is another place in the spool', () => {
  const [one, other] = readerNames([
    { kind: 'file', identity: '/a', routing: '' },
    { kind: 'file', identity: '/b', routing: '' },
  ])
  assert.notEqual(one, other)
})

test('an entry is called as it was told, and outputs to one place keep places of their own', () => {
  const entries = [
    { kind: 'file', config: { name: 'errors' } },
    { kind: 'file', config: {} },
  ]
  assert.deepEqual(entryNames(entries), ['errors', 'file-2'])
  const [alone] = readerNames([{ kind: 'file', identity: '/a', routing: 'x' }])
  const [first, second] = readerNames([
    { kind: 'file', identity: '/a', routing: 'y' },
    { kind: 'file', identity: '/a', routing: 'x' },
  ])
  assert.equal(first, alone)
  assert.notEqual(second, first)
})
