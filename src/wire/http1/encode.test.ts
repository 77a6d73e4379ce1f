import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  chunkStart,
  encodeRequestHead,
  encodeResponseHead,
  HeaderInjectionError,
  lastChunk,
} from './encode.ts'
import { HeaderList } from './headers.ts'

describe('a head', () => {
  for (const [name, value] of [
    ['X', 'a\r\nSet-Cookie: b'],
    ['X', 'a\nb'],
    ['X', 'a\rb'],
    ['X', 'a\0b'],
    ['X', 'a\u010ab'],
    ['X', 'a\u010db'],
    ['X', '日本'],
    ['X', 'a\x7f'],
    ['X\r\nY', 'a'],
    ['X:', 'a'],
    ['X Y', 'a'],
    ['', 'a'],
    ['\u0130', 'a'],
  ] as const)
    test(`is never written with the field ${JSON.stringify(`${name}: ${value}`)}`, () => {
      const headers = new HeaderList([name, value])
      assert.throws(() => encodeResponseHead(200, headers), HeaderInjectionError)
      assert.throws(() => encodeRequestHead('GET', '/', headers), HeaderInjectionError)
      assert.throws(() => lastChunk(headers), HeaderInjectionError)
    })

  for (const [method, target] of [
    ['GE T', '/'],
    ['GET\r\n', '/'],
    ['', '/'],
    ['GET', '/ HTTP/1.1\r\nX: y'],
    ['GET', '/a b'],
    ['GET', ''],
    ['GET', '/\u010a'],
  ] as const)
    test(`is never written with the request line ${JSON.stringify(`${method} ${target}`)}`, () => {
      assert.throws(() => encodeRequestHead(method, target, new HeaderList()), HeaderInjectionError)
    })

  for (const status of [99, 1000, 200.5, Number.NaN])
    test(`is never written with the status ${status}`, () => {
      assert.throws(() => encodeResponseHead(status, new HeaderList()), HeaderInjectionError)
    })

  test('keeps order and case of its fields', () => {
    const headers = HeaderList.from({ 'x-B': 1, 'X-a': ['2', '3'] })
    assert.equal(
      encodeResponseHead(404, headers),
      'HTTP/1.1 404 Not Found\r\nx-B: 1\r\nX-a: 2\r\nX-a: 3\r\n\r\n',
    )
  })

  test('of a status that has no phrase ends its first line with a space', () => {
    assert.equal(encodeResponseHead(599, new HeaderList()), 'HTTP/1.1 599 \r\n\r\n')
  })
})

test('an empty chunk is not written, for it would end the body', () => {
  assert.throws(() => chunkStart(0), RangeError)
})

describe('a header list', () => {
  test('is looked up without regard to case', () => {
    const headers = new HeaderList(['Content-Type', 'a', 'X', '1', 'x', '2'])
    assert.equal(headers.get('content-type'), 'a')
    assert.equal(headers.get('CONTENT-TYPE'), 'a')
    assert.deepEqual(headers.getAll('X'), ['1', '2'])
    assert.equal(headers.combined('x'), '1, 2')
    assert.equal(headers.combined('y'), undefined)
    assert.equal(headers.has('Y'), false)
  })

  test('sets in place and removes the other lines of the name', () => {
    const headers = new HeaderList(['A', '1', 'b', '2', 'a', '3', 'c', '4'])
    headers.set('a', '9')
    assert.deepEqual(headers.raw, ['A', '9', 'b', '2', 'c', '4'])
    headers.delete('B')
    headers.set('D', '5')
    assert.deepEqual(headers.raw, ['A', '9', 'c', '4', 'D', '5'])
  })

  test('finds a token in comma lists over several lines', () => {
    const headers = new HeaderList(['Connection', 'a, Close', 'connection', 'x'])
    assert.equal(headers.lists('connection', 'close'), true)
    assert.equal(headers.lists('connection', 'X'), true)
    assert.equal(headers.lists('connection', 'clos'), false)
  })
})

describe('a list that was received', () => {
  const received = () => HeaderList.ofLines('Host: a\r\nX-Empty: \r\nx-two: 1\r\nX-Two: 2, 3\r\n')

  test('is read like any other', () => {
    const list = received()
    assert.equal(list.size, 4)
    assert.deepEqual(list.getAll('X-TWO'), ['1', '2, 3'])
    assert.equal(list.combined('x-two'), '1, 2, 3')
    assert.equal(list.get('x-empty'), '')
    assert.equal(list.has('x'), false)
    assert.deepEqual([list.steeringAt(0), list.steeringAt(2)], ['host', ''])
    assert.deepEqual(list.raw, ['Host', 'a', 'X-Empty', '', 'x-two', '1', 'X-Two', '2, 3'])
  })

  test('is handed on in pieces of its text', () => {
    const list = received()
    assert.equal(list.lines(1, 3), 'X-Empty: \r\nx-two: 1\r\n')
    assert.equal(list.lines(2, 2), '')
    assert.equal(list.allLines(), 'Host: a\r\nX-Empty: \r\nx-two: 1\r\nX-Two: 2, 3\r\n')
  })

  test('is written as it was edited, and what was added is checked', () => {
    const list = received()
    list.set('X-two', '9')
    list.delete('host')
    assert.equal(list.allLines(), 'X-Empty: \r\nx-two: 9\r\n')
    list.append('X', 'a\r\nb: c')
    assert.throws(() => list.allLines(), HeaderInjectionError)
  })
})

describe('fields are copied from a list', () => {
  for (const [kind, list] of [
    ['of lines', () => HeaderList.ofLines('Host: a\r\nX: 1\r\nY: 2\r\n')],
    ['of names and values', () => new HeaderList(['Host', 'a', 'X', '1', 'Y', '2'])],
  ] as const)
    test(`${kind}, with others between them`, () => {
      const from = list()
      const to = from.likewise()
      to.append('Host', 'b')
      to.copy(from, 1, 2)
      to.add('Z', '3')
      to.copy(from, 2, 3)
      assert.equal(to.size, 4)
      assert.equal(to.get('z'), '3')
      assert.equal(to.allLines(), 'Host: b\r\nX: 1\r\nZ: 3\r\nY: 2\r\n')
      assert.throws(() => {
        to.append('V', 'a\r\nb: c')
        to.allLines()
      }, HeaderInjectionError)
      assert.equal(from.allLines(), 'Host: a\r\nX: 1\r\nY: 2\r\n')
    })
})
