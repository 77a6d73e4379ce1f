import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RequestHead } from './head.ts'
import { readMessage } from './read-message.ts'
import { ACCEPTED_REQUESTS, REFUSED_REQUESTS } from './request-cases.ts'

function reading(bytes: string) {
  return readMessage([Buffer.from(bytes, 'latin1')], 'request')
}

function readHead(bytes: string): RequestHead {
  const result = reading(bytes)
  assert.equal(result.verdict, 'read', JSON.stringify(result))
  return (result as { head: RequestHead }).head
}

describe('a request is refused', () => {
  for (const { name, bytes, reason, status } of REFUSED_REQUESTS)
    test(`for ${name}`, () => assert.deepEqual(reading(bytes), { verdict: 'refused', reason, status }))
})

describe('a request is read', () => {
  for (const [name, bytes] of ACCEPTED_REQUESTS)
    test(`with ${name}`, () => {
      const result = reading(bytes)
      assert.equal(result.verdict, 'read', JSON.stringify(result))
    })
})

describe('a request head', () => {
  test('keeps order, case and repetition of its headers, without white space around values', () => {
    const head = readHead('GET /a?b=c HTTP/1.1\r\nhOST: a\r\nX-One:  1 \r\nx-one:2\r\n\r\n')
    assert.deepEqual(head.headers.raw, ['hOST', 'a', 'X-One', '1', 'x-one', '2'])
    assert.deepEqual([head.path, head.search, head.form, head.authority], ['/a', 'b=c', 'origin', 'a'])
  })

  test('takes the authority of an absolute target instead of the Host header', () => {
    const head = readHead('GET http://b:81/c?d HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.deepEqual([head.authority, head.path, head.search, head.form], ['b:81', '/c', 'd', 'absolute'])
  })

  for (const [target, path, search] of [
    ['http://b', '/', ''],
    ['http://b?c', '/', 'c'],
    ['http://b/?c?d', '/', 'c?d'],
  ] as const)
    test(`${target} is for the path ${path}`, () => {
      const head = readHead(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)
      assert.deepEqual([head.path, head.search], [path, search])
    })

  for (const [lines, version, persistent] of [
    ['', '1.1', true],
    ['Connection: close\r\n', '1.1', false],
    ['Connection: x, CLOSE\r\n', '1.1', false],
    ['Connection: x\r\nConnection: close\r\n', '1.1', false],
    ['Connection: keep-alive\r\n', '1.1', true],
    ['Connection: closed\r\n', '1.1', true],
    ['', '1.0', false],
    ['Connection: Keep-Alive\r\n', '1.0', true],
    ['Connection: keep-alive, close\r\n', '1.0', false],
  ] as const)
    test(`HTTP/${version} ${lines.trim() || 'without Connection'}: persistent ${persistent}`, () => {
      assert.equal(readHead(`GET / HTTP/${version}\r\nHost: a\r\n${lines}\r\n`).persistent, persistent)
    })

  for (const [lines, version, upgrade] of [
    ['Upgrade: websocket\r\nConnection: Upgrade\r\n', '1.1', true],
    ['Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n', '1.1', true],
    ['Upgrade: websocket\r\n', '1.1', false],
    ['Connection: upgrade\r\n', '1.1', false],
    ['Upgrade: websocket\r\nConnection: Upgrade\r\n', '1.0', false],
  ] as const)
    test(`HTTP/${version} ${lines.trim().replace('\r\n', ', ')}: upgrade ${upgrade}`, () => {
      assert.equal(readHead(`GET / HTTP/${version}\r\nHost: a\r\n${lines}\r\n`).upgrade, upgrade)
    })

  test('expects 100-continue in HTTP/1.1 only', () => {
    const lines = 'Host: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx'
    assert.equal(readHead(`PUT / HTTP/1.1\r\n${lines}`).expectsContinue, true)
    assert.equal(readHead(`PUT / HTTP/1.0\r\n${lines}`).expectsContinue, false)
  })

  test('drops trailers that would steer framing, routing or credentials', () => {
    const [, bytes] = ACCEPTED_REQUESTS.find(([name]) => name === 'trailers that have no say')!
    assert.deepEqual((reading(bytes) as { trailers: readonly string[] }).trailers, ['X', 'y'])
  })

  test('leaves the bytes of the next request alone', () => {
    const result = reading('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nabGET')
    assert.equal((result as { body: string }).body, 'ab')
    assert.equal((result as { restBytes: number }).restBytes, 3)
  })
})
