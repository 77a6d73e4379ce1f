import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterEach, describe, test } from 'node:test'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { systemClock } from '../../kernel/clock/system.ts'
import { ByteWriter } from '../../wire/http2/byte-writer.ts'
import { PREFACE } from '../../wire/http2/frame.ts'
import { FrameDecoder } from '../../wire/http2/frame-decoder.ts'
import { FrameLog, frame } from '../../wire/http2/frame-log-fake.ts'
import { HpackEncoder } from '../../wire/http2/hpack-encoder.ts'
import { listen, RawPeer, turns } from '../raw-peer-fake.ts'
import { createHttpServer, type Handler } from '../server/server.ts'
import { createHttpClient, type HttpClient, type HttpClientOptions } from './client.ts'
import type { HttpClientError } from './error.ts'

const clock = systemClock()
const open: { close(): void }[] = []

afterEach(() => {
  for (const one of open.splice(0).reverse()) one.close()
})

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push(server)
  return (server.address() as AddressInfo).port
}

function client(port: number, options: Partial<HttpClientOptions> = {}): HttpClient {
  const origin = new URL(`http://localhost:${port}`)
  const made = createHttpClient({ origin, clock, protocol: 'http2', ...options })
  open.push(made)
  return made
}

/** A server of node:http2, which is closed with all its sessions. */
async function nodeServer(
  onStream: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void,
  settings: http2.Settings = {},
): Promise<{ port: number; server: http2.Http2Server; sessions: Set<http2.ServerHttp2Session> }> {
  const server = http2.createServer({ settings })
  const sessions = new Set<http2.ServerHttp2Session>()
  server.on('session', session => {
    sessions.add(session)
    session.on('error', () => {})
    session.on('close', () => sessions.delete(session))
  })
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    stream.on('error', () => {})
    onStream(stream, headers)
  })
  open.push({
    close: () => {
      for (const session of sessions) session.destroy()
    },
  })
  return { port: await portOf(server), server, sessions }
}

async function ourServer(handler: Handler): Promise<number> {
  const engine = createHttpServer({ clock, handler })
  const port = await portOf(createServer(engine.accept))
  open.push(engine)
  return port
}

const echo = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void => {
  stream.respond(
    { ':status': 200, 'x-path': headers[':path'], 'x-test': headers['x-test'] },
    { waitForTrailers: true },
  )
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'done' }))
  stream.pipe(stream)
}

