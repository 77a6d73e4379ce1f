import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { spokenBy } from './first-bytes.ts'

describe('the first bytes of a connection', () => {
  for (const [text, expected] of [
    ['GET / HTTP/1.1\r\nHost', 'http'],
    ['GET / HTTP/1.0\n', 'http'],
    ['PROPFIND /x HTTP/1.1\r\n', 'http'],
    ['M-SEARCH * HTTP/1.1\r\n', 'http'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'http'],
    ['CONNECT a:443 HTTP/1.1\r\n', 'http'],
    ['', 'more'],
    ['GE', 'more'],
    ['GET /', 'more'],
    ['PRI * HTTP/2.0\r', 'more'],
    ['\x16\x03\x01', 'more'],
    ['GET key\r\n', 'other'],
    ['get key\r\n', 'other'],
    ['*1\r\n$4\r\nPING\r\n', 'other'],
    ['PING\r\n', 'other'],
    ['EHLO mail.example.com\r\n', 'other'],
    ['SSH-2.0-OpenSSH_9.2\r\n', 'other'],
    [' GET / HTTP/1.1\r\n', 'other'],
    ['\x00\x00\x00\x08\x04\xd2\x16\x2f', 'other'],
    ['\x16\x02\x00', 'other'],
    [`${'A'.repeat(30)} / HTTP/1.1\r\n`, 'other'],
    [`GET /${'a'.repeat(20_000)}`, 'other'],
  ] as const)
    test(`${JSON.stringify(text.slice(0, 40))} are ${expected}`, () => {
      const spoken = spokenBy(Buffer.from(text, 'latin1'))
      assert.equal(typeof spoken === 'string' ? spoken : spoken.kind, expected)
    })

  test('of any kind are decided or waited for, and a decision stands whatever follows', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 60 }), (first, then) => {
        const early = spokenBy(Buffer.from(first))
        if (early !== 'more') assert.deepEqual(spokenBy(Buffer.from([...first, ...then])), early)
      }),
    )
  })
})
