import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { turns } from '../raw-peer-fake.ts'
import { askingEachTest, fails, GET, OK, text } from './asking-fake.ts'
import type { ClientRequest } from './request.ts'
import type { ClientResponse } from './response.ts'

const here = askingEachTest()
const { ask, nthPeer, open } = here

describe('a connection', () => {
  test('is used again, the youngest first', async () => {
    const first = await ask(GET)
    const second = await ask(GET, OK, 1)
    await text(first.response)
    await text(second.response)
    await text((await ask(GET, OK, 1)).response)
    assert.equal(here.peers.length, 2)
  })

  for (const [name, answer] of [
    ['Connection: close', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['bytes after the response', `${OK}HTTP/1.1 200 OK\r\n\r\n`],
  ] as const)
    test(`is not used again after ${name}`, async () => {
      await text((await ask(GET, answer)).response)
      assert.equal(here.client.connections, 0)
      await text((await ask(GET, OK, 1)).response)
    })

  test('on which bytes come unasked is dropped', async () => {
    const { peer, response } = await ask(GET)
    await text(response)
    peer.say(OK)
    await peer.end()
    assert.equal(here.client.connections, 0)
  })

  test('is closed after 3 s without use', async () => {
    const { peer, response } = await ask(GET)
    await text(response)
    here.clock.advance(2_900)
    assert.equal(here.client.connections, 1)
    here.clock.advance(400)
    assert.equal(here.client.connections, 0)
    await peer.end()
  })

  test('is closed before the time that the server promised to keep it', async () => {
    const answer = 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2, max=9\r\nContent-Length: 2\r\n\r\nok'
    await text((await ask(GET, answer)).response)
    here.clock.advance(1_300)
    assert.equal(here.client.connections, 0)
  })

  test('whose response is discarded is used again when little is left', async () => {
    const { response, peer } = await ask(GET, 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc')
    ;(await response).body.discard()
    peer.say('def')
    await turns()
    await text((await ask(GET)).response)
    assert.equal(here.peers.length, 1)
  })

  test('whose response is discarded is closed when much is left', async () => {
    const { response, peer } = await ask(GET, 'HTTP/1.1 200 OK\r\nContent-Length: 60000000\r\n\r\nabc')
    ;(await response).body.discard()
    await peer.end()
    assert.equal(here.client.connections, 0)
  })

  test('that is idle when the server closes it is forgotten', async () => {
    const { peer, response } = await ask(GET)
    await text(response)
    peer.socket.end()
    await peer.end()
    await turns()
    assert.equal(here.client.connections, 0)
  })
})

describe('a kept connection that turns out to be closed', () => {
  /** One good exchange, and then a request on the same connection that the server resets unanswered. */
  async function stale(request: ClientRequest): Promise<{ promise: Promise<ClientResponse> }> {
    const { peer, response } = await ask(GET)
    await text(response)
    peer.forget()
    const second = here.client.request(request)
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
    assert.match(here.peers[1]!.heard, /\r\n\r\nx$/)
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
      assert.equal(here.peers.length, 1)
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
  const response = here.client.request(GET)
  const peer = await nthPeer(0)
  await peer.hears(/\r\n\r\n/)
  peer.socket.resetAndDestroy()
  await fails(response, 'reset')
  assert.equal(here.peers.length, 1)
})

describe('when all connections are busy', () => {
  test('requests wait in order', async () => {
    open({ maxConnections: 1 })
    const first = here.client.request({ ...GET, path: '/1' })
    const second = here.client.request({ ...GET, path: '/2' })
    const third = here.client.request({ ...GET, path: '/3' })
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
    assert.equal(here.peers.length, 1)
  })

  test('over the limit a request fails at once', async () => {
    open({ maxConnections: 1, maxQueued: 1 })
    const waiting = [here.client.request(GET), here.client.request(GET)]
    for (const one of waiting) one.catch(() => {})
    await fails(here.client.request(GET), 'queue_full')
    here.client.close()
    for (const one of waiting) await fails(one, 'closed')
  })

  test('a waiting request keeps to its time', async () => {
    open({ maxConnections: 1 })
    const first = here.client.request(GET)
    first.catch(() => {})
    const second = here.client.request({ ...GET, timeoutMs: 1000 })
    second.catch(() => {})
    await nthPeer(0)
    here.clock.advance(1_300)
    await fails(second, 'timeout', /became free/)
  })

  test('a waiting request gets a new connection when the busy one breaks', async () => {
    open({ maxConnections: 1 })
    const first = here.client.request({ method: 'POST', path: '/1' })
    first.catch(() => {})
    const second = here.client.request({ ...GET, path: '/2' })
    await (await nthPeer(0)).hears(/\r\n\r\n/)
    here.peers[0]!.socket.resetAndDestroy()
    await fails(first, 'reset')
    const peer = await nthPeer(1)
    await peer.hears(/\/2/)
    peer.say(OK)
    assert.equal(await text(second), 'ok')
  })
})
