import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startOrder, withDependents } from './start-order.ts'

function configured(needs: Record<string, string[]>) {
  return new Map(Object.entries(needs).map(([name, needed]) => [name, { module: { needs: needed } }]))
}

describe('modules start', () => {
  const cases: [what: string, needs: Record<string, string[]>, order: string][] = [
    ['as in the file', { a: [], b: [], c: [] }, 'a b c'],
    ['after what they need', { proxy: ['secrets'], logs: [], secrets: [] }, 'secrets proxy logs'],
    ['after what that needs', { a: ['b'], b: ['c'], c: [] }, 'c b a'],
    ['without what is not configured', { proxy: ['secrets'], logs: [] }, 'proxy logs'],
    ['once, though two need them', { a: ['c'], b: ['c'], c: [] }, 'c a b'],
  ]
  for (const [what, needs, order] of cases) {
    test(what, () => assert.equal(startOrder(configured(needs)).join(' '), order))
  }

  test('never when they need each other', () => {
    assert.throws(() => startOrder(configured({ a: ['b'], b: ['a'] })), /in a circle: a → b → a/)
  })
})

test('what needs a module goes with it, through others too', () => {
  const modules = configured({ a: ['b'], b: ['c'], c: [], d: [] })
  assert.deepEqual([...withDependents(['c'], modules)].sort(), ['a', 'b', 'c'])
  assert.deepEqual([...withDependents([], modules)], [])
})
