import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimTexts } from './claims.ts'

const claims = JSON.parse(
  '{"sub":"a","n":1,"b":false,"list":["x",2,{"y":1},null],"scope":"read write","realm":{"roles":["admin"]},"a.b":"dots","a":{"b":"nested"},"o":{},"z":null,"__proto__":{"p":"own"}}',
)

for (const [name, expected] of [
  ['sub', ['a']],
  ['n', ['1']],
  ['b', ['false']],
  ['list', ['x', '2']],
  ['scope', ['read', 'write']],
  ['realm.roles', ['admin']],
  ['a.b', ['dots']],
  ['o', []],
  ['z', []],
  ['absent', []],
  ['sub.length', []],
  ['list.0', []],
  ['constructor', []],
  ['o.toString', []],
] as const)
  test(`claim ${name}`, () => assert.deepEqual(claimTexts(claims, name), expected))

test('what an object inherits is no claim', () => {
  const inherits = Object.create({ role: 'admin' })
  assert.deepEqual(claimTexts(inherits, 'role'), [])
  assert.deepEqual(claimTexts({ realm: inherits }, 'realm.role'), [])
})
