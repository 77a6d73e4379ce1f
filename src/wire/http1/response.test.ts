import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ResponseHead } from './head.ts'
import { readMessage } from './read-message.ts'

function reading(bytes: string, method = 'GET') {
  return readMessage([Buffer.from(bytes, 'latin1')], 'response', method)
}

const ok = (lines: string, body = ''): string => `HTTP/1.1 200 OK\r\n${lines}\r\n${body}`

describe('a response is refused', () => {
  for (const [name, bytes, reason] of [
    ['LF alone', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', 'bare_lf'],
    ['CR alone', 'HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n', 'bare_cr'],
    ['NUL', 'HTTP/1.1 200 OK\r\nX: a\0\r\n\r\n', 'nul_byte'],
    ['an empty line before the status line', `\r\n${ok('')}`, 'bad_status_line'],
    ['HTTP/2.0', 'HTTP/2.0 200 OK\r\n\r\n', 'unsupported_version'],
    ['HTTP/0.9', 'HTTP/0.9 200 OK\r\n\r\n', 'unsupported_version'],
    ['lower-case version', 'http/1.1 200 OK\r\n\r\n', 'bad_status_line'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 'bad_status_line'],
    ['two digits of status', 'HTTP/1.1 20 OK\r\n\r\n', 'bad_status_line'],
    ['four digits of status', 'HTTP/1.1 2000 OK\r\n\r\n', 'bad_status_line'],
    ['a status under 100', 'HTTP/1.1 099 OK\r\n\r\n', 'bad_status_line'],
    ['two spaces before the status', 'HTTP/1.1  200 OK\r\n\r\n', 'bad_status_line'],
    ['control characters in the reason', 'HTTP/1.1 200 O\x01K\r\n\r\n', 'bad_status_line'],
    ['a folded header', ok('X: a\r\n b\r\n'), 'folded_header'],
    ['a space before the colon', ok('Content-Length : 3\r\n', 'abc'), 'space_before_colon'],
    ['length and coding', ok('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n'), 'length_and_encoding'],
    ['two lengths', ok('Content-Length: 3\r\nContent-Length: 4\r\n', 'abc'), 'duplicate_content_length'],
    [
      'two equal lengths',
      ok('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc'),
      'duplicate_content_length',
    ],
    ['a signed length', ok('Content-Length: +3\r\n', 'abc'), 'bad_content_length'],
    ['gzip as the only coding', ok('Transfer-Encoding: gzip\r\n'), 'bad_transfer_encoding'],
    ['two codings', ok('Transfer-Encoding: gzip, chunked\r\n'), 'unsupported_transfer_encoding'],
    ['a coding in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'encoding_in_http10'],
    ['Content_Length', ok('Content_Length: 3\r\n', 'abc'), 'ambiguous_header_name'],
    ['a bad chunk size', ok('Transfer-Encoding: chunked\r\n', '0x1\r\na\r\n'), 'bad_chunk_size'],
    ['101 headers', ok('X: a\r\n'.repeat(101)), 'too_many_headers'],
    ['a head over 64 KiB', ok(`X: ${'a'.repeat(70_000)}\r\n`), 'head_too_large'],
    ['a status line over 8 KiB', `HTTP/1.1 200 ${'a'.repeat(9000)}\r\n\r\n`, 'head_too_large'],
  ] as const)
    test(`for ${name}`, () => {
      const result = reading(bytes)
      assert.equal(result.verdict, 'refused', JSON.stringify(result))
      assert.equal((result as { reason: string }).reason, reason)
    })

  test('for bad framing even where it has no body', () => {
    assert.equal(
      reading(ok('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n'), 'HEAD').verdict,
      'refused',
    )
    assert.equal(reading('HTTP/1.1 304 NM\r\nContent-Length: x\r\n\r\n').verdict, 'refused')
  })
})

describe('the body of a response', () => {
  for (const [name, bytes, method, kind] of [
    ['a length', ok('Content-Length: 3\r\n', 'abc'), 'GET', 'length'],
    ['a length of zero', ok('Content-Length: 0\r\n'), 'GET', 'none'],
    ['chunked', ok('Transfer-Encoding: chunked\r\n', '1\r\na\r\n0\r\n\r\n'), 'GET', 'chunked'],
    ['nothing said', ok('', 'abc'), 'GET', 'until_close'],
    ['HEAD', ok('Content-Length: 3\r\n'), 'HEAD', 'none'],
    ['HEAD, chunked', ok('Transfer-Encoding: chunked\r\n'), 'HEAD', 'none'],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', 'GET', 'none'],
    ['304 with a length', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n', 'GET', 'none'],
    ['100', 'HTTP/1.1 100 Continue\r\n\r\n', 'POST', 'none'],
    ['CONNECT that succeeded', ok(''), 'CONNECT', 'none'],
    ['CONNECT that failed', 'HTTP/1.1 502 x\r\nContent-Length: 1\r\n\r\na', 'CONNECT', 'length'],
  ] as const)
    test(`is framed by ${kind}: ${name}`, () => {
      const result = reading(bytes, method)
      assert.equal(result.verdict, 'read', JSON.stringify(result))
      assert.equal((result as { head: ResponseHead }).head.framing.kind, kind)
    })

  test('that ends with the connection ends its persistence', () => {
    assert.equal((reading(ok('', 'abc')) as { head: ResponseHead }).head.persistent, false)
    assert.equal((reading(ok('Content-Length: 0\r\n')) as { head: ResponseHead }).head.persistent, true)
  })

  for (const line of ['HTTP/1.1 200', 'HTTP/1.1 200 ', 'HTTP/1.0 999 Odd', 'HTTP/1.1 200 caf\xe9'])
    test(`"${line}" is a status line`, () => assert.equal(reading(`${line}\r\n\r\n`).verdict, 'read'))
})