describe('a client that speaks HTTP/2 to node:http2', () => {
  test('sends many requests over one connection, with bodies, headers and trailers', async () => {
    const { port } = await nodeServer(echo)
    const one = client(port)
    await Promise.all(
      Array.from({ length: 60 }, async (_, at) => {
        const body = Buffer.from(`body ${at}`)
        const {
          status,
          headers,
          body: answer,
        } = await one.request({
          method: 'POST',
          path: `/${at}?q`,
          headers: { 'X-Test': at, Connection: 'keep-alive' },
          body,
        })
        assert.deepEqual(
          [status, headers.get('x-path'), headers.get('x-test')],
          [200, `/${at}?q`, String(at)],
        )
        assert.deepEqual(await answer.bytes(100), body)
        assert.equal(answer.trailers?.get('x-sum'), 'done')
      }),
    )
    assert.equal(one.connections, 1)
  })

  test('streams both ways far beyond every window', async () => {
    const { port } = await nodeServer(echo)
    const piece = Buffer.alloc(100_000, 'abcdefg')
    async function* body() {
      for (let at = 0; at < 60; at++) yield piece
    }
    const { body: answer } = await client(port).request({ method: 'PUT', path: '/', body: body() })
    assert.ok((await answer.bytes(1e7)).equals(Buffer.alloc(6_000_000, piece)))
  })

  test('keeps to the number of streams that the server takes, and opens more connections', async () => {
    let most = 0
    let now = 0
    let isFirst = true
    // A fourth stream cannot be on the first connection: nothing is answered before there is one.
    const fourth = Promise.withResolvers<void>()
    const { port, sessions } = await nodeServer(
      async stream => {
        most = Math.max(most, ++now)
        if (now === 4) fourth.resolve()
        if (!isFirst) await fourth.promise
        isFirst = false
        now--
        stream.respond({ ':status': 200 }, { endStream: true })
      },
      { maxConcurrentStreams: 3 },
    )
    const one = client(port, { maxConnections: 2 })
    await (await one.request({ method: 'GET', path: '/' })).body.bytes(10)
    await Promise.all(
      Array.from({ length: 40 }, async () => {
        const { status, body } = await one.request({ method: 'GET', path: '/' })
        await body.bytes(10)
        assert.equal(status, 200)
      }),
    )
    assert.ok(most <= 6, `${most} streams at once`)
    assert.equal(sessions.size, 2)
  })

  test('an aborted request resets its stream, and the connection goes on', async () => {
    const reset = Promise.withResolvers<number>()
    const { port } = await nodeServer((stream, headers) => {
      if (headers[':path'] === '/wait') stream.on('close', () => reset.resolve(stream.rstCode))
      else stream.respond({ ':status': 204 }, { endStream: true })
    })
    const one = client(port)
    const controller = new AbortController()
    const waiting = one.request({ method: 'GET', path: '/wait', signal: controller.signal })
    await (await one.request({ method: 'GET', path: '/' })).body.bytes(10)
    controller.abort()
    await assert.rejects(waiting, { code: 'aborted' })
    assert.equal(await reset.promise, http2.constants.NGHTTP2_CANCEL)
    assert.equal((await one.request({ method: 'GET', path: '/' })).status, 204)
    assert.equal(one.connections, 1)
  })

  test('a body that nobody wants any more is reset', async () => {
    const closed = Promise.withResolvers<void>()
    const { port } = await nodeServer(stream => {
      stream.on('close', closed.resolve)
      stream.respond({ ':status': 200 })
      stream.write('x')
    })
    const { body } = await client(port).request({ method: 'GET', path: '/' })
    body.discard()
    await closed.promise
  })

  test('a request that takes too long fails with timeout', async () => {
    const { port } = await nodeServer(() => {})
    await assert.rejects(client(port).request({ method: 'GET', path: '/', timeoutMs: 50 }), {
      code: 'timeout',
    })
  })

  test('a stream that the server breaks off fails with its code', async () => {
    const { port } = await nodeServer(stream => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR))
    await assert.rejects(client(port).request({ method: 'POST', path: '/' }), {
      code: 'reset',
      unsent: false,
      message: /INTERNAL_ERROR/,
    })
  })

  test('a refused stream is sent again, whatever its method', async () => {
    let refused = 0
    const { port } = await nodeServer(stream => {
      if (refused++ < 2) stream.close(http2.constants.NGHTTP2_REFUSED_STREAM)
      else stream.respond({ ':status': 200 }, { endStream: true })
    })
    assert.equal(
      (await client(port).request({ method: 'POST', path: '/', body: Buffer.from('a') })).status,
      200,
    )
    assert.equal(refused, 3)
  })

  test('a server that refuses for ever is not asked for ever', async () => {
    const { port } = await nodeServer(stream => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM))
    await assert.rejects(client(port).request({ method: 'GET', path: '/' }), { code: 'reset', unsent: true })
  })

  test('a connection that ends makes its requests fail', async () => {
    const { port, sessions } = await nodeServer(() => {
      for (const session of sessions) session.destroy()
    })
    await assert.rejects(client(port).request({ method: 'POST', path: '/' }), { code: 'reset' })
  })

  test('nobody there is connect_refused, and closing fails what is under way', async () => {
    const { port } = await nodeServer(() => {})
    const one = client(port)
    const waiting = one.request({ method: 'GET', path: '/' })
    one.close()
    await assert.rejects(waiting, { code: 'closed' })
    await assert.rejects(one.request({ method: 'GET', path: '/' }), { code: 'closed' })
    await assert.rejects(client(1).request({ method: 'GET', path: '/' }), {
      code: 'connect_refused',
      unsent: true,
    })
  })
})

