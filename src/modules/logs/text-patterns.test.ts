import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { expandTag } from './tags.ts'
import { checkPatterns, compilePatterns } from './text-patterns.ts'

const CASES: readonly [pattern: string, tag: string, meant: boolean][] = [
  ['*', '', true],
  ['*', 'kube.var.log', true],
  ['kube.*', 'kube.', true],
  ['kube.*', 'kube', false],
  ['*.log', 'app.log', true],
  ['*.log', 'app.logs', false],
  ['a*b*c', 'a-b-c', true],
  ['a*b*c', 'abc', true],
  ['a*b*c', 'acb', false],
  ['ab*ba', 'aba', false],
  ['app', 'app', true],
  ['app', 'apps', false],
  ['/^app\\.[0-9]+$/', 'app.17', true],
  ['/^app\\.[0-9]+$/', 'app.x', false],
  ['a+b', 'a+b', true],
]

for (const [pattern, tag, meant] of CASES) {
  test(`the tag "${tag}" is ${meant ? '' : 'not '}meant by ${pattern}`, () => {
    const filter = compilePatterns([pattern])
    assert.deepEqual([filter(tag), filter(tag)], [meant, meant])
  })
}

test('one pattern of several is enough, and none means nothing', () => {
  assert.equal(compilePatterns(['a', 'b*'])('bc'), true)
  assert.equal(compilePatterns([])('bc'), false)
})

test('stars mean what they mean in expressions', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 6 })
  const tag = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 10 })
  fc.assert(
    fc.property(word, tag, (pattern, tag) => {
      const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*')
      assert.equal(compilePatterns([pattern])(tag), new RegExp(`^${source}$`, 's').test(tag))
    }),
  )
})

test('a star in the tag of an input becomes the path with dots', () => {
  assert.equal(expandTag('kube.*', '/var/log/app.log'), 'kube.var.log.app.log')
  assert.equal(expandTag('app', '/var/log/app.log'), 'app')
  assert.equal(expandTag('*', 'stdout'), 'stdout')
})

test('an expression that does not parse is told with its place', () => {
  const [problem, ...more] = checkPatterns(['a*', '/(/'], ['outputs', 0, 'file', 'tags'])
  assert.deepEqual(problem.path, ['outputs', 0, 'file', 'tags', 1])
  assert.deepEqual(more, [])
})
