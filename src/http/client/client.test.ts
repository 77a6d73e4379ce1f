import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { listen, RawPeer, turns } from '../raw-peer-fake.ts'
import { createHttpClient, type HttpClient, type HttpClientOptions } from './client.ts'
import type { HttpClientErrorCode } from './error.ts'
import type { ClientRequest } from './request.ts'
import type { ClientResponse } from './response.ts'

const GET: ClientRequest = { method: 'GET', path: '/' }
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

let clock: FakeClock
let client: HttpClient
let listener: Server
let port: number
/** The server's ends of the connections, in the order in which they were made. */
let peers: RawPeer[]
let arrived: (() => void) | undefined

function open(options: Partial<HttpClientOptions> = {}): HttpClient {
  client?.close()
  client = createHttpClient({ origin: new URL(`http://127.0.0.1:${port}`), clock, ...options })
  return client
}

async function nthPeer(index: number): Promise<RawPeer> {
  while (peers[index] === undefined)
    await new Promise<void>(resolve => {
      arrived = resolve
    })
  return peers[index]
}

/** A request, and what the server heard of it. */
async function ask(request: ClientRequest, answer = OK, index = 0) {
  const peer0 = peers[index]
  if (peer0) peer0.forget()
  const response = client.request(request)
  response.catch(() => {})
  const peer = await nthPeer(index)
  const heard = await peer.hears(/\r\n\r\n/)
  peer.say(answer)
  return { heard, peer, response }
}

async function text(response: Promise<{ body: { bytes(max: number): Promise<Buffer> } }>): Promise<string> {
  return (await (await response).body.bytes(1_000_000)).toString()
}

async function fails(promise: Promise<unknown>, code: HttpClientErrorCode, message = /./): Promise<void> {
  await assert.rejects(promise, error => {
    assert.equal((error as { code: string }).code, code, String(error))
    assert.match((error as Error).message, message)
    return true
  })
}

beforeEach(async () => {
  clock = new FakeClock()
  peers = []
  ;({ server: listener, port } = await listen((socket: Socket) => {
    peers.push(new RawPeer(socket))
    arrived?.()
  }))
  open()
})

afterEach(async () => {
  client.close()
  listener.close()
  for (const peer of peers) {
    peer.socket.destroy()
    await peer.gone()
  }
  await turns()
  assert.equal(client.connections, 0, 'every connection is let go')
  assert.equal(clock.pending, 0, 'no timer is left')
})

describe('a request', () => {
  test('is written with Host first and its headers in order', async () => {
    const { heard, response } = await ask({ ...GET, path: '/a?b=c', headers: { 'X-b': '1', accept: '*/*' } })
    assert.equal(heard, `GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-b: 1\r\naccept: */*\r\n\r\n`)
    assert.equal(await text(response), 'ok')
  })

  test('may name another Host', async () => {
    const { heard, response } = await ask({ ...GET, headers: { host: 'b.example' } })
    assert.equal(heard, 'GET / HTTP/1.1\r\nHost: b.example\r\n\r\n')
    await text(response)
  })

  for (const [name, body, expected] of [
    ['a Buffer', Buffer.from('abc'), /Content-Length: 3\r\n\r\nabc$/],
    ['several Buffers', [Buffer.from('ab'), Buffer.from('c')], /Content-Length: 3\r\n\r\nabc$/],
    ['an empty Buffer', Buffer.alloc(0), /Content-Length: 0\r\n\r\n$/],
    ['nothing', undefined, /Content-Length: 0\r\n\r\n$/],
  ] as const)
    test(`carries ${name}`, async () => {
      const { response, peer } = await ask({ method: 'POST', path: '/', ...(body && { body }) })
      await peer.hears(expected)
      await text(response)
    })

  test('carries a stream in chunks', async () => {
    async function* body(): AsyncGenerator<Buffer> {
      yield Buffer.from('abc')
      yield Buffer.alloc(0)
      yield Buffer.from('de')
    }
    const response = client.request({ method: 'POST', path: '/', body: body() })
    const peer = await nthPeer(0)
    await peer.hears(/Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n$/)
    peer.say(OK)
    assert.equal(await text(response), 'ok')
  })

  test('whose stream fails breaks its connection', async () => {
    // biome-ignore lint/correctness/useYield: fails before it yields
    async function* body(): AsyncGenerator<Buffer> {
      throw new Error('the source is gone')
    }
    await fails(client.request({ method: 'POST', path: '/', body: body() }), 'aborted')
  })

  test('that would break its head is refused before anything is sent', async () => {
    await assert.rejects(client.request({ ...GET, path: '/ HTTP/1.1\r\nX: y' }), {
      name: 'HeaderInjectionError',
    })
    await assert.rejects(client.request({ ...GET, headers: { a: 'b\r\nc: d' } }), {
      name: 'HeaderInjectionError',
    })
    assert.equal(client.connections, 0)
  })
})

