import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HeaderList } from '../../../../wire/http1/headers.ts'
import { DEFAULT_HEAD_LIMITS } from '../../../../wire/http1/limits.ts'
import { readRequest } from '../../../../wire/http2/message.ts'
import type { Observed } from '../observed.ts'
import { fakeObserved } from '../observed-fake.ts'
import { grpcStatus, protocolOf, TimeText } from './facts.ts'

describe('the protocol of a request', () => {
  for (const version of ['HTTP/1.0', 'HTTP/1.1'])
    test(version, () => assert.equal(protocolOf(fakeObserved(`GET / ${version}\r\nHost: a\r\n`)), version))

  test('HTTP/2', () => {
    const list = [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/']
    const head = readRequest(list, true, DEFAULT_HEAD_LIMITS)
    assert.equal(protocolOf({ request: { head } } as unknown as Observed), 'HTTP/2')
  })
})

describe('the status of a gRPC call', () => {
  for (const [trailers, answer, status] of [
    ['0', undefined, 0],
    ['14', undefined, 14],
    [undefined, '5', 5],
    [undefined, undefined, undefined],
    ['x', undefined, undefined],
  ] as const)
    test(`trailers ${trailers}, answer ${answer}`, () => {
      const fields = (value: string | undefined) =>
        value === undefined ? undefined : new HeaderList(['grpc-status', value])
      const observed = { trailers: fields(trailers), answer: fields(answer) } as Observed
      assert.equal(grpcStatus(observed), status)
    })
})

test('times are written as ISO 8601 does, also when the clock goes back', () => {
  const text = new TimeText()
  for (const ms of [1_769_860_800_250, 1_769_860_800_999.9, 1_769_860_801_000, 1_769_860_799_001])
    assert.equal(text.of(ms), new Date(Math.floor(ms)).toISOString())
})
