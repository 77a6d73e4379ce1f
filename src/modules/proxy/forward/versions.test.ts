// Messages that go from one version of HTTP to the other keep what they say.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, test } from 'node:test'
import type { RawPeer } from '../../../http/raw-peer-fake.ts'
import { type FakeProxy, type RawBackend, rawBackend, startProxy } from '../proxy-fake.ts'

const CLEAN_UP: (() => unknown)[] = []
afterEach(async () => {
  for (const one of CLEAN_UP.splice(0).reverse()) await one()
})

async function proxied(address: string, upstream: object = {}): Promise<FakeProxy> {
  const proxy = await startProxy([address], {}, undefined, upstream)
  CLEAN_UP.push(() => proxy[Symbol.asyncDispose]())
  return proxy
}

/** A client of HTTP/2, and a backend of HTTP/1.1 whose bytes the test says. */
async function down(
  headers: http2.OutgoingHttpHeaders = {},
  endStream = true,
): Promise<{ stream: http2.ClientHttp2Stream; backend: RawBackend; peer: RawPeer; proxy: FakeProxy }> {
  const backend = await rawBackend()
  CLEAN_UP.push(backend.close)
  const proxy = await proxied(backend.address)
  const session = http2.connect(`http://127.0.0.1:${proxy.port}`)
  session.on('error', () => {})
  CLEAN_UP.push(() => session.destroy())
  const stream = session.request({ ':path': '/', ...headers }, { endStream })
  stream.on('error', () => {})
  return { stream, backend, peer: await backend.next(), proxy }
}

type Handler = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void

/** A client of HTTP/1.1 whose bytes the test says, and a backend of HTTP/2. */
async function up(
  handler: Handler,
): Promise<{ client: RawPeer; server: http2.Http2Server; proxy: FakeProxy }> {
  const server = http2.createServer()
  const sessions = new Set<http2.ServerHttp2Session>()
  server.on('session', (session: http2.ServerHttp2Session) => sessions.add(session))
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    stream.on('error', () => {})
    handler(stream, headers)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  CLEAN_UP.push(() => {
    server.close()
    for (const session of sessions) session.destroy()
  })
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const proxy = await proxied(address, { protocol: 'http2' })
  return { client: await proxy.client(), server, proxy }
}

async function responseOf(stream: http2.ClientHttp2Stream): Promise<http2.IncomingHttpHeaders> {
  return (await once(stream, 'response'))[0]
}

async function textOf(stream: http2.ClientHttp2Stream): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += chunk
  return text
}

describe('from HTTP/2 to HTTP/1.1', () => {
  test('a request has one Host, one Cookie, and nothing that only HTTP/2 has', async () => {
    const { peer } = await down({ ':authority': 'shop.example:81', cookie: ['a=b', 'c=d'], te: 'trailers' })
    const heard = await peer.hears(/\r\n\r\n$/)
    assert.match(heard, /^GET \/ HTTP\/1\.1\r\nHost: shop\.example:81\r\n/)
    assert.match(heard, /\r\ncookie: a=b; c=d\r\n/)
    assert.match(heard, /\r\nte: trailers\r\n[\s\S]*\r\nConnection: TE\r\n/)
    assert.doesNotMatch(heard, /\r\n:|transfer-encoding|content-length/i)
  })

  test('a body of unknown length is chunked, and its trailers go with it', async () => {
    const { stream, peer } = await down({ ':method': 'POST' }, false)
    stream.write('abc')
    await peer.hears(/\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n$/)
    stream.end('d')
    await peer.hears(/1\r\nd\r\n0\r\n\r\n$/)
  })

  test('the trailers of a chunked answer come after its body', async () => {
    const { stream, peer } = await down({ te: 'trailers' })
    const trailers = once(stream, 'trailers')
    await peer.hears(/\r\n\r\n$/)
    peer.say(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nKeep-Alive: timeout=5\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 9\r\n\r\n',
    )
    const headers = await responseOf(stream)
    assert.deepEqual(
      [headers['transfer-encoding'], headers['keep-alive'], headers.connection],
      [undefined, undefined, undefined],
    )
    assert.equal(await textOf(stream), 'hi')
    assert.equal((await trailers)[0]['x-sum'], '9')
  })

  test('interim answers pass, and 100 asks for the body', async () => {
    const { stream, peer } = await down(
      { ':method': 'PUT', expect: '100-continue', 'content-length': '2' },
      false,
    )
    const hints = once(stream, 'headers')
    await peer.hears(/expect: 100-continue\r\n[\s\S]*\r\n\r\n$/)
    peer.say('HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n')
    const [early] = (await hints) as [http2.IncomingHttpHeaders]
    assert.deepEqual([early[':status'], early['link']], [103, '</a.css>'])
    const go = once(stream, 'continue')
    peer.say('HTTP/1.1 100 Continue\r\n\r\n')
    await go
    stream.end('ok')
    await peer.hears(/ok$/)
    peer.say('HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n')
    assert.equal((await responseOf(stream))[':status'], 201)
  })

  test('HEAD has the length and no body', async () => {
    const { stream, peer } = await down({ ':method': 'HEAD' })
    await peer.hears(/^HEAD \/ /)
    peer.say('HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n')
    assert.equal((await responseOf(stream))['content-length'], '42')
    assert.equal(await textOf(stream), '')
  })

  test('an answer before the end of the request ends the exchange, and the connection to the backend', async () => {
    const { stream, peer } = await down({ ':method': 'POST' }, false)
    stream.write('abc')
    await peer.hears(/abc\r\n$/)
    peer.say('HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno')
    assert.equal((await responseOf(stream))[':status'], 413)
    assert.equal(await textOf(stream), 'no')
    await peer.end()
    assert.doesNotMatch(peer.heard, /0\r\n\r\n$/, 'it must not look complete')
  })

  test('an answer that breaks off resets the stream, and a reset breaks the request off', async () => {
    const { stream, peer } = await down()
    await peer.hears(/\r\n\r\n$/)
    const closed = new Promise<void>(resolve => stream.once('close', resolve))
    peer.say('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')
    await responseOf(stream)
    peer.socket.destroy()
    stream.resume()
    await closed
    assert.equal(stream.rstCode, http2.constants.NGHTTP2_INTERNAL_ERROR)
    const other = await down({ ':method': 'POST' }, false)
    other.stream.write('abc')
    await other.peer.hears(/abc\r\n$/)
    other.stream.close(http2.constants.NGHTTP2_CANCEL)
    await other.peer.end()
  })

  test('a drain lets the request under way end, and tells the client to go', async () => {
    const { stream, peer, proxy } = await down()
    await peer.hears(/\r\n\r\n$/)
    const goaway = once(stream.session!, 'goaway')
    const drained = proxy.running.drain!(
      { remainingMs: () => 1000, signal: new AbortController().signal },
      'ending',
    )
    await goaway
    peer.say('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')
    assert.equal((await responseOf(stream))[':status'], 200)
    assert.equal(await textOf(stream), 'hi')
    await drained
  })
})

