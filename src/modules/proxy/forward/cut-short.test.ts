// A body that does not come to its end must not look as if it had, whichever version of HTTP carries it.
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { FramePeer } from '../../../http/frame-peer-fake.ts'
import type { RawPeer } from '../../../http/raw-peer-fake.ts'
import type { Clock } from '../../../kernel/clock/clock.ts'
import type { FakeHost } from '../../../kernel/host-fake.ts'
import { PREFACE } from '../../../wire/http2/frame.ts'
import { frame } from '../../../wire/http2/frame-log-fake.ts'
import { type RawBackend, rawBackend, startProxy } from '../proxy-fake.ts'

const GET = [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/']
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n'

const open: RawBackend[] = []
afterEach(() => {
  for (const one of open.splice(0)) one.close()
})

async function backend(): Promise<RawBackend> {
  const made = await rawBackend()
  open.push(made)
  return made
}

function counted(host: FakeHost<Clock>, failure: string): void {
  const labels = { listener: 'front', route: '', cluster: 'back', class: '2xx', failure, source: '' }
  assert.equal(host.metric('requests_total', labels), 1, 'the metric')
  if (failure !== '') assert.equal(host.log.of(failure).length, 1, 'the log')
}

const ends: [what: string, said: string, end: (peer: RawPeer) => void, failure: string][] = [
  ['an end within a chunk', `${CHUNKED}5\r\nth`, peer => peer.socket.end(), 'upstream_reset'],
  ['an end between two chunks', CHUNKED, peer => peer.socket.end(), 'upstream_reset'],
  ['an end within the trailers', `${CHUNKED}0\r\nA: b\r\n`, peer => peer.socket.end(), 'upstream_reset'],
  ['a reset', CHUNKED, peer => peer.socket.resetAndDestroy(), 'upstream_reset'],
  ['a chunk that is none', CHUNKED, peer => peer.say('zz\r\n'), 'upstream_malformed'],
  ['a chunk longer than it says', CHUNKED, peer => peer.say('1\r\nabc\r\n'), 'upstream_malformed'],
  [
    'an end before Content-Length',
    'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi',
    peer => peer.socket.end(),
    'upstream_reset',
  ],
  [
    'a reset of an answer that ends with its connection',
    'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhi',
    peer => peer.socket.resetAndDestroy(),
    'upstream_reset',
  ],
]

describe('an answer is cut short by', () => {
  for (const [what, said, end, failure] of ends) {
    test(`${what}: a client of HTTP/1.1 sees its connection break`, async () => {
      const back = await backend()
      await using proxy = await startProxy([back.address])
      const client = await proxy.client()
      client.say('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      const peer = await back.next()
      await peer.hears(/\r\n\r\n/)
      peer.say(said)
      await client.hears(/hi/)
      end(peer)
      await client.gone()
      assert.doesNotMatch(client.heard, /\r\n0\r\n/)
      counted(proxy.host, failure)
    })

    test(`${what}: a client of HTTP/1.0, who can see no other way, gets a reset`, async () => {
      const back = await backend()
      await using proxy = await startProxy([back.address])
      const client = await proxy.client()
      const errors: string[] = []
      client.socket.on('error', error => errors.push((error as NodeJS.ErrnoException).code!))
      client.say('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
      const peer = await back.next()
      await peer.hears(/\r\n\r\n/)
      peer.say(said)
      await client.hears(/hi/)
      end(peer)
      await client.gone()
      assert.deepEqual(errors, ['ECONNRESET'])
      counted(proxy.host, failure)
    })

    test(`${what}: a client of HTTP/2 sees its stream reset, and its connection goes on`, async () => {
      const back = await backend()
      await using proxy = await startProxy([back.address])
      const client = new FramePeer(await proxy.client())
      client.send(PREFACE, frame(4, 0, 0, ''), client.headers(1, GET, 5))
      const peer = await back.next()
      await peer.hears(/\r\n\r\n/)
      peer.say(said)
      await client.hears(/^data 1 "hi/)
      end(peer)
      await client.hears(/^reset 1 2$/)
      assert.equal(
        client.lines.some(line => / end$/.test(line)),
        false,
      )
      counted(proxy.host, failure)
      client.send(client.headers(3, GET, 5))
      const next = await back.next()
      await next.hears(/\r\n\r\n/)
      next.say('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      await client.hears(/^data 3 "ok".* end$/)
    })
  }

  for (const [what, frames, failure] of [
    ['a reset stream', [frame(3, 0, 1, '00000002')], 'upstream_reset'],
    ['less than Content-Length', [frame(0, 1, 1, '')], 'upstream_malformed'],
    ['more than Content-Length', [frame(0, 1, 1, '61'.repeat(8))], 'upstream_malformed'],
  ] as const)
    test(`${what} of a backend of HTTP/2`, async () => {
      const back = await backend()
      await using proxy = await startProxy([back.address], {}, undefined, { protocol: 'http2' })
      const client = await proxy.client()
      client.say('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      const peer = new FramePeer(await back.next(), true)
      peer.send(frame(4, 0, 0, ''))
      await peer.hears(/^headers 1 /)
      peer.send(peer.headers(1, [':status', '200', 'content-length', '9'], 4), frame(0, 0, 1, '6869'))
      await client.hears(/hi/)
      peer.send(...frames)
      await client.gone()
      counted(proxy.host, failure)
    })
})

test('an answer that ends with its connection is whole when that ends in order, over either version', async () => {
  const back = await backend()
  await using proxy = await startProxy([back.address])
  const client = await proxy.client()
  client.say('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const peer = await back.next()
  await peer.hears(/\r\n\r\n/)
  peer.socket.end('HTTP/1.1 200 OK\r\n\r\nhi')
  assert.match(await client.hears(/\r\n0\r\n\r\n$/), /\r\n2\r\nhi\r\n0\r\n\r\n$/)
  counted(proxy.host, '')
  const other = new FramePeer(await proxy.client())
  other.send(PREFACE, frame(4, 0, 0, ''), other.headers(1, GET, 5))
  const next = await back.next()
  await next.hears(/\r\n\r\n/)
  next.socket.end('HTTP/1.1 200 OK\r\n\r\nhi')
  await other.hears(/^data 1 "hi".* end$/)
})

test('a client that ends its side and waits gets its answer', async () => {
  const back = await backend()
  await using proxy = await startProxy([back.address])
  const client = await proxy.client()
  client.socket.end('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const peer = await back.next()
  await peer.hears(/\r\n\r\n/)
  peer.say('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')
  assert.match(await client.end(), /hi$/)
  counted(proxy.host, '')
})
