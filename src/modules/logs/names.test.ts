import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readerNames } from './names.ts'

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

test('outputs to one place keep places of their own', () => {
  const [alone] = readerNames([{ kind: 'file', identity: '/a', routing: 'x' }])
  const [first, second] = readerNames([
    { kind: 'file', identity: '/a', routing: 'y' },
    { kind: 'file', identity: '/a', routing: 'x' },
  ])
  assert.equal(first, alone)
  assert.notEqual(second, first)
})