describe('a client that speaks HTTP/2 frame by frame', () => {
  /** A server by hand: hears frames as lines, says frames. */
  async function byHand(
    answer: (line: string, say: (...frames: Buffer[]) => void, connection: number) => void,
  ) {
    let connections = 0
    const { port, server } = await listen(socket => {
      const connection = ++connections
      const peer = new RawPeer(socket)
      open.push({ close: () => socket.destroy() })
      const log = new FrameLog()
      const decoder = new FrameDecoder(log, { maxBlockBytes: 1e6, maxContinuations: 9 })
      const say = (...frames: Buffer[]): void => {
        for (const each of frames) peer.say(each.toString('latin1'))
      }
      say(frame(4, 0, 0, ''))
      let seen = 0
      let skipped = PREFACE.length
      socket.on('data', (chunk: Buffer) => {
        const from = Math.min(skipped, chunk.length)
        skipped -= from
        decoder.decode(chunk, from)
        for (; seen < log.lines.length; seen++) answer(log.lines[seen]!, say, connection)
      })
    })
    open.push(server)
    return port
  }

  const ok = (id: number): Buffer => {
    const out = new ByteWriter(Buffer.alloc(16))
    new HpackEncoder().field(out, ':status', '204')
    return frame(1, 5, id, out.bytes.toString('hex', 0, out.at))
  }

  test('what a GOAWAY says was not looked at goes to another connection', async () => {
    const port = await byHand((line, say, connection) => {
      const id = Number(/^headers (\d+)/.exec(line)?.[1])
      if (Number.isNaN(id)) return
      if (connection === 2) say(ok(id))
      else if (id === 3) say(frame(7, 0, 0, '0000000100000000'), ok(1))
    })
    const one = client(port)
    const answers = [1, 2].map(() => one.request({ method: 'POST', path: '/' }))
    assert.deepEqual(
      (await Promise.all(answers)).map(({ status }) => status),
      [204, 204],
    )
  })

  test('a server that falls silent is asked for a sign of life, and given up without one', async () => {
    for (const answers of [true, false]) {
      const time = new FakeClock()
      const asked = Promise.withResolvers<void>()
      const begun = Promise.withResolvers<void>()
      const answered = Promise.withResolvers<void>()
      const port = await byHand((line, say) => {
        if (line.startsWith('headers')) begun.resolve()
        if (/^settings [0-9a-f]/.test(line)) say(frame(4, 1, 0, ''))
        if (!line.startsWith('ping ')) return
        asked.resolve()
        if (answers) say(frame(6, 1, 0, line.slice(5)), ok(1))
      })
      const one = client(port, { clock: time })
      const waiting = one.request({ method: 'GET', path: '/' })
      waiting.then(
        () => answered.resolve(),
        () => answered.resolve(),
      )
      await begun.promise
      await turns()
      // The first silence counts what came before it.
      time.advance(31_000)
      time.advance(31_000)
      await asked.promise
      if (answers) await answered.promise
      time.advance(16_000)
      if (answers) assert.equal((await waiting).status, 204)
      else await assert.rejects(waiting, { code: 'timeout' })
    }
  })

  test('an unused connection is given back after a while', async () => {
    const time = new FakeClock()
    const port = await byHand((line, say) => {
      if (/^settings [0-9a-f]/.test(line)) say(frame(4, 1, 0, ''))
      if (line.startsWith('headers')) say(ok(1))
    })
    const one = client(port, { clock: time })
    assert.equal((await one.request({ method: 'GET', path: '/' })).status, 204)
    await turns()
    assert.equal(one.connections, 1)
    while (one.connections > 0) {
      time.advance(1_000)
      await turns(1)
    }
  })

  const nonsense: [what: string, frames: Buffer[], code: string][] = [
    ['DATA before the head', [frame(0, 1, 1, '61')], 'malformed_response'],
    ['a head without a status', [frame(1, 5, 1, '00 01 61 01 62')], 'malformed_response'],
    ['a pushed stream', [frame(5, 4, 1, '00000002 82')], 'malformed_response'],
    ['a broken header block', [frame(1, 5, 1, '80')], 'malformed_response'],
    ['a stream that nobody opened', [frame(1, 5, 7, '89')], 'malformed_response'],
  ]
  for (const [what, frames, code] of nonsense)
    test(`${what} is ${code}`, async () => {
      const port = await byHand((line, say) => {
        if (line.startsWith('headers')) say(...frames)
      })
      await assert.rejects(client(port).request({ method: 'GET', path: '/' }), { code })
    })
})

describe('our client and our server over HTTP/2', () => {
  test('a body is held back by a slow reader and arrives whole', async () => {
    const sent = Buffer.alloc(3_000_000, '0123456789')
    const port = await ourServer((_request, response) => response.send(200, {}, sent))
    const { body } = await client(port).request({ method: 'GET', path: '/' })
    const parts: Buffer[] = []
    for await (const part of body) {
      parts.push(part)
      await new Promise(resolve => setImmediate(resolve))
    }
    assert.ok(Buffer.concat(parts).equals(sent))
  })

  test('a pushed body and its answer pass without promises', async () => {
    const port = await ourServer(async (request, response) => {
      const body = response.start(200)
      for await (const chunk of request.body) await body.write(chunk)
      body.end({ 'x-end': request.body.trailers?.get('x-sum') ?? 'none' })
    })
    const heard: string[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    const exchange = client(port).exchange(
      {
        method: 'POST',
        head: 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
        buffers: [],
        stream: undefined,
        chunked: true,
        pushed: true,
        switches: false,
        replayable: false,
        close: false,
      },
      {
        ready: () => heard.push('ready'),
        head: head => {
          heard.push(String(head.status))
          exchange.put(Buffer.from('one'))
          setImmediate(() => exchange.end())
        },
        data: chunk => heard.push(String(chunk)),
        end: trailers => {
          heard.push(trailers?.get('x-end') ?? '')
          resolve()
        },
        fail: error => heard.push(error.message),
      },
    )
    await promise
    assert.deepEqual(heard, ['ready', '200', 'one', 'none'])
  })

  test('a pushed body that a server did not look at is not lost in silence: its sender decides', async () => {
    const { port } = await nodeServer(stream => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM))
    for (const [replayable, readies] of [
      [false, 1],
      [true, 4],
    ] as const) {
      let ready = 0
      const error = await new Promise<HttpClientError>(resolve =>
        client(port).exchange(
          {
            method: 'POST',
            head: 'POST / HTTP/1.1\r\nHost: a\r\n\r\n',
            buffers: [],
            stream: undefined,
            chunked: true,
            pushed: true,
            switches: false,
            replayable,
            close: false,
          },
          { ready: () => ready++, head() {}, data() {}, end() {}, fail: resolve },
        ),
      )
      assert.deepEqual([error.unsent, ready], [true, readies])
    }
  })
})
