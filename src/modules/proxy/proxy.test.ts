import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { listen, RawPeer, turns } from '../../http/raw-peer-fake.ts'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { type RawBackend, rawBackend, startProxy } from './proxy-fake.ts'

const open: RawBackend[] = []

afterEach(() => {
  for (const backend of open.splice(0)) backend.close()
})

async function backend(): Promise<RawBackend> {
  const made = await rawBackend()
  open.push(made)
  return made
}

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

describe('a request', () => {
  test('is forwarded with what the backend should know of the client, and answered', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address], { via: false })
    const client = await proxy.client()
    client.say(GET)
    const peer = await back.next()
    assert.equal(
      await peer.hears(/\r\n\r\n/),
      'GET /a?b=1 HTTP/1.1\r\nHost: shop.test\r\nX-Mine: 1\r\nX-Forwarded-For: 127.0.0.1\r\n' +
        'X-Forwarded-Proto: http\r\nX-Forwarded-Host: shop.test\r\n\r\n',
    )
    peer.say(OK)
    assert.equal(await client.hears(/hi$/), OK)
    assert.equal(proxy.host.metric('requests_total', labels('2xx', '')), 1)
    assert.equal(proxy.host.metric('requests_in_flight', { listener: 'front' }), 0)
  })

  test('reuses the connections on both sides', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address])
    const client = await proxy.client()
    for (let round = 0; round < 3; round++) {
      client.forget()
      client.say(GET)
      const peer = back.accepted[0] ?? (await back.next())
      await peer.hears(/\r\n\r\n/)
      peer.forget()
      peer.say(OK)
      await client.hears(/hi$/)
    }
    assert.equal(back.accepted.length, 1)
  })

  test('with a chunked body and trailers passes in both directions', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address])
    const client = await proxy.client()
    client.say(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n',
    )
    const peer = await back.next()
    const heard = await peer.hears(/X-Sum: 1\r\n\r\n$/)
    assert.match(heard, /\r\nTE: trailers\r\n/)
    assert.match(heard, /\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n/)
    peer.say('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\ngrpc-status: 0\r\n\r\n')
    assert.match(await client.hears(/status: 0\r\n\r\n$/), /\r\n\r\n2\r\nok\r\n0\r\ngrpc-status: 0/)
  })

  test('waits with its body for 100 Continue of the backend', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address])
    const client = await proxy.client()
    client.say('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n')
    const peer = await back.next()
    assert.match(await peer.hears(/\r\n\r\n$/), /\r\nExpect: 100-continue\r\n/)
    peer.say('HTTP/1.1 100 Continue\r\n\r\n')
    await client.hears(/^HTTP\/1.1 100 Continue\r\n\r\n$/)
    client.say('ok')
    await peer.hears(/\r\n\r\nok$/)
    peer.say(OK)
    await client.hears(/hi$/)
  })

  test('to HEAD is answered with the length and without the body', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address])
    const client = await proxy.client()
    client.say('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n')
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    peer.say('HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n')
    assert.match(await client.hears(/\r\n\r\n$/), /Content-Length: 999\r\n/)
    assert.equal(proxy.host.metric('requests_total', labels('2xx', '')), 1)
  })

  test('of HTTP/1.0 gets a chunked answer unchunked, to the end of the connection', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address])
    const client = await proxy.client()
    client.say('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    peer.say('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n')
    assert.match(await client.end(), /Connection: close\r\n\r\nok$/)
  })

  test('that comes back to its listener is refused', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address])
    const client = await proxy.client()
    client.say(GET)
    const peer = await back.next()
    const via = /\r\nVia: (.+)\r\n/.exec(await peer.hears(/\r\n\r\n/))![1]
    const again = await proxy.client()
    again.say(`GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 other, ${via}\r\n\r\n`)
    assert.match(await again.hears(/\n$/), /^HTTP\/1.1 508 [\s\S]*outrigger-error: loop_detected\r\n/)
  })

  test('whose answer is an event stream gets every event at once', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address])
    const client = await proxy.client()
    client.say(GET)
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    peer.say('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\ndata: 1\n\r\n')
    await client.hears(/data: 1/)
    peer.say('8\r\ndata: 2\n\r\n')
    await client.hears(/data: 2/)
  })
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

describe('another protocol', () => {
  test('goes through once the backend has agreed, both ways and to its end', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address])
    const client = await proxy.client()
    client.say('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly')
    const peer = await back.next()
    const heard = await peer.hears(/\r\n\r\n/)
    assert.match(heard, /\r\nConnection: upgrade\r\nUpgrade: websocket\r\n/)
    peer.say('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello')
    assert.match(await client.hears(/hello$/), /^HTTP\/1.1 101 [\s\S]*Upgrade: websocket\r\n/)
    await peer.hears(/early$/)
    client.say('ping')
    await peer.hears(/ping$/)
    client.socket.end()
    await peer.end()
    peer.say('pong')
    await client.hears(/pong$/)
    peer.socket.end()
    await client.gone()
  })

  test('that the backend declines is an ordinary answer', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address])
    const client = await proxy.client()
    client.say('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    peer.say(OK)
    await client.hears(/hi$/)
  })

  test('TCP is passed on as it is', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address], { protocol: 'tcp' })
    const client = await proxy.client()
    const peer = await back.next()
    peer.say('220 ready\r\n')
    await client.hears(/ready/)
    client.say('\0\x01')
    client.socket.end()
    assert.equal(await peer.end(), '\0\x01')
    peer.say('bye')
    peer.socket.end()
    assert.equal(await client.end(), '220 ready\r\nbye')
  })
})

