import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { listen, turns } from '../../http/raw-peer-fake.ts'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { backendsEachTest, startProxy } from './proxy-fake.ts'

const backend = backendsEachTest()
const GET = 'GET /a?b=1 HTTP/1.1\r\nHost: shop.test\r\nX-Mine: 1\r\n\r\n'
const OK = 'HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 2\r\n\r\nhi'
const labels = (status: string, failure: string) => ({
  listener: 'front',
  route: '',
  cluster: 'back',
  class: status,
  failure,
  source: '',
})

describe('bad input', () => {
  const requests: readonly [what: string, text: string][] = [
    [
      'CL and TE',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two CL', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['TE that is not chunked', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n'],
    ['obs-fold', 'GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n'],
    ['bare LF', 'GET / HTTP/1.1\nHost: a\n\n'],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
    ['NUL', 'GET / HTTP/1.1\r\nHost: a\r\nA: \0\r\n\r\n'],
    ['underscore CL', 'POST / HTTP/1.1\r\nHost: a\r\nContent_Length: 3\r\n\r\nabc'],
    ['encoded NUL in the path', 'GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n'],
  ]
  for (const [what, text] of requests)
    test(`of a client (${what}) is refused and never reaches the backend`, async () => {
      const back = await backend()
      await using proxy = await startProxy([back.address])
      const client = await proxy.client()
      client.say(text)
      assert.match(await client.hears(/^HTTP\/1.1 4\d\d [\s\S]*\n$/), /^HTTP\/1.1 400 /)
      assert.equal(back.accepted.length, 0)
    })

  const answers: readonly [what: string, text: string][] = [
    ['no HTTP', 'SSH-2.0-x\r\n\r\n'],
    ['CL and TE', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['obs-fold', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n'],
    ['101 nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
    ['bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
  ]
  for (const [what, text] of answers)
    test(`of a backend (${what}) becomes 502 upstream_malformed`, async () => {
      const back = await backend()
      await using proxy = await startProxy([back.address])
      const client = await proxy.client()
      client.say(GET)
      const peer = await back.next()
      await peer.hears(/\r\n\r\n/)
      peer.say(text)
      assert.match(await client.hears(/\n$/), /^HTTP\/1.1 502 [\s\S]*outrigger-error: upstream_malformed\r\n/)
      assert.equal(proxy.host.metric('requests_total', labels('5xx', 'upstream_malformed')), 1)
    })
})

describe('failure', () => {
  test('to connect is 502 with its code; for gRPC a status that gRPC reads', async () => {
    const back = await backend()
    const { address } = back
    back.close()
    await using proxy = await startProxy([address])
    const client = await proxy.client()
    client.say(GET)
    assert.match(
      await client.hears(/\n$/),
      /^HTTP\/1.1 502 [\s\S]*outrigger-error: upstream_connect_failed\r\n/,
    )
    const grpc = await proxy.client()
    grpc.say(
      'POST /s/m HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc+proto\r\nContent-Length: 0\r\n\r\n',
    )
    assert.match(await grpc.hears(/\r\n\r\n$/), /^HTTP\/1.1 200 [\s\S]*grpc-status: 14\r\n/)
  })

  test('before the answer is 502 upstream_reset, without a second try', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address])
    const client = await proxy.client()
    client.say(GET)
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    peer.socket.resetAndDestroy()
    assert.match(await client.hears(/\n$/), /^HTTP\/1.1 502 [\s\S]*outrigger-error: upstream_reset\r\n/)
    assert.equal(back.accepted.length, 1)
  })

  test('within the answer breaks the client off', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address])
    const client = await proxy.client()
    client.say(GET)
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    peer.say('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal')
    await client.hears(/hal$/)
    peer.socket.destroy()
    await client.gone()
    assert.equal(proxy.host.metric('requests_total', labels('2xx', 'upstream_reset')), 1)
  })

  test('of a kept connection that had ended is not seen: the request goes out again', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address])
    const client = await proxy.client()
    client.say(GET)
    const first = await back.next()
    await first.hears(/\r\n\r\n/)
    first.say(OK)
    await client.hears(/hi$/)
    client.forget()
    first.forget()
    client.say('PUT /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc')
    await first.hears(/abc$/)
    first.socket.resetAndDestroy()
    const second = await back.next()
    await second.hears(/\r\n\r\nabc$/)
    second.say(OK)
    await client.hears(/hi$/)
  })

  test('is tried again on another endpoint where that is asked for, with the body from its beginning', async () => {
    const [one, other] = [await backend(), await backend()]
    await using proxy = await startProxy([one.address, other.address], {
      retry: { attempts: 1, codes: [503], backoff: '1ms' },
    })
    const client = await proxy.client()
    client.say('POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc')
    const arrivals = [one, other].map(async back => ({ back, peer: await back.next() }))
    const chosen = await Promise.race(arrivals)
    const first = chosen.peer
    await first.hears(/abc$/)
    first.say('HTTP/1.1 503 no\r\nContent-Length: 0\r\n\r\n')
    const { peer: second } = await arrivals[chosen.back === one ? 1 : 0]!
    await second.hears(/\r\n\r\nabc$/)
    second.say(OK)
    assert.match(await client.hears(/hi$/), /^HTTP\/1.1 200 /)
    assert.equal(proxy.host.metric('retries_total', { listener: 'front', route: '', cluster: 'back' }), 1)
    assert.equal(proxy.host.metric('requests_total', labels('2xx', '')), 1)
  })

  test('of time is 504, and the backend is let go', async () => {
    const back = await backend()
    const clock = new FakeClock()
    await using proxy = await startProxy([back.address], { requestTimeout: '1s' }, clock)
    const client = await proxy.client()
    client.say(GET)
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    clock.advance(1200)
    assert.match(await client.hears(/\n$/), /^HTTP\/1.1 504 [\s\S]*outrigger-error: timeout\r\n/)
    await peer.end()
  })

  test('of the client cancels the request to the backend', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address])
    const client = await proxy.client()
    client.say(GET)
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    client.socket.resetAndDestroy()
    await peer.end()
    assert.equal(proxy.host.metric('requests_total', labels('4xx', 'client_gone')), 1)
    assert.equal(proxy.host.metric('requests_in_flight', { listener: 'front' }), 0)
  })

  test('that the client does not tell of cancels it too, within two seconds', async () => {
    const back = await backend()
    const clock = new FakeClock()
    await using proxy = await startProxy([back.address], {}, clock)
    const client = await proxy.client()
    client.say(GET)
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    client.socket.destroy()
    await client.gone()
    for (let passed = 0; passed < 2000; passed += 250) {
      await turns()
      clock.advance(250)
    }
    await peer.end()
    assert.equal(proxy.host.metric('requests_total', labels('4xx', 'client_gone')), 1)
  })
})

