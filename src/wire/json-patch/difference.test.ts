import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { difference } from './difference.ts'
import { applyPatch } from './patch.ts'

describe('the difference of two values', () => {
  it('is a patch that makes the one of the other', () => {
    const value = fc.jsonValue({ maxDepth: 3 })
    fc.assert(
      fc.property(value, value, (from, to) => {
        assert.deepEqual(plain(applyPatch(from, difference(from, to))), plain(to))
      }),
      { numRuns: 2000 },
    )
  })

  it('is nothing for equal ones, whatever the order of members', () => {
    assert.deepEqual(difference({ a: 1, b: [2] }, { b: [2], a: 1 }), [])
  })

  const cases: readonly (readonly [
    what: string,
    from: unknown,
    to: unknown,
    operations: readonly string[],
  ])[] = [
    ['a member that is new', { a: 1 }, { a: 1, 'b/c': 2 }, ['add /b~1c']],
    ['an item at the end', { a: [1, 2] }, { a: [1, 2, 3] }, ['add /a/2']],
    ['an item in the middle', [1, 2, 3], [1, 3], ['remove /1']],
    ['a member of an item', [{ a: 1, b: 1 }], [{ a: 2, b: 1 }], ['replace /0/a']],
    ['a list that becomes a mapping', { a: [1] }, { a: { b: 1 } }, ['replace /a']],
    ['items taken from the middle', [1, 2, 3, 4, 5], [1, 5], ['remove /3', 'remove /2', 'remove /1']],
  ]
  for (const [what, from, to, operations] of cases)
    it(`tells of ${what} in ${operations.length === 1 ? 'one operation' : 'as many operations'}`, () => {
      assert.deepEqual(
        difference(from, to).map(({ op, path }) => `${op} ${path}`),
        operations,
      )
    })
})

/** Without -0, which JSON has not. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
