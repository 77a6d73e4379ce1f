import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beginsTls } from './detect.ts'

for (const [what, bytes, expected] of [
  ['a ClientHello', [22, 3, 1, 2, 0, 1], true],
  ['its first byte alone', [22], true],
  ['another version', [22, 2], false],
  ['an alert', [21, 3, 1], false],
  ['GET', [0x47, 0x45, 0x54], false],
  ['the preface of HTTP/2', [0x50, 0x52, 0x49], false],
] as const)
  test(`${what} ${expected ? 'begins' : 'is not'} TLS`, () => {
    assert.equal(beginsTls(Uint8Array.from(bytes)), expected)
  })