describe('a response', () => {
  test('is read by length, in chunks with trailers, and to the end of the connection', async () => {
    const one = await ask(
      GET,
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n',
    )
    const response = await one.response
    assert.equal((await response.body.bytes(10)).toString(), 'ok')
    assert.equal(response.body.trailers?.get('x'), 'y')
    const two = await ask(GET, 'HTTP/1.1 200 OK\r\n\r\nto the ')
    two.peer.socket.end('end')
    assert.equal(await text(two.response), 'to the end')
  })

  test('comes after any interim ones', async () => {
    const { response } = await ask(
      GET,
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}`,
    )
    assert.equal(await text(response), 'ok')
  })

  test('may be iterated', async () => {
    const { response, peer } = await ask(GET, 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc')
    let heard = ''
    for await (const chunk of (await response).body) {
      heard += chunk
      if (heard === 'abc') peer.say('def')
    }
    assert.equal(heard, 'abcdef')
  })

  test('that is not read stops the server', async () => {
    const { response, peer } = await ask(GET, 'HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n')
    peer.say('x'.repeat(20_000_000))
    const { body } = await response
    await turns(100)
    assert.ok(peer.socket.writableLength > 0, 'the server could not send all of it')
    assert.equal((await body.bytes(20_000_000)).length, 20_000_000)
  })

  test('larger than its reader takes is an error', async () => {
    const { response } = await ask(GET, 'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890')
    const { body } = await response
    await fails(body.bytes(10), 'too_large', /larger than 10 bytes/)
  })

  test('that is cut short is an error', async () => {
    const { response, peer } = await ask(GET, 'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n012')
    peer.socket.end()
    const { body } = await response
    await fails(body.bytes(100), 'reset', /before the response was complete/)
  })

  for (const [name, bytes] of [
    ['another protocol', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['length and coding', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['bare LF', 'HTTP/1.1 200 OK\n\n'],
    [
      '101 that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    ],
    ['too large a head', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}\r\n\r\n`],
    ['interim responses without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)],
  ] as const)
    test(`is refused: ${name}`, async () => {
      const { response, peer } = await ask(GET, bytes)
      await fails(response, 'malformed_response', /127\.0\.0\.1/)
      await peer.end()
    })

  test('with a malformed body fails its reader', async () => {
    const { response } = await ask(GET, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n')
    await fails(text(response), 'malformed_response')
  })
})

describe('a connection', () => {
  test('is used again, the youngest first', async () => {
    const first = await ask(GET)
    const second = await ask(GET, OK, 1)
    await text(first.response)
    await text(second.response)
    await text((await ask(GET, OK, 1)).response)
    assert.equal(peers.length, 2)
  })

  for (const [name, answer] of [
    ['Connection: close', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['bytes after the response', `${OK}HTTP/1.1 200 OK\r\n\r\n`],
  ] as const)
    test(`is not used again after ${name}`, async () => {
      await text((await ask(GET, answer)).response)
      assert.equal(client.connections, 0)
      await text((await ask(GET, OK, 1)).response)
    })

  test('on which bytes come unasked is dropped', async () => {
    const { peer, response } = await ask(GET)
    await text(response)
    peer.say(OK)
    await peer.end()
    assert.equal(client.connections, 0)
  })

  test('is closed after 3 s without use', async () => {
    const { peer, response } = await ask(GET)
    await text(response)
    clock.advance(2_900)
    assert.equal(client.connections, 1)
    clock.advance(400)
    assert.equal(client.connections, 0)
    await peer.end()
  })

  test('is closed before the time that the server promised to keep it', async () => {
    const answer = 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2, max=9\r\nContent-Length: 2\r\n\r\nok'
    await text((await ask(GET, answer)).response)
    clock.advance(1_300)
    assert.equal(client.connections, 0)
  })

  test('whose response is discarded is used again when little is left', async () => {
    const { response, peer } = await ask(GET, 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc')
    ;(await response).body.discard()
    peer.say('def')
    await turns()
    await text((await ask(GET)).response)
    assert.equal(peers.length, 1)
  })

  test('whose response is discarded is closed when much is left', async () => {
    const { response, peer } = await ask(GET, 'HTTP/1.1 200 OK\r\nContent-Length: 60000000\r\n\r\nabc')
    ;(await response).body.discard()
    await peer.end()
    assert.equal(client.connections, 0)
  })

  test('that is idle when the server closes it is forgotten', async () => {
    const { peer, response } = await ask(GET)
    await text(response)
    peer.socket.end()
    await peer.end()
    await turns()
    assert.equal(client.connections, 0)
  })
})

describe('a kept connection that turns out to be closed', () => {
  /** One good exchange, and then a request on the same connection that the server resets unanswered. */
  async function stale(request: ClientRequest): Promise<{ promise: Promise<ClientResponse> }> {
    const { peer, response } = await ask(GET)
    await text(response)
    peer.forget()
    const second = client.request(request)
    second.catch(() => {})
    await peer.hears(/\r\n\r\n/)
    peer.socket.resetAndDestroy()
    return { promise: second }
  }

  async function replayed(request: ClientRequest): Promise<string> {
    const { promise } = await stale(request)
    const peer = await nthPeer(1)
    await peer.hears(/\r\n\r\n/)
    peer.say(OK)
    return text(promise)
  }

  for (const method of ['GET', 'PUT', 'DELETE'])
    test(`is replaced for ${method}`, async () => {
      assert.equal(await replayed({ method, path: '/' }), 'ok')
    })

  test('is replaced for POST when it may be replayed', async () => {
    assert.equal(
      await replayed({ method: 'POST', path: '/', body: Buffer.from('x'), replayable: true }),
      'ok',
    )
    assert.match(peers[1]!.heard, /\r\n\r\nx$/)
  })

  test('is replaced with all of a body that goes out in parts', async () => {
    const body = Buffer.alloc(1_000_000, 'x')
    const { promise } = await stale({ method: 'POST', path: '/', body, replayable: true })
    const peer = await nthPeer(1)
    await peer.hears(({ heard }) => heard.length - heard.indexOf('\r\n\r\n') - 4 >= body.length)
    peer.say(OK)
    assert.equal(await text(promise), 'ok')
    assert.ok(peer.heard.endsWith(`Content-Length: 1000000\r\n\r\n${body}`))
  })

  for (const request of [
    { method: 'POST', path: '/' },
    { method: 'GET', path: '/', replayable: false },
  ])
    test(`fails ${request.method}${'replayable' in request ? ' that may not be replayed' : ''}`, async () => {
      const { promise } = await stale(request)
      await fails(promise, 'reset')
      assert.equal(peers.length, 1)
    })

  test('is replaced once only', async () => {
    const { promise } = await stale(GET)
    const peer = await nthPeer(1)
    await peer.hears(/\r\n\r\n/)
    peer.socket.resetAndDestroy()
    await fails(promise, 'reset')
  })

  test('fails when a byte of the response has come', async () => {
    const { peer, response } = await ask(GET)
    await text(response)
    const second = await ask(GET, 'HTTP')
    await turns()
    peer.socket.resetAndDestroy()
    await fails(second.response, 'reset')
  })

  test('is replaced though no other connection is allowed', async () => {
    open({ maxConnections: 1 })
    assert.equal(await replayed(GET), 'ok')
  })
})

test('a fresh connection that is reset is not tried again', async () => {
  const response = client.request(GET)
  const peer = await nthPeer(0)
  await peer.hears(/\r\n\r\n/)
  peer.socket.resetAndDestroy()
  await fails(response, 'reset')
  assert.equal(peers.length, 1)
})

describe('when all connections are busy', () => {
  test('requests wait in order', async () => {
    open({ maxConnections: 1 })
    const first = client.request({ ...GET, path: '/1' })
    const second = client.request({ ...GET, path: '/2' })
    const third = client.request({ ...GET, path: '/3' })
    const peer = await nthPeer(0)
    for (const [path, response] of [
      ['/1', first],
      ['/2', second],
      ['/3', third],
    ] as const) {
      await peer.hears(({ heard }) => heard.includes(`GET ${path} `))
      peer.say(OK)
      await text(response)
    }
    assert.equal(peers.length, 1)
  })

  test('over the limit a request fails at once', async () => {
    open({ maxConnections: 1, maxQueued: 1 })
    const waiting = [client.request(GET), client.request(GET)]
    for (const one of waiting) one.catch(() => {})
    await fails(client.request(GET), 'queue_full')
    client.close()
    for (const one of waiting) await fails(one, 'closed')
  })

  test('a waiting request keeps to its time', async () => {
    open({ maxConnections: 1 })
    const first = client.request(GET)
    first.catch(() => {})
    const second = client.request({ ...GET, timeoutMs: 1000 })
    second.catch(() => {})
    await nthPeer(0)
    clock.advance(1_300)
    await fails(second, 'timeout', /became free/)
  })

  test('a waiting request gets a new connection when the busy one breaks', async () => {
    open({ maxConnections: 1 })
    const first = client.request({ method: 'POST', path: '/1' })
    first.catch(() => {})
    const second = client.request({ ...GET, path: '/2' })
    await (await nthPeer(0)).hears(/\r\n\r\n/)
    peers[0]!.socket.resetAndDestroy()
    await fails(first, 'reset')
    const peer = await nthPeer(1)
    await peer.hears(/\/2/)
    peer.say(OK)
    assert.equal(await text(second), 'ok')
  })
})

describe('time and signals', () => {
  test('a response that does not come in time is an error, and its connection is closed', async () => {
    const response = client.request({ ...GET, timeoutMs: 5000 })
    response.catch(() => {})
    const peer = await nthPeer(0)
    await peer.hears(/\r\n\r\n/)
    clock.advance(4_900)
    assert.equal(client.connections, 1)
    clock.advance(400)
    await fails(response, 'timeout', /did not answer in time/)
    await peer.end()
  })

  test('a body that does not come in time is an error', async () => {
    const { response } = await ask(
      { ...GET, timeoutMs: 5000 },
      'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc',
    )
    const { body } = await response
    const bytes = body.bytes(10)
    bytes.catch(() => {})
    await turns()
    clock.advance(5_300)
    await fails(bytes, 'timeout')
  })

  test('a signal ends a request that waits, that is under way, and that has begun to answer', async () => {
    open({ maxConnections: 1 })
    const busy = new AbortController()
    const first = client.request({ ...GET, signal: busy.signal })
    first.catch(() => {})
    const queued = new AbortController()
    const second = client.request({ ...GET, signal: queued.signal })
    second.catch(() => {})
    await (await nthPeer(0)).hears(/\r\n\r\n/)
    queued.abort()
    await fails(second, 'aborted')
    busy.abort()
    await fails(first, 'aborted')
    const late = new AbortController()
    const third = await ask(
      { ...GET, signal: late.signal },
      'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc',
      1,
    )
    const { body } = await third.response
    late.abort()
    assert.equal(String(await body.read()), 'abc')
    await fails(body.read(), 'aborted')
    await fails(client.request({ ...GET, signal: late.signal }), 'aborted')
  })
})

describe('an origin', () => {
  test('that refuses connections is told apart', async () => {
    listener.close()
    await fails(client.request(GET), 'connect_refused', /nothing listens there/)
  })

  test('without an address is told apart', async () => {
    open({ origin: new URL('http://no-such-host.invalid') })
    await fails(client.request(GET), 'resolve_failed', /no-such-host\.invalid/)
  })

  test('may be a Unix socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-http-'))
    const path = join(folder, 's')
    const unix = createServer(socket =>
      socket.resume().end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nunix'),
    ).listen(path)
    await once(unix, 'listening')
    open({ origin: { path } })
    assert.equal(await text(client.request(GET)), 'unix')
    client.close()
    unix.close()
    await once(unix, 'close')
    await rm(folder, { recursive: true })
    open({ origin: { path } })
    await fails(client.request(GET), 'connect_refused', /does not exist/)
  })

  test('of another scheme is a mistake of the caller', () => {
    assert.throws(() => open({ origin: new URL('ftp://a') }), TypeError)
  })
})

test('a closed client fails what is under way and what comes', async () => {
  const response = client.request(GET)
  response.catch(() => {})
  await (await nthPeer(0)).hears(/\r\n\r\n/)
  client.close()
  await fails(response, 'closed')
  await fails(client.request(GET), 'closed')
})
