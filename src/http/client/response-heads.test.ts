import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseResponseHead, type ResponseHead } from '../../wire/http1/head.ts'
import { DEFAULT_HEAD_LIMITS } from '../../wire/http1/limits.ts'
import { ResponseHeads } from './response-heads.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n'
const TEXTS = [
  OK,
  OK.replace('5', '6'),
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n',
  'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n',
  'HTTP/1.1 204 No Content\r\n',
  'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n',
  'HTTP/1.1 100 Continue\r\n',
  'HTTP/1.1 200 OK\r\n',
  `${OK}X:  spaced \r\n`,
  `${OK}X: ${'y'.repeat(2000)}\r\n`,
  `${OK}Content-Length: 5\r\n`,
  `${OK}Transfer-Encoding: chunked\r\n`,
  'HTTP/1.1 2000 OK\r\n',
  `${OK}Connection: close\r\nKeep-Alive: timeout=5\r\n`,
]

function verdict(read: () => ResponseHead): unknown {
  try {
    const { headers, ...head } = read()
    return { ...head, fields: [...headers] }
  } catch (error) {
    return String(error)
  }
}

describe('the heads that an origin answers with', () => {
  test('are read as if each were the first, whatever was asked before', () => {
    const asked = fc.tuple(fc.constantFrom(...TEXTS), fc.constantFrom('GET', 'HEAD', 'CONNECT'))
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 30 }), answers => {
        const heads = new ResponseHeads(DEFAULT_HEAD_LIMITS)
        for (const [text, method] of answers)
          for (let time = 0; time < 2; time++)
            assert.deepEqual(
              verdict(() => heads.read(text, method)),
              verdict(() => parseResponseHead(text, method, DEFAULT_HEAD_LIMITS)),
            )
      }),
      { numRuns: 1000 },
    )
  })

  test('have no body after HEAD, though the same text had one after GET', () => {
    const heads = new ResponseHeads(DEFAULT_HEAD_LIMITS)
    assert.deepEqual(heads.read(OK, 'GET').framing, { kind: 'length', length: 5 })
    assert.deepEqual(heads.read(OK, 'HEAD').framing, { kind: 'none' })
    assert.deepEqual(heads.read(OK, 'GET').framing, { kind: 'length', length: 5 })
  })
})
