import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import type { RawPeer } from '../../http/raw-peer-fake.ts'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { type RawBackend, rawBackend, startProxy } from './proxy-fake.ts'

const open: RawBackend[] = []

afterEach(() => {
  for (const backend of open.splice(0)) backend.close()
})

async function backends(count: number): Promise<RawBackend[]> {
  const made = await Promise.all(Array.from({ length: count }, rawBackend))
  open.push(...made)
  return made
}

const GET = 'GET /a HTTP/1.1\r\nHost: shop.test\r\n\r\n'
const OK = 'HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 2\r\n\r\nhi'
const addresses = (backs: readonly RawBackend[]) => backs.map(({ address }) => address)
const answer = (status: number) => `HTTP/1.1 ${status} x\r\nDate: today\r\nContent-Length: 0\r\n\r\n`

/** Who waits for the next connection of a backend already; one that is not taken is there for the next who asks. */
const waiting = new WeakMap<RawBackend, Promise<RawPeer>>()

/** The next backend that gets a request on a new connection, of several. */
async function nextOf(backs: readonly RawBackend[]): Promise<{ peer: RawPeer; back: RawBackend }> {
  const arrivals = backs.map(async back => {
    const arrival = waiting.get(back) ?? back.next()
    waiting.set(back, arrival)
    return { back, peer: await arrival }
  })
  const { back, peer } = await Promise.race(arrivals)
  waiting.delete(back)
  await peer.hears(/\r\n\r\n/)
  return { peer, back }
}

describe('hedging', () => {
  const hedging = { hedging: { delay: '50ms' } }

  /** A request whose first try has not been answered when the second goes out. */
  async function slow(upstream: object = hedging, listener: object = {}) {
    const backs = await backends(2)
    const clock = new FakeClock()
    const proxy = await startProxy(addresses(backs), listener, clock, upstream)
    const client = await proxy.client()
    client.say(GET)
    const first = await nextOf(backs)
    const others = backs.filter(back => back !== first.back)
    const hedges = (result: string) =>
      proxy.host.metric('cluster_hedges_total', { cluster: 'back', result }) ?? 0
    return { proxy, clock, client, first: first.peer, second: () => nextOf(others), others, hedges }
  }

  test('sends a slow request to another endpoint; the first answer counts, the other try is broken off', async () => {
    const { proxy, clock, client, first, second, hedges } = await slow()
    await using _ = proxy
    clock.advance(70)
    const { peer } = await second()
    peer.say(OK)
    assert.equal(await client.hears(/hi$/), OK)
    await first.end()
    assert.deepEqual([hedges('won'), hedges('lost'), hedges('failed')], [1, 0, 0])
    assert.equal(proxy.host.metric('cluster_picks_total', { cluster: 'back' }), 2)
  })

  test('does nothing where the answer comes in time', async () => {
    const { proxy, clock, client, first, others, hedges } = await slow()
    await using _ = proxy
    first.say(OK)
    await client.hears(/hi$/)
    clock.advance(1000)
    assert.equal(others[0]!.accepted.length, 0)
    assert.deepEqual([hedges('won'), hedges('lost'), hedges('failed'), hedges('refused')], [0, 0, 0, 0])
  })

  test('the first try may still win, and the request keeps its connections in use once', async () => {
    const { proxy, clock, client, first, second, hedges } = await slow()
    await using _ = proxy
    clock.advance(70)
    const { peer } = await second()
    first.say(OK)
    await client.hears(/hi$/)
    await peer.end()
    assert.equal(hedges('lost'), 1)
  })

  test('an answer 5xx waits for the other try, and is the answer when there is no better one', async () => {
    const { proxy, clock, client, first, second, hedges } = await slow()
    await using _ = proxy
    clock.advance(70)
    const { peer } = await second()
    first.say(answer(500))
    first.socket.end()
    await first.gone()
    peer.say(answer(503))
    assert.match(await client.hears(/\r\n\r\n$/), /^HTTP\/1.1 503 /)
    assert.equal(hedges('failed'), 1)
  })

  test('a try that breaks off leaves the request to the other', async () => {
    const { proxy, clock, client, first, second } = await slow()
    await using _ = proxy
    clock.advance(70)
    const { peer } = await second()
    first.socket.resetAndDestroy()
    await first.gone()
    peer.say(OK)
    assert.equal(await client.hears(/hi$/), OK)
  })

  test('a client that goes away ends both tries', async () => {
    const { proxy, clock, client, first, second, hedges } = await slow()
    await using _ = proxy
    clock.advance(70)
    const { peer } = await second()
    client.socket.resetAndDestroy()
    await Promise.all([first.end(), peer.end()])
    assert.equal(hedges('failed'), 1)
    assert.equal(proxy.host.metric('requests_in_flight', { listener: 'front' }), 0)
  })

  test('needs a place in the retry budget', async () => {
    const { proxy, clock, client, first, others, hedges } = await slow({
      ...hedging,
      retryBudget: { percent: 0, minConcurrent: 0 },
    })
    await using _ = proxy
    clock.advance(70)
    first.say(OK)
    await client.hears(/hi$/)
    assert.equal(others[0]!.accepted.length, 0)
    assert.equal(hedges('refused'), 1)
    assert.equal(proxy.host.metric('cluster_retry_budget_exhausted_total', { cluster: 'back' }), 1)
  })

  test('is not for requests that must not be repeated', async () => {
    const backs = await backends(2)
    const clock = new FakeClock()
    await using proxy = await startProxy(addresses(backs), {}, clock, hedging)
    const client = await proxy.client()
    client.say('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n')
    const { peer, back } = await nextOf(backs)
    clock.advance(1000)
    peer.say(OK)
    await client.hears(/hi$/)
    assert.equal(backs.find(one => one !== back)!.accepted.length, 0)
  })

  test('leaves the rules of retries as they are when both tries fail', async () => {
    const backs = await backends(3)
    const clock = new FakeClock()
    await using proxy = await startProxy(
      addresses(backs),
      { retry: { attempts: 1, backoff: '1ms', codes: [503] } },
      clock,
      hedging,
    )
    const client = await proxy.client()
    client.say(GET)
    const first = await nextOf(backs)
    clock.advance(70)
    const second = await nextOf(backs.filter(back => back !== first.back))
    first.peer.say(answer(503))
    first.peer.socket.end()
    await first.peer.gone()
    second.peer.say(answer(503))
    second.peer.socket.end()
    await second.peer.gone()
    clock.advance(10)
    const third = await nextOf(backs)
    third.peer.say(OK)
    assert.equal(await client.hears(/hi$/), OK)
    assert.equal(proxy.host.metric('retries_total', { listener: 'front', route: '', cluster: 'back' }), 1)
  })
})