describe('under trouble', () => {
  test('every request is answered or broken off, and counted once', async () => {
    const { port, server } = await listen(socket => {
      let served = 0
      socket.on('error', () => {})
      socket.on('data', () => {
        const turn = served++ % 3
        if (turn === 0) socket.write(OK)
        else if (turn === 1)
          socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n')
        else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut')
      })
    })
    await using proxy = await startProxy([`127.0.0.1:${port}`])
    const outcomes = new Map<string, number>()
    const ask = async (): Promise<void> => {
      const client = await proxy.client()
      client.say('POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx')
      const heard = await client.end()
      const whole = /\r\n\r\n(?:hi|1\r\na\r\n0\r\n\r\n)$/.test(heard)
      const outcome = whole ? 'whole' : 'broken'
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    for (let request = 0; request < 30; request++) await ask()
    const counted = (status: string, failure: string) =>
      proxy.host.metric('requests_total', labels(status, failure)) ?? 0
    assert.deepEqual(Object.fromEntries(outcomes), { whole: 20, broken: 10 })
    assert.equal(counted('2xx', ''), 20)
    assert.equal(counted('2xx', 'upstream_reset'), 10)
    assert.equal(proxy.host.metric('requests_in_flight', { listener: 'front' }), 0)
    server.close()
  })
})
