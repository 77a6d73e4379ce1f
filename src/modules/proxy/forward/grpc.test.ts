import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, test } from 'node:test'
import { turns } from '../../../http/raw-peer-fake.ts'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import { HeaderList } from '../../../wire/http1/headers.ts'
import { type FakeProxy, startProxy } from '../proxy-fake.ts'
import { grpcTimeoutMs } from './grpc.ts'

const CLEAN_UP: (() => unknown)[] = []
afterEach(async () => {
  for (const one of CLEAN_UP.splice(0).reverse()) await one()
})

type Handler = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void

/** A backend of node:http2, the proxy before it, and a client. */
async function call(
  handler: Handler,
  headers: object = {},
  clock?: FakeClock,
): Promise<{ stream: http2.ClientHttp2Stream; proxy: FakeProxy; backend: Promise<http2.ServerHttp2Stream> }> {
  const server = http2.createServer()
  const sessions = new Set<http2.ServerHttp2Session>()
  server.on('session', session => sessions.add(session))
  const backend = Promise.withResolvers<http2.ServerHttp2Stream>()
  server.on('stream', (stream: http2.ServerHttp2Stream, got) => {
    stream.on('error', () => {})
    handler(stream, got)
    backend.resolve(stream)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  CLEAN_UP.push(() => {
    server.close()
    for (const session of sessions) session.destroy()
  })
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const proxy = await startProxy([address], {}, clock, { protocol: 'http2' })
  CLEAN_UP.push(() => proxy[Symbol.asyncDispose]())
  const session = http2.connect(`http://127.0.0.1:${proxy.port}`)
  session.on('error', () => {})
  CLEAN_UP.push(() => session.destroy())
  const stream = session.request(
    {
      ':method': 'POST',
      ':path': '/shop.Cart/Add',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    },
    { endStream: false },
  )
  stream.on('error', () => {})
  stream.write(Buffer.from([0, 0, 0, 0, 1, 97]))
  return { stream, proxy, backend: backend.promise }
}

const OPEN: http2.ServerStreamResponseOptions = { waitForTrailers: true }

function started(stream: http2.ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, OPEN)
  stream.write(Buffer.from([0, 0, 0, 0, 1, 98]))
}

async function trailersOf(stream: http2.ClientHttp2Stream): Promise<http2.IncomingHttpHeaders> {
  const trailers = once(stream, 'trailers')
  stream.resume()
  return (await trailers)[0]
}

describe('a call of gRPC', () => {
  test('passes with its messages, and its status in the trailers', async () => {
    const { stream } = await call(
      (backend, headers) => {
        assert.deepEqual([headers['te'], headers['grpc-timeout']], ['trailers', '5S'])
        started(backend)
        backend.on('wantTrailers', () => backend.sendTrailers({ 'grpc-status': '0', 'x-cost': '3' }))
        backend.end()
      },
      { 'grpc-timeout': '5S' },
    )
    const trailers = await trailersOf(stream)
    assert.deepEqual([trailers['grpc-status'], trailers['x-cost']], ['0', '3'])
  })

  test('whose answer is trailers alone gets it as one frame of headers', async () => {
    const { stream } = await call(backend =>
      backend.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' },
        { endStream: true },
      ),
    )
    const [headers, flags] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders, number]
    assert.equal(headers['grpc-status'], '5')
    assert.equal((flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0, true)
  })

  test('that is not answered by its deadline is ended with DEADLINE_EXCEEDED, towards both sides', async () => {
    const clock = new FakeClock()
    const { stream, backend } = await call(() => {}, { 'grpc-timeout': '200m' }, clock)
    const upstream = await backend
    const cancelled = once(upstream, 'aborted')
    clock.advance(500)
    const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
    assert.deepEqual([headers[':status'], headers['grpc-status']], [200, '4'])
    await cancelled
    assert.equal(upstream.rstCode, http2.constants.NGHTTP2_CANCEL)
  })

  test('whose answer is under way at its deadline ends with DEADLINE_EXCEEDED in the trailers', async () => {
    const clock = new FakeClock()
    const { stream, proxy } = await call(started, { 'grpc-timeout': '1S' }, clock)
    await once(stream, 'response')
    clock.advance(2000)
    const trailers = await trailersOf(stream)
    assert.equal(trailers['grpc-status'], '4')
    assert.equal(
      proxy.host.metric('requests_total', {
        listener: 'front',
        route: '',
        cluster: 'back',
        class: '2xx',
        failure: 'timeout',
        source: '',
      }),
      1,
    )
  })

  test('that breaks within its answer ends with UNAVAILABLE in the trailers', async () => {
    const { stream, backend } = await call(started)
    await once(stream, 'response')
    ;(await backend).close(http2.constants.NGHTTP2_INTERNAL_ERROR)
    const trailers = await trailersOf(stream)
    assert.equal(trailers['grpc-status'], '14')
    assert.match(decodeURIComponent(String(trailers['grpc-message'])), /^upstream_reset: /)
  })

  test('may be silent for hours in both directions', async () => {
    const clock = new FakeClock()
    const { stream, backend } = await call(() => {}, {}, clock)
    const upstream = await backend
    await turns()
    for (let second = 0; second < 7200; second += 10) {
      clock.advance(10_000)
      await turns(5)
    }
    const heard = new Promise<Buffer>(resolve => upstream.on('data', resolve))
    stream.write(Buffer.from([0, 0, 0, 0, 1, 99]))
    await heard
    started(upstream)
    const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
    assert.equal(headers[':status'], 200)
  })
})

for (const [text, expected] of [
  ['1H', 3_600_000],
  ['2M', 120_000],
  ['3S', 3000],
  ['99999999m', 99_999_999],
  ['1500u', 1.5],
  ['0S', 0],
  ['5', undefined],
  ['123456789S', undefined],
  ['-1S', undefined],
  ['1s', undefined],
] as const)
  test(`grpc-timeout ${text} is ${expected} ms`, () =>
    assert.equal(grpcTimeoutMs(new HeaderList(['grpc-timeout', text])), expected))