describe('the module', () => {
  test('takes new settings over without a dropped connection', async () => {
    const [one, other] = [await backend(), await backend()]
    await using proxy = await startProxy([one.address])
    const client = await proxy.client()
    client.say(GET)
    const first = await one.next()
    assert.equal(await proxy.running.update!(proxy.configured({}, [other.address])), true)
    await first.hears(/\r\n\r\n/)
    first.say(OK)
    await client.hears(/hi$/)
    client.forget()
    client.say(GET)
    const second = await other.next()
    await second.hears(/\r\n\r\n/)
    second.say(OK)
    await client.hears(/hi$/)
  })

  test('lets go of a listener that is configured no more: the answer under way arrives, as the last of its connection', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address])
    const client = await proxy.client()
    client.say(GET)
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    assert.equal(await proxy.running.update!(proxy.configured({ name: 'other' })), true)
    await assert.rejects(proxy.client(), { code: 'ECONNREFUSED' })
    const { port } = proxy.host.log.of('listening')[1]!.fields['address'] as { port: number }
    const another = await RawPeer.connect(port)
    another.say(GET)
    const second = await back.next()
    await second.hears(/\r\n\r\n/)
    second.say(OK)
    await another.hears(/hi$/)
    another.socket.destroy()
    peer.say(OK)
    assert.match(await client.hears(/hi$/), /\r\nConnection: close\r\n/)
  })

  test('drains: a kept connection on which a request is on its way is told with the answer that it ends', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address])
    const client = await proxy.client()
    client.say(GET)
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    peer.forget()
    peer.say(OK)
    await client.hears(/hi$/)
    client.forget()
    const over = new AbortController()
    const drained = proxy.running.drain!({ remainingMs: () => 1000, signal: over.signal }, 'ending')
    client.say(GET)
    await peer.hears(/\r\n\r\n/)
    peer.say(OK)
    assert.match(await client.hears(/hi$/), /\r\nConnection: close\r\n/)
    client.socket.end()
    await drained
  })

  test('drains: the answer under way arrives, and says that the connection ends', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address])
    const client = await proxy.client()
    client.say(GET)
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    const over = new AbortController()
    const drained = proxy.running.drain!({ remainingMs: () => 1000, signal: over.signal }, 'ending')
    peer.say(OK)
    assert.match(await client.hears(/hi$/), /\r\nConnection: close\r\n/)
    client.socket.end()
    await drained
  })
})

describe('an upstream', () => {
  test('with a breaker for connections and for those that wait refuses what is above them', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address], {}, undefined, {
      circuitBreakers: { maxConnections: 1, maxPending: 1 },
    })
    const [first, second, third] = [await proxy.client(), await proxy.client(), await proxy.client()]
    first.say(GET)
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    peer.forget()
    second.say(GET)
    const answered = third.hears(/\n$/)
    third.say(GET)
    // Which of the two waits and which is refused is a matter of who is read first.
    const refused = await Promise.race([answered, second.hears(/\n$/)])
    assert.match(refused, /^HTTP\/1.1 503 [\s\S]*outrigger-error: circuit_open\r\n/)
    peer.say(OK)
    await first.hears(/hi$/)
    await peer.hears(/\r\n\r\n/)
    assert.equal(back.accepted.length, 1)
    assert.equal(
      proxy.host.metric('cluster_breaker_refusals_total', { cluster: 'back', limit: 'pending' }),
      1,
    )
  })

  test('whose retry budget is used up is not tried again', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address], { retry: { codes: [503] } }, undefined, {
      retryBudget: { percent: 0, minConcurrent: 0 },
    })
    const client = await proxy.client()
    client.say(GET)
    const peer = await back.next()
    await peer.hears(/\r\n\r\n/)
    peer.say('HTTP/1.1 503 no\r\nContent-Length: 0\r\n\r\n')
    assert.match(await client.hears(/\r\n\r\n$/), /^HTTP\/1.1 503 /)
    assert.equal(proxy.host.metric('cluster_retry_budget_exhausted_total', { cluster: 'back' }), 1)
  })

  test('with hashOn gets the requests of one user at one endpoint', async () => {
    const backs = [await backend(), await backend(), await backend()]
    await using proxy = await startProxy(
      backs.map(({ address }) => address),
      {},
      undefined,
      { balancing: 'maglev', hashOn: { header: { name: 'x-mine' } } },
    )
    const client = await proxy.client()
    let peer: Awaited<ReturnType<RawBackend['next']>> | undefined
    for (let round = 0; round < 6; round++) {
      client.forget()
      client.say(GET)
      peer ??= await Promise.race(backs.map(back => back.next()))
      await peer.hears(/\r\n\r\n/)
      peer.forget()
      peer.say(OK)
      await client.hears(/hi$/)
    }
    assert.equal(backs.filter(({ accepted }) => accepted.length > 0).length, 1)
  })
})

test('the metrics say what of a backend is in use', async () => {
  const back = await backend()
  await using proxy = await startProxy([back.address])
  const client = await proxy.client()
  client.say(GET)
  const peer = await back.next()
  await peer.hears(/\r\n\r\n/)
  const inUse = (limit: string) => proxy.host.metric('cluster_in_use', { cluster: 'back', limit })
  assert.deepEqual(['connections', 'pending', 'requests', 'retries'].map(inUse), [1, 0, 1, 0])
  peer.say(OK)
  await client.hears(/hi$/)
  assert.deepEqual(['connections', 'requests'].map(inUse), [1, 0])
})

test('what is not HTTP is told in the log, with its client', async () => {
  const back = await backend()
  await using proxy = await startProxy([back.address])
  const client = await proxy.client()
  client.say('nonsense\r\n\r\n')
  await client.hears(/^HTTP\/1.1 400 /)
  const [record] = proxy.host.log.of('bad_request')
  assert.deepEqual(record!.fields, { listener: 'front', client: '127.0.0.1' })
})
