import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import type { Duplex } from 'node:stream'
import { afterEach, describe, test } from 'node:test'
import type { RawPeer } from '../../../http/raw-peer-fake.ts'
import {
  readWebsocketFrames,
  type WebsocketBackend,
  websocketFrame,
  websocketHttp2Server,
  websocketServer,
} from '../../../http/websocket-fake.ts'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import { type FakeProxy, startProxy } from '../proxy-fake.ts'

const CLEAN_UP: (() => unknown)[] = []
const KEY = Buffer.from([1, 2, 3, 4])
const LARGE = 'x'.repeat(300_000)

afterEach(async () => {
  for (const one of CLEAN_UP.splice(0).reverse()) await one()
})

async function proxyBefore(
  backend: WebsocketBackend,
  upstream: object = {},
  clock?: FakeClock,
): Promise<FakeProxy> {
  CLEAN_UP.push(backend.close)
  const proxy = await startProxy([backend.address], {}, clock, upstream)
  CLEAN_UP.push(() => proxy[Symbol.asyncDispose]())
  return proxy
}

/** Says the messages one after another over a WebSocket of undici, and ends it; what came back, and the code. */
async function overHttp1(port: number, messages: readonly string[]): Promise<string[]> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chat?room=1`)
  const heard: string[] = []
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => socket.send(messages[0]!)
    socket.onerror = () => reject(new Error('no WebSocket'))
    socket.onmessage = ({ data }) => {
      heard.push(String(data))
      const next = messages[heard.length]
      if (next === undefined) socket.close(1000)
      else socket.send(next)
    }
    socket.onclose = ({ code }) => {
      heard.push(`closed ${code}`)
      resolve()
    }
  })
  return heard
}

/** Whatever it was that closed it. */
function closed(stream: Duplex): Promise<void> {
  return new Promise(resolve => stream.once('close', resolve))
}

async function connectStream(port: number, headers: object = {}): Promise<http2.ClientHttp2Stream> {
  const session = http2.connect(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  CLEAN_UP.push(() => session.destroy())
  await once(session, 'remoteSettings')
  const stream = session.request(
    {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'http',
      ':authority': 'chat.example',
      ':path': '/chat?room=1',
      'sec-websocket-version': '13',
      ...headers,
    },
    { endStream: false },
  )
  stream.on('error', () => {})
  return stream
}

async function overHttp2(port: number, messages: readonly string[]): Promise<string[]> {
  const stream = await connectStream(port)
  const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
  assert.equal(headers[':status'], 200)
  assert.equal(headers['sec-websocket-accept'], undefined, 'which HTTP/2 does not have')
  const heard: string[] = []
  const say = (): void => {
    const next = messages[heard.length]
    if (next === undefined) stream.write(websocketFrame(8, Buffer.from([3, 232]), KEY))
    else stream.write(websocketFrame(1, Buffer.from(next), KEY))
  }
  readWebsocketFrames(stream, (opcode, payload) => {
    if (opcode === 8) {
      heard.push(`closed ${payload.readUInt16BE(0)}`)
      stream.end()
      return
    }
    heard.push(payload.toString())
    say()
  })
  say()
  await once(stream, 'close')
  assert.equal(stream.rstCode, http2.constants.NGHTTP2_NO_ERROR)
  return heard
}

describe('a WebSocket goes through', () => {
  for (const [from, speak] of [
    ['HTTP/1.1', overHttp1],
    ['HTTP/2', overHttp2],
  ] as const)
    for (const [to, serve, protocol] of [
      ['HTTP/1.1', websocketServer, 'http1'],
      ['HTTP/2', websocketHttp2Server, 'http2'],
    ] as const)
      test(`from ${from} to ${to}, small and large, and to its orderly end`, async () => {
        const backend = await serve()
        const proxy = await proxyBefore(backend, { protocol })
        const heard = await speak(proxy.port, ['hello', LARGE, 'bye'])
        assert.deepEqual(heard, ['hello', LARGE, 'bye', 'closed 1000'])
        assert.match(backend.heads[0]!, /\/chat\?room=1/)
        assert.equal(backend.heads[0]!.includes('sec-websocket-key') && protocol === 'http2', false)
      })

  test('and may be silent for hours', async () => {
    const clock = new FakeClock()
    const proxy = await proxyBefore(await websocketServer(), {}, clock)
    const stream = await connectStream(proxy.port)
    await once(stream, 'response')
    for (let minute = 0; minute < 120; minute++) {
      clock.advance(60_000)
      await new Promise<void>(resolve => setImmediate(resolve))
    }
    const answer = new Promise<string>(resolve =>
      readWebsocketFrames(stream, (_, data) => resolve(`${data}`)),
    )
    stream.write(websocketFrame(1, Buffer.from('still here'), KEY))
    assert.equal(await answer, 'still here')
  })
})

describe('a WebSocket that a backend does not take', () => {
  for (const [what, answer, status, code] of [
    ['declined', 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n', 403, undefined],
    ['answered like a page', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi', 502, 'upstream_malformed'],
    [
      'agreed to for another key',
      'HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n',
      502,
      'upstream_malformed',
    ],
    [
      'answered with another protocol',
      'HTTP/1.1 101 x\r\nUpgrade: chat\r\nConnection: upgrade\r\n\r\n',
      502,
      'upstream_malformed',
    ],
  ] as const)
    test(`is ${status} over HTTP/2: ${what}`, async () => {
      const proxy = await proxyBefore(await websocketServer(() => answer))
      const stream = await connectStream(proxy.port)
      const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
      assert.equal(headers[':status'], status)
      assert.equal(headers['outrigger-error'], code)
    })

  test('is 502 before HTTP/2 without extended CONNECT', async () => {
    const proxy = await proxyBefore(await websocketHttp2Server(false), { protocol: 'http2' })
    const client = await proxy.client()
    client.say(`GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n`)
    await client.hears(/^HTTP\/1.1 502 [\s\S]*outrigger-error: upstream_connect_failed/)
  })

  test('is not asked for by a request with a body: its end would be another one for each side', async () => {
    const backend = await websocketServer(() => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')
    const proxy = await proxyBefore(backend)
    const client = await proxy.client()
    client.say(
      `POST / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 3\r\n\r\nabc`,
    )
    await client.hears(/hi$/)
    assert.doesNotMatch(backend.heads[0]!, /upgrade/i)
  })

  test('of another protocol than WebSocket does not go over HTTP/2, and the request does', async () => {
    const backend = await websocketHttp2Server()
    const proxy = await proxyBefore(backend, { protocol: 'http2' })
    const client = await proxy.client()
    client.say(`GET / HTTP/1.1\r\nHost: a\r\nUpgrade: chat\r\nConnection: upgrade\r\n\r\n`)
    await client.hears(/^HTTP\/1.1 403 /)
  })
})

describe('a broken WebSocket', () => {
  test('of the client over HTTP/2 breaks the backend off', async () => {
    const backend = await websocketServer()
    const proxy = await proxyBefore(backend)
    const stream = await connectStream(proxy.port)
    await once(stream, 'response')
    const gone = closed(backend.streams[0]!)
    stream.close(http2.constants.NGHTTP2_CANCEL)
    await gone
  })

  test('of the backend is CONNECT_ERROR to a client over HTTP/2', async () => {
    const backend = await websocketServer()
    const proxy = await proxyBefore(backend)
    const stream = await connectStream(proxy.port)
    await once(stream, 'response')
    const gone = closed(stream)
    ;(backend.streams[0] as import('node:net').Socket).resetAndDestroy()
    await gone
    assert.equal(stream.rstCode, http2.constants.NGHTTP2_CONNECT_ERROR)
  })

  test('of a backend over HTTP/2 ends the connection of a client over HTTP/1.1', async () => {
    const backend = await websocketHttp2Server()
    const proxy = await proxyBefore(backend, { protocol: 'http2' })
    const client: RawPeer = await proxy.client()
    client.say(
      `GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    )
    await client.hears(/^HTTP\/1.1 101 [\s\S]*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/)
    ;(backend.streams[0] as http2.ServerHttp2Stream).close(http2.constants.NGHTTP2_INTERNAL_ERROR)
    await client.gone()
  })
})
