import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_HEAD_LIMITS } from '../http1/limits.ts'
import { readRequest, readResponse, readTrailers } from './message.ts'

const PSEUDO = [':method', 'GET', ':scheme', 'http', ':authority', 'a.example:8080', ':path', '/x?y=1']
const without = (name: string): string[] => {
  const at = PSEUDO.indexOf(name)
  return PSEUDO.toSpliced(at, 2)
}
const replaced = (name: string, value: string): string[] => PSEUDO.with(PSEUDO.indexOf(name) + 1, value)
const read = (list: string[], endStream = true) => readRequest(list, endStream, DEFAULT_HEAD_LIMITS)

describe('a request over HTTP/2', () => {
  test('has the shape of one over HTTP/1.1', () => {
    const { headers, ...head } = read([...PSEUDO, 'x-a', '1', 'cookie', 'a=1', 'cookie', 'b=2'])
    assert.deepEqual(head, {
      method: 'GET',
      target: '/x?y=1',
      form: 'origin',
      path: '/x',
      search: 'y=1',
      scheme: 'http',
      authority: 'a.example:8080',
      minor: 1,
      framing: { kind: 'none' },
      persistent: true,
      expectsContinue: false,
      upgrade: false,
      protocol: undefined,
    })
    assert.deepEqual(headers.raw, ['host', 'a.example:8080', 'x-a', '1', 'cookie', 'a=1; b=2'])
  })

  test('takes its authority from host when that is all there is', () => {
    const head = read([...without(':authority'), 'host', 'b.example'])
    assert.equal(head.authority, 'b.example')
    assert.deepEqual(head.headers.raw, ['host', 'b.example'])
  })

  test('knows how its body is framed', () => {
    assert.deepEqual(read(PSEUDO, false).framing, { kind: 'chunked' })
    assert.deepEqual(read([...PSEUDO, 'content-length', '5'], false).framing, { kind: 'length', length: 5 })
  })

  test('is a tunnel with CONNECT, plain or extended', () => {
    const plain = read([':method', 'CONNECT', ':authority', 'a.example:443'], false)
    assert.deepEqual([plain.form, plain.target, plain.protocol], ['authority', 'a.example:443', undefined])
    const extended = read([...replaced(':method', 'CONNECT'), ':protocol', 'websocket'], false)
    assert.deepEqual([extended.form, extended.path, extended.protocol], ['origin', '/x', 'websocket'])
  })

  const malformed: [what: string, list: string[]][] = [
    ['no :method', without(':method')],
    ['no :scheme', without(':scheme')],
    ['no :path', without(':path')],
    ['no authority at all', without(':authority')],
    ['an empty :path', replaced(':path', '')],
    ['a :path that is a URL', replaced(':path', 'http://a.example/')],
    ['a :path with a fragment', replaced(':path', '/a#b')],
    ['a :path with a space', replaced(':path', '/a HTTP/1.1')],
    ['a :path with CR LF', replaced(':path', '/a\r\nx: y')],
    ['* without OPTIONS', replaced(':path', '*')],
    ['a :method with a space', replaced(':method', 'GET /')],
    ['a :scheme with a colon', replaced(':scheme', 'http://')],
    ['an :authority with userinfo', replaced(':authority', 'u@a')],
    ['an :authority with a path', replaced(':authority', 'a/b')],
    ['a pseudo-header twice', [...PSEUDO, ':path', '/']],
    ['a pseudo-header after a header', [...PSEUDO.slice(2), 'x', '1', ':method', 'GET']],
    ['an unknown pseudo-header', [...PSEUDO, ':x', '1']],
    ['a pseudo-header of responses', [...PSEUDO, ':status', '200']],
    [':protocol without CONNECT', [...PSEUDO, ':protocol', 'websocket']],
    ['CONNECT with a path', replaced(':method', 'CONNECT')],
    ['a host that differs', [...PSEUDO, 'host', 'b.example']],
    ['two hosts', [...PSEUDO, 'host', 'a.example:8080', 'host', 'a.example:8080']],
    ['an upper-case name', [...PSEUDO, 'X-A', '1']],
    ['a name with a colon', [...PSEUDO, 'x:y', '1']],
    ['an empty name', [...PSEUDO, '', '1']],
    ['a value with LF', [...PSEUDO, 'x', 'a\nb']],
    ['a value with CR', [...PSEUDO, 'x', 'a\rb']],
    ['a value with NUL', [...PSEUDO, 'x', 'a\0b']],
    ['a value that begins with a space', [...PSEUDO, 'x', ' a']],
    ['a value that ends with a tab', [...PSEUDO, 'x', 'a\t']],
    ['connection', [...PSEUDO, 'connection', 'close']],
    ['keep-alive', [...PSEUDO, 'keep-alive', 'timeout=5']],
    ['proxy-connection', [...PSEUDO, 'proxy-connection', 'keep-alive']],
    ['transfer-encoding', [...PSEUDO, 'transfer-encoding', 'chunked']],
    ['transfer_encoding', [...PSEUDO, 'transfer_encoding', 'chunked']],
    ['upgrade', [...PSEUDO, 'upgrade', 'websocket']],
    ['te with more than trailers', [...PSEUDO, 'te', 'trailers, deflate']],
    ['a malformed content-length', [...PSEUDO, 'content-length', '+1']],
    ['two content-lengths', [...PSEUDO, 'content-length', '0', 'content-length', '0']],
    ['a content-length without a body', [...PSEUDO, 'content-length', '1']],
  ]
  for (const [what, list] of malformed)
    test(`is malformed with ${what}`, () => {
      assert.throws(() => read(list), { name: 'MessageFault' })
    })

  const answered: [status: number, what: string, list: string[]][] = [
    [414, 'a long path', replaced(':path', `/${'a'.repeat(9000)}`)],
    [417, 'an unknown expectation', [...PSEUDO, 'expect', 'tea']],
    [431, 'too many headers', [...PSEUDO, ...Array(101).fill(['x', '1']).flat()]],
  ]
  for (const [status, what, list] of answered)
    test(`with ${what} is answered with ${status}`, () => {
      assert.throws(() => read(list), { name: 'Http1Error', status })
    })
})

describe('a response over HTTP/2', () => {
  test('has a status, headers and maybe a length', () => {
    const { headers, ...head } = readResponse([':status', '200', 'content-length', '3', 'x', '1'])
    assert.deepEqual(head, { status: 200, contentLength: 3 })
    assert.deepEqual(headers.raw, ['content-length', '3', 'x', '1'])
  })

  const malformed: [what: string, list: string[]][] = [
    ['no status', ['x', '1']],
    ['a status of two digits', [':status', '20']],
    ['101', [':status', '101']],
    ['a pseudo-header of requests', [':status', '200', ':path', '/']],
    ['connection', [':status', '200', 'connection', 'close']],
  ]
  for (const [what, list] of malformed)
    test(`is malformed with ${what}`, () => {
      assert.throws(() => readResponse(list), { name: 'MessageFault' })
    })
})

describe('trailers over HTTP/2', () => {
  test('are kept, but for those that may not stand there', () => {
    assert.deepEqual(readTrailers(['grpc-status', '0', 'cookie', 'a=1'])?.raw, ['grpc-status', '0'])
    assert.equal(readTrailers(['host', 'a']), undefined)
  })

  for (const name of [':status', 'content-length', 'transfer-encoding', 'X-Upper'])
    test(`are malformed with ${name}`, () => {
      assert.throws(() => readTrailers([name, '1']), { name: 'MessageFault' })
    })
})
