import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type EncodedSlashes, normalisePath } from './path.ts'

const cases: readonly [path: string, expected: string | undefined, slashes?: EncodedSlashes][] = [
  ['/', '/'],
  ['*', '*'],
  ['/a/b.c/', '/a/b.c/'],
  ['/a/../b', '/b'],
  ['/a/./b', '/a/b'],
  ['/a/..', '/'],
  ['/a/b/..', '/a/'],
  ['/a/.', '/a/'],
  ['/../../etc', '/etc'],
  ['//a///b', '/a/b'],
  ['/...', '/...'],
  ['/.well-known/x', '/.well-known/x'],
  ['/%61dmin', '/admin'],
  ['/%2e%2E/admin', '/admin'],
  ['/a%2fb', '/a/b'],
  ['/a%2f..%2fadmin', '/admin'],
  ['/a%5C..%5Cadmin', '/admin'],
  ['/a%2fb', '/a%2Fb', 'keep'],
  ['/a%5cb', '/a%5Cb', 'keep'],
  ['/a%2fb', undefined, 'refuse'],
  ['/a%20b', '/a%20b'],
  ['/a%c3%a9', '/a%C3%A9'],
  ['/a%252e', '/a%252e'],
  ['/a%00b', undefined],
  ['/a%zz', undefined],
  ['/a%', undefined],
  ['/a%2', undefined],
]

for (const [path, expected, slashes = 'decode'] of cases)
  test(`${path} becomes ${expected ?? 'a refusal'} (encoded slashes: ${slashes})`, () => {
    assert.equal(normalisePath(path, slashes), expected)
  })

test('a normalised path is normal: nothing changes the second time', () => {
  const part = fc.constantFrom('/', '.', '..', 'a', '%2e', '%2F', '%5c', '%61', '%20', '~', '%C3%A9', '//')
  fc.assert(
    fc.property(fc.array(part), fc.constantFrom('decode' as const, 'keep' as const), (parts, slashes) => {
      const once = normalisePath(`/${parts.join('')}`, slashes)!
      assert.equal(normalisePath(once, slashes), once)
      assert.doesNotMatch(once, /\/\/|\/\.{1,2}(?:\/|$)/)
    }),
  )
})
