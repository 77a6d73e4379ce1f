import assert from 'node:assert/strict'
import type { Server } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { listen, RawPeer, turns } from '../raw-peer-fake.ts'
import type { ServerResponse } from './response.ts'
import { createHttpServer, type HttpServer } from './server.ts'

const get = (version = 'HTTP/1.1', path = '/') => `GET ${path} ${version}\r\nHost: a\r\n\r\n`
const ASKED = 'HTTP/1.1 100 Continue\r\n\r\n'
const OVER_MS = 35_000

let clock: FakeClock
let server: HttpServer
let listener: Server
let port: number
/** Of the requests that have come and wait. */
let responses: ServerResponse[]
let left: number

beforeEach(async () => {
  clock = new FakeClock()
  responses = []
  left = 0
  server = createHttpServer({
    clock,
    handler(_request, response) {
      responses.push(response)
      response.observer = { gone: () => left++, drained() {} }
    },
  })
  ;({ server: listener, port } = await listen(server.accept))
})

afterEach(async () => {
  server.close()
  listener.close()
  while (server.connections > 0) await turns(1)
  assert.equal(clock.pending, 0, 'no timer is left')
})

/** A client that has asked and ended its sending side; the server has seen both. */
async function halfClosed(text = get()): Promise<RawPeer> {
  const peer = await RawPeer.connect(port)
  peer.say(text)
  while (responses.length === 0) await turns(1)
  peer.socket.end()
  await seen()
  return peer
}

/** While a request waits only the end of its client makes a timer. */
async function seen(): Promise<void> {
  while (clock.pending === 0) await turns(1)
}

/** Time goes by, and what happens in it happens. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) {
    clock.advance(250)
    await turns(3)
  }
}

test('a client that has closed its connection is found out within two seconds', async () => {
  const peer = await RawPeer.connect(port)
  peer.say(get())
  while (responses.length === 0) await turns(1)
  peer.socket.destroy()
  await seen()
  assert.equal(left, 0)
  await pass(2000)
  while (left === 0) await turns(1)
  assert.equal(server.connections, 0)
})

test('a client that has ended its sending side alone gets its answer, after three interim ones at most', async () => {
  const peer = await halfClosed()
  await pass(20_000)
  assert.equal(left, 0)
  responses[0]!.send(200, {}, 'hello')
  const heard = await peer.end()
  assert.equal(heard.split(ASKED).length - 1, 3)
  assert.match(heard.replaceAll(ASKED, ''), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\nhello$/)
  await peer.gone()
})

test('an answer that comes soon comes alone', async () => {
  const peer = await halfClosed()
  responses[0]!.send(200, {}, 'hello')
  assert.match(await peer.end(), /^HTTP\/1\.1 200 OK\r\n/)
  await peer.gone()
})

test('a client of HTTP/1.0, which knows no interim answers, is asked nothing', async () => {
  const peer = await halfClosed(get('HTTP/1.0'))
  await pass(20_000)
  responses[0]!.send(200, {}, 'hello')
  assert.match(await peer.end(), /^HTTP\/1\.1 200 OK\r\n/)
  await peer.gone()
})

for (const version of ['HTTP/1.0', 'HTTP/1.1'])
  test(`an answer of ${version} that never comes is not waited for longer than half a minute`, async () => {
    const peer = await halfClosed(get(version))
    await pass(OVER_MS)
    await peer.gone()
    assert.equal(left, 1)
  })

test('an answer that goes on coming is not broken off, and one that stops is', async () => {
  const peer = await halfClosed()
  const body = responses[0]!.start(200, { 'Content-Length': '100' })
  for (let part = 0; part < 4; part++) {
    await body.write(Buffer.from('part'))
    await pass(20_000)
  }
  assert.match(await peer.hears(/(?:part){4}$/), /^HTTP\/1\.1 200 OK\r\n/)
  await pass(OVER_MS)
  await peer.gone()
  assert.equal(left, 1)
})

test('each of several requests before the end is waited for, and asked about', async () => {
  const peer = await halfClosed(get() + get())
  await pass(1000)
  responses[0]!.send(200, {}, 'one')
  while (responses.length < 2) await turns(1)
  await pass(OVER_MS)
  await peer.gone()
  assert.equal(left, 1)
  assert.match(peer.heard, /one[\s\S]*100 Continue/)
})
