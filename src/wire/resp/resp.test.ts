import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { encodeCommand, type Reply, ReplyError, ReplyReader, RespProtocolError } from './resp.ts'

describe('RESP', () => {
  it('writes a command', () =>
    assert.equal(encodeCommand(['SET', 'a', '']), '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$0\r\n\r\n'))

  for (const [text, reply] of [
    ['+OK\r\n', 'OK'],
    ['-NOSCRIPT no\r\n', new ReplyError('NOSCRIPT no')],
    [':-12\r\n', -12],
    ['$3\r\na\r\n\r\n', 'a\r\n'],
    ['$2\r\n\r\n\r\n', '\r\n'],
    ['$-1\r\n', null],
    ['*-1\r\n', null],
    ['*0\r\n', []],
    ['*2\r\n:1\r\n*1\r\n+a\r\n', [1, ['a']]],
  ] as const)
    it(`reads ${JSON.stringify(text)}, in whatever pieces it comes`, () => {
      fc.assert(
        fc.property(fc.array(fc.nat(text.length)), cuts => {
          const reader = new ReplyReader()
          const places = [0, ...cuts.toSorted((a, b) => a - b), text.length]
          const replies: Reply[] = []
          for (let at = 1; at < places.length; at++)
            replies.push(...reader.push(text.slice(places[at - 1], places[at])))
          assert.deepEqual(replies, [reply])
        }),
      )
    })

  for (const text of [
    'HTTP/1.1 200 OK\r\n',
    '$1\r\nab\r\n',
    ':a\r\n',
    '$-2\r\n',
    '$9999999\r\n',
    '*99999\r\n',
    '*1\r\n'.repeat(9),
  ])
    it(`refuses ${JSON.stringify(text.slice(0, 20))}`, () =>
      assert.throws(() => new ReplyReader().push(text), RespProtocolError))

  it('refuses a line without end', () =>
    assert.throws(() => new ReplyReader().push(`+${'a'.repeat(2 << 20)}`), RespProtocolError))
})
