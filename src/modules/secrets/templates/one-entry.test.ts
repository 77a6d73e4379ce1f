import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Value } from '../../../wire/gotemplate/value.ts'
import { SecretValue } from '../secret/value.ts'
import { ContentProblem } from './content.ts'
import { oneEntry } from './one-entry.ts'

const secret = (given: Readonly<Record<string, Value>>) =>
  new SecretValue({ data: new Map(Object.entries(given)), timing: { kind: 'static' } })

test('the entry that is named, or the only one', () => {
  assert.equal(oneEntry(secret({ a: 'x', b: 'y' }), 'b', 'app#b'), 'y')
  assert.equal(oneEntry(secret({ a: 'x' }), undefined, 'app'), 'x')
})

const problems: [Readonly<Record<string, Value>>, string | undefined, RegExp][] = [
  [{ a: 'planted', b: 'planted' }, undefined, /^secret app has 2 entries \(a, b\): say which one by app#a$/],
  [{}, undefined, /^secret app has 0 entries \(\): say which one by app#key$/],
  [{ a: 'planted' }, 'b', /^secret app: there is no entry "b"; it has a$/],
  [{}, 'b', /it has none at all$/],
]
for (const [given, key, message] of problems)
  test(`${key ?? 'no name'} of ${Object.keys(given).length} entries is told, and no value is shown`, () =>
    assert.throws(
      () => oneEntry(secret(given), key, 'app'),
      (error: Error) => {
        assert.ok(error instanceof ContentProblem)
        assert.match(error.message, message)
        return true
      },
    ))