describe('from HTTP/1.1 to HTTP/2', () => {
  test('a request loses what HTTP/2 does not have, and names its authority once', async () => {
    const got = Promise.withResolvers<http2.IncomingHttpHeaders>()
    const { client } = await up((stream, headers) => {
      got.resolve(headers)
      stream.respond({ ':status': 204 }, { endStream: true })
    })
    client.say(
      'GET /a?b HTTP/1.1\r\nHOST: shop.example\r\nConnection: keep-alive, X-Private\r\nKeep-Alive: 5\r\nX-Private: 1\r\nX-Kept: 2\r\nTE: trailers, gzip\r\n\r\n',
    )
    await client.hears(/^HTTP\/1\.1 204 No Content\r\n/)
    const headers = await got.promise
    assert.deepEqual(
      [headers[':method'], headers[':authority'], headers[':path'], headers['x-kept'], headers['te']],
      ['GET', 'shop.example', '/a?b', '2', 'trailers'],
    )
    assert.deepEqual(
      [headers['x-private'], headers['keep-alive'], headers.host],
      [undefined, undefined, undefined],
    )
  })

  test('chunks and trailers pass both ways', async () => {
    const { client } = await up(stream => {
      const trailers = once(stream, 'trailers')
      stream.respond({ ':status': 200 }, { waitForTrailers: true })
      stream.on('data', chunk => stream.write(chunk))
      stream.on('end', () => stream.end())
      stream.on('wantTrailers', async () => {
        const [got] = (await trailers) as [http2.IncomingHttpHeaders]
        stream.sendTrailers({ 'x-echo': got['x-sum'] })
      })
    })
    client.say(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\nHost: evil\r\n\r\n',
    )
    await client.hears(/\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-echo: 7\r\n\r\n$/)
  })

  test('Expect is answered, interim answers pass, and none goes to HTTP/1.0', async () => {
    const { client, proxy } = await up(stream => {
      stream.additionalHeaders({ ':status': 103, link: '</a.css>' })
      stream.on('data', () => {})
      stream.on('end', () => {
        stream.respond({ ':status': 200, 'content-length': '2' })
        stream.end('ok')
      })
    })
    client.say('PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n')
    await client.hears(/HTTP\/1\.1 100 Continue\r\n\r\n/)
    client.say('hi')
    await client.hears(
      /HTTP\/1\.1 103 Early Hints\r\nlink: <\/a\.css>\r\n[\s\S]*HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nok$/,
    )
    const old = await proxy.client()
    old.say('PUT / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi')
    assert.match(await old.end(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nok$/)
  })

  test('a stream that the backend resets in its answer breaks the client off', async () => {
    const { client } = await up(stream => {
      // Without them node:http2 would end the stream before it resets it.
      stream.respond({ ':status': 200 }, { waitForTrailers: true })
      stream.write('abc')
      setImmediate(() => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR))
    })
    client.say('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.gone()
    assert.doesNotMatch(client.heard, /0\r\n\r\n$/)
  })

  test('a client that goes cancels its stream, and the connection serves others', async () => {
    const first = Promise.withResolvers<http2.ServerHttp2Stream>()
    const { client, proxy } = await up((stream, headers) => {
      if (headers[':path'] === '/slow') first.resolve(stream)
      else stream.respond({ ':status': 204 }, { endStream: true })
    })
    client.say('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
    const stream = await first.promise
    const { session } = stream
    stream.resume()
    const aborted = new Promise<void>(resolve => stream.once('close', resolve))
    client.socket.resetAndDestroy()
    await aborted
    assert.equal(stream.rstCode, http2.constants.NGHTTP2_CANCEL)
    const next = await proxy.client()
    next.say('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await next.hears(/^HTTP\/1\.1 204 /)
    assert.equal(session!.closed, false)
  })

  test('an answer that is shorter than it says breaks the client off, and the connection serves others', async () => {
    const { client, proxy } = await up((stream, headers) => {
      stream.respond({ ':status': 200, 'content-length': '5' })
      stream.end(headers[':path'] === '/short' ? 'abc' : 'hello')
    })
    client.say('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.hears(/hello$/)
    client.say('GET /short HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.gone()
    assert.doesNotMatch(client.heard, /abc\w\w$/)
    const next = await proxy.client()
    next.say('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await next.hears(/hello$/)
  })
})
