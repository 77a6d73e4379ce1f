import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { backendsEachTest, type RawBackend, startProxy } from './proxy-fake.ts'

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
