import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { turns } from '../raw-peer-fake.ts'
import { askingEachTest, fails, GET, OK, text } from './asking-fake.ts'

const here = askingEachTest()
const { ask, nthPeer, open } = here

describe('a request', () => {
  test('is written with Host first and its headers in order', async () => {
    const { heard, response } = await ask({ ...GET, path: '/a?b=c', headers: { 'X-b': '1', accept: '*/*' } })
    assert.equal(
      heard,
      `GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:${here.port}\r\nX-b: 1\r\naccept: */*\r\n\r\n`,
    )
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
    const response = here.client.request({ method: 'POST', path: '/', body: body() })
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
    await fails(here.client.request({ method: 'POST', path: '/', body: body() }), 'aborted')
  })

  test('that would break its head is refused before anything is sent', async () => {
    await assert.rejects(here.client.request({ ...GET, path: '/ HTTP/1.1\r\nX: y' }), {
      name: 'HeaderInjectionError',
    })
    await assert.rejects(here.client.request({ ...GET, headers: { a: 'b\r\nc: d' } }), {
      name: 'HeaderInjectionError',
    })
    assert.equal(here.client.connections, 0)
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

describe('time and signals', () => {
  test('a response that does not come in time is an error, and its connection is closed', async () => {
    const response = here.client.request({ ...GET, timeoutMs: 5000 })
    response.catch(() => {})
    const peer = await nthPeer(0)
    await peer.hears(/\r\n\r\n/)
    here.clock.advance(4_900)
    assert.equal(here.client.connections, 1)
    here.clock.advance(400)
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
    here.clock.advance(5_300)
    await fails(bytes, 'timeout')
  })

  test('a signal ends a request that waits, that is under way, and that has begun to answer', async () => {
    open({ maxConnections: 1 })
    const busy = new AbortController()
    const first = here.client.request({ ...GET, signal: busy.signal })
    first.catch(() => {})
    const queued = new AbortController()
    const second = here.client.request({ ...GET, signal: queued.signal })
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
    await fails(here.client.request({ ...GET, signal: late.signal }), 'aborted')
  })
})

describe('an origin', () => {
  test('that refuses connections is told apart', async () => {
    here.listener.close()
    await fails(here.client.request(GET), 'connect_refused', /nothing listens there/)
  })

  test('without an address is told apart', async () => {
    open({ origin: new URL('http://no-such-host.invalid') })
    await fails(here.client.request(GET), 'resolve_failed', /no-such-host\.invalid/)
  })

  test('may be a Unix socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-http-'))
    const path = join(folder, 's')
    const unix = createServer(socket =>
      socket.resume().end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nunix'),
    ).listen(path)
    await once(unix, 'listening')
    open({ origin: { path } })
    assert.equal(await text(here.client.request(GET)), 'unix')
    here.client.close()
    unix.close()
    await once(unix, 'close')
    await rm(folder, { recursive: true, maxRetries: 9 })
    open({ origin: { path } })
    await fails(here.client.request(GET), 'connect_refused', /does not exist/)
  })

  test('of another scheme is a mistake of the caller', () => {
    assert.throws(() => open({ origin: new URL('ftp://a') }), TypeError)
  })
})

test('a closed client fails what is under way and what comes', async () => {
  const response = here.client.request(GET)
  response.catch(() => {})
  await (await nthPeer(0)).hears(/\r\n\r\n/)
  here.client.close()
  await fails(response, 'closed')
  await fails(here.client.request(GET), 'closed')
})