describe('what keeps a backend from harm', () => {
  const retry = { retry: { attempts: 1, backoff: '1ms' } }

  test('an endpoint that fails again and again is left out, and comes back after its time', async () => {
    const [one, other] = (await backends(2)) as [RawBackend, RawBackend]
    const clock = new FakeClock()
    await using proxy = await startProxy([one.address, other.address], {}, clock, {
      outlierDetection: { consecutiveErrors: 2, baseEjectionTime: '10s', ejectionJitter: '0s' },
      panicThreshold: 0,
    })
    /** Asks once on a connection of its own; `one` answers 500. */
    const ask = async (): Promise<'one' | 'other'> => {
      const client = await proxy.client()
      client.say('GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      const { peer, back } = await nextOf([one, other])
      const status = back === one ? 500 : 200
      peer.socket.end(`HTTP/1.1 ${status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
      await client.end()
      return back === one ? 'one' : 'other'
    }
    const before = [await ask(), await ask(), await ask(), await ask()]
    assert.equal(before.filter(name => name === 'one').length, 2)
    assert.deepEqual([await ask(), await ask(), await ask()], ['other', 'other', 'other'])
    assert.equal(proxy.host.metric('cluster_endpoints', { cluster: 'back', state: 'ejected' }), 1)
    clock.advance(10_100)
    assert.deepEqual([await ask(), await ask()].sort(), ['one', 'other'])
  })

  test('a retry that the budget refuses is answered budget_exhausted, with what went wrong', async () => {
    const [back] = (await backends(1)) as [RawBackend]
    await using proxy = await startProxy([back.address], retry, new FakeClock(), {
      retryBudget: { percent: 0, minConcurrent: 0 },
    })
    const client = await proxy.client()
    client.say(GET)
    const { peer } = await nextOf([back])
    peer.socket.resetAndDestroy()
    const told = await client.hears(/\n$/)
    assert.match(told, /^HTTP\/1.1 503 [\s\S]*outrigger-error: budget_exhausted\r\n/)
    assert.match(told, /upstream_reset/)
  })

  test('a try that takes too long is followed by one on another endpoint, where that does no harm', async () => {
    const backs = await backends(2)
    const clock = new FakeClock()
    await using proxy = await startProxy(addresses(backs), { ...retry, tryTimeout: '1s' }, clock)
    const client = await proxy.client()
    client.say(GET)
    const first = await nextOf(backs)
    clock.advance(1500)
    await first.peer.end()
    clock.advance(10)
    const second = await nextOf(backs.filter(back => back !== first.back))
    second.peer.say(OK)
    assert.equal(await client.hears(/hi$/), OK)
    const poster = await proxy.client()
    poster.say('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n')
    const posted = await Promise.race([
      nextOf(backs).then(({ peer }) => peer),
      second.peer.hears(/POST/).then(() => second.peer),
    ])
    clock.advance(1500)
    assert.match(await poster.hears(/\n$/), /^HTTP\/1.1 504 [\s\S]*outrigger-error: timeout\r\n/)
    await posted.end()
  })

  test('with fewer usable endpoints than the panic threshold all are used again', async () => {
    const backs = await backends(2)
    const clock = new FakeClock()
    await using proxy = await startProxy(addresses(backs), {}, clock, {
      outlierDetection: { consecutiveErrors: 1, maxEjectionPercent: 100, ejectionJitter: '0s' },
    })
    const client = await proxy.client()
    for (let round = 0; round < 4; round++) {
      const asked = round < 2 ? client : await proxy.client()
      asked.forget()
      asked.say(GET)
      const { peer } = await nextOf(backs)
      peer.socket.end(answer(503).replace('x\r\n', 'x\r\nConnection: close\r\n'))
      await asked.hears(/\r\n\r\n$/)
    }
    assert.equal(proxy.host.metric('cluster_panicking', { cluster: 'back' }), 1)
    assert.equal(proxy.host.metric('cluster_picks_total', { cluster: 'back' }), 4)
    assert.equal(proxy.host.metric('cluster_no_healthy_upstream_total', { cluster: 'back' }) ?? 0, 0)
  })
})
