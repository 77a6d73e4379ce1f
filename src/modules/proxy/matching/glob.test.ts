import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Glob, pathGlob, textGlob } from './glob.ts'

for (const [pattern, holds, holdsNot] of [
  ['/a', ['/a'], ['/A', '/a/', '/ab', '']],
  ['/a/*', ['/a/', '/a/b', '/a/b/c'], ['/a', '/b/a/']],
  ['/a*', ['/a', '/ab', '/a/b'], ['/b']],
  ['/a/*/c', ['/a/b/c', '/a//c'], ['/a/b/b/c', '/a/c', '/a/b/cc']],
  ['/a/**/c', ['/a/b/c', '/a/b/b/c'], ['/a/c', '/a/b/d']],
  ['/a/*/c/*', ['/a/b/c/', '/a/b/c/d/e'], ['/a/b/d/c/e']],
  ['*/c', ['/c', 'b/c'], ['/b/c']],
  ['**/c', ['/c', '/b/c'], ['/c/']],
  ['*', ['', '/', '/a/b'], []],
  ['spiffe://*/ns/shop/sa/*', ['spiffe://cluster.local/ns/shop/sa/web'], ['spiffe://a/ns/b/ns/shop/sa/web']],
] as const)
  test(`path pattern ${pattern}`, () => {
    for (const path of holds) assert.ok(pathGlob(pattern).matches(path), path)
    for (const path of holdsNot) assert.ok(!pathGlob(pattern).matches(path), path)
  })

for (const [pattern, holds, holdsNot] of [
  ['*.shop.example', ['a.shop.example', 'a.b.shop.example'], ['shop.example', 'a.shop.example.evil']],
  ['a*c', ['ac', 'a/c', 'abbc'], ['ab', 'acd']],
  ['*b*', ['b', 'abc'], ['', 'ac']],
  ['a.c', ['a.c'], ['abc']],
] as const)
  test(`text pattern ${pattern}`, () => {
    for (const value of holds) assert.ok(textGlob(pattern).matches(value), value)
    for (const value of holdsNot) assert.ok(!textGlob(pattern).matches(value), value)
  })

const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '**', '.'), maxLength: 10 })
const value = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.'), maxLength: 12 })

function means(text: string, segments: boolean): RegExp {
  const source = text.replace(/\*+|[.]/g, (found, at: number) => {
    if (found === '.') return '\\.'
    return segments && found === '*' && at + 1 < text.length ? '[^/]*' : '.*'
  })
  return new RegExp(`^${source}$`)
}

for (const [name, make, segments] of [
  ['path', pathGlob, true],
  ['text', textGlob, false],
] as [string, (text: string) => Glob, boolean][])
  test(`a ${name} pattern matches what its regular expression matches`, () => {
    fc.assert(
      fc.property(pattern, value, (text, input) => {
        assert.equal(make(text).matches(input), means(text, segments).test(input))
      }),
      { numRuns: 5000 },
    )
  })

test('a hostile value takes no exponential time', () => {
  const many = pathGlob(`${'*a**'.repeat(40)}!x`)
  assert.equal(many.matches('a'.repeat(5000)), false)
})
