import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { afterEach, describe, test } from 'node:test'
import { turns } from '../../../http/raw-peer-fake.ts'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import { type RawBackend, rawBackend, startProxy } from '../proxy-fake.ts'

const backends: RawBackend[] = []
afterEach(() => {
  for (const backend of backends.splice(0)) backend.close()
})

async function openBackend(): Promise<RawBackend> {
  const backend = await rawBackend()
  backends.push(backend)
  return backend
}

const MAX = { maxBody: '1KiB' }
const large = 'a'.repeat(1025)

describe('a request body above the limit', () => {
  test('that says so is 413 at once, the connection ends, and the backend hears nothing', async () => {
    const backend = await openBackend()
    await using proxy = await startProxy([backend.address], MAX)
    const client = await proxy.client()
    client.say(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1025000\r\n\r\n${large}`)
    const heard = await client.end()
    assert.match(heard, /^HTTP\/1.1 413 Content Too Large\r\noutrigger-error: body_too_large\r\n/)
    assert.match(heard, /\r\nConnection: close\r\n/)
    assert.equal(backend.accepted.length, 0)
  })

  test('that grows beyond it is 413, and the backend is broken off', async () => {
    const backend = await openBackend()
    await using proxy = await startProxy([backend.address], MAX)
    const client = await proxy.client()
    client.say('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    const peer = await backend.next()
    await peer.hears(/abc\r\n$/)
    client.say(`401\r\n${large}\r\n`)
    assert.match(await client.end(), /^HTTP\/1.1 413 [\s\S]*\r\nConnection: close\r\n/)
    await peer.end()
    assert.doesNotMatch(peer.heard, /0\r\n\r\n$/, 'it must not look complete')
    assert.equal(
      proxy.host.metric('requests_total', {
        listener: 'front',
        route: '',
        cluster: 'back',
        class: '4xx',
        failure: 'body_too_large',
        source: '',
      }),
      1,
    )
  })

  test('is 413 over HTTP/2, and other streams go on', async () => {
    const backend = await openBackend()
    await using proxy = await startProxy([backend.address], MAX)
    const session = http2.connect(`http://127.0.0.1:${proxy.port}`)
    const stream = session.request({ ':method': 'POST', ':path': '/' }, { endStream: false })
    stream.on('error', () => {})
    stream.write(large)
    const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
    assert.deepEqual([headers[':status'], headers['outrigger-error']], [413, 'body_too_large'])
    assert.equal(session.closed, false)
    session.destroy()
  })

  test('of exactly the limit passes', async () => {
    const backend = await openBackend()
    await using proxy = await startProxy([backend.address], MAX)
    const client = await proxy.client()
    client.say(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1024\r\n\r\n${large.slice(1)}`)
    const peer = await backend.next()
    await peer.hears(/a{1024}$/)
    peer.say('HTTP/1.1 204 No Content\r\n\r\n')
    await client.hears(/^HTTP\/1.1 204 /)
  })
})

describe('a request body that does not come to its end', () => {
  test('because its sender ends is 400, and neither connection is used again', async () => {
    const backend = await openBackend()
    await using proxy = await startProxy([backend.address])
    const client = await proxy.client()
    client.say('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
    const peer = await backend.next()
    await peer.hears(/abc$/)
    client.socket.end()
    assert.match(await client.end(), /^HTTP\/1.1 400 Bad Request\r\noutrigger-error: bad_request\r\n/)
    await peer.end()
  })

  test('in time is 408, and the backend is let go', async () => {
    const clock = new FakeClock()
    const backend = await openBackend()
    await using proxy = await startProxy([backend.address], {}, clock)
    const client = await proxy.client()
    client.say('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
    const peer = await backend.next()
    await peer.hears(/abc$/)
    clock.advance(31_000)
    assert.match(await client.end(), /^HTTP\/1.1 408 Request Timeout\r\noutrigger-error: request_timeout\r\n/)
    await peer.end()
  })

  test('may take its time once the answer has begun', async () => {
    const clock = new FakeClock()
    const backend = await openBackend()
    await using proxy = await startProxy([backend.address], {}, clock)
    const client = await proxy.client()
    client.say('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    const peer = await backend.next()
    await peer.hears(/abc\r\n$/)
    peer.say('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n')
    await client.hears(/hi\r\n$/)
    for (let minute = 0; minute < 10; minute++) {
      clock.advance(60_000)
      await turns(2)
    }
    client.say('1\r\nd\r\n0\r\n\r\n')
    await peer.hears(/1\r\nd\r\n0\r\n\r\n$/)
    peer.say('0\r\n\r\n')
    await client.hears(/0\r\n\r\n$/)
  })
})

describe('header names with an underscore', () => {
  for (const [underscores, expected] of [
    ['keep', /\r\nX_Forwarded_For: 1\r\n/],
    ['drop', undefined],
  ] as const)
    test(`${underscores}`, async () => {
      const backend = await openBackend()
      await using proxy = await startProxy([backend.address], { underscores })
      const client = await proxy.client()
      client.say('GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 1\r\nX-Other: 2\r\n\r\n')
      const heard = await (await backend.next()).hears(/X-Other: 2[\s\S]*\r\n\r\n$/)
      assert.equal(expected?.test(heard) ?? !/x_forwarded_for/i.test(heard), true, heard)
    })

  test('refuse', async () => {
    const backend = await openBackend()
    await using proxy = await startProxy([backend.address], { underscores: 'refuse' })
    const client = await proxy.client()
    client.say('GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 1\r\n\r\n')
    await client.hears(/^HTTP\/1.1 400 [\s\S]*an underscore in its name\n$/)
    assert.equal(backend.accepted.length, 0)
  })
})
