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
  test(`entries [${kinds}] are called [${names}]`, () => assert.deepEqual(entryNames(kinds), names))
}

test('an output keeps its place in the spool when others come, go or change their order', () => {
  const [store, elasticsearch] = [
    { kind: 'store', identity: '/data/logs.db' },
    { kind: 'elasticsearch', identity: 'http://es:9200 logs' },
  ]
  const [name] = readerNames([store])
  assert.deepEqual(readerNames([elasticsearch, store])[1], name)
  assert.match(name, /^store-[0-9a-f]{12}$/)
})

test('another destination is another place in the spool', () => {
  const [one, other] = readerNames([
    { kind: 'file', identity: '/a' },
    { kind: 'file', identity: '/b' },
  ])
  assert.notEqual(one, other)
})
