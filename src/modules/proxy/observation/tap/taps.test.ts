import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { listen, RawPeer } from '../../../../http/raw-peer-fake.ts'
import { createHttpServer } from '../../../../http/server/server.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { fakeHost } from '../../../../kernel/host-fake.ts'
import { fakeConclusion, fakeObserved } from '../observed-fake.ts'
import { passes, readTapFilter, type TapFilter } from './tap-filter.ts'
import { Taps } from './taps.ts'

async function setUp(t: TestContext) {
  const host = fakeHost({ name: 'proxy', clock: systemClock() })
  let changes = 0
  const taps = host.scope.use(
    new Taps(host, () => {
      changes++
    }),
  )
  const admin = createHttpServer({
    clock: host.clock,
    handler: (request, response) => host.routes.find(request.path)!.methods['GET']!(request, response),
  })
  const { port, server } = await listen(admin.accept)
  t.after(async () => {
    admin.close()
    server.close()
    await host.close()
  })
  const ask = async (query: string) => {
    const peer = await RawPeer.connect(port)
    t.after(() => peer.socket.destroy())
    peer.say(`GET /proxy/tap${query} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    return { peer, head: await peer.hears(/\r\n\r\n/) }
  }
  return { host, taps, ask, changes: () => changes }
}

describe('a tap', () => {
  test('shows the requests that it asks for, without their secrets', async t => {
    const { taps, ask } = await setUp(t)
    const { peer, head } = await ask('?path=/cart&method=post')
    assert.match(head, /^HTTP\/1.1 200 OK\r\n/)
    taps.show(fakeObserved('GET /cart HTTP/1.1\r\nHost: not.shown\r\n'), fakeConclusion())
    taps.show(fakeObserved(), fakeConclusion())
    const text = await peer.hears(/"request_id":"42"\}\n/)
    assert.match(text, /"path":"\/cart","query":"token=<redacted>&n=1"/)
    assert.doesNotMatch(text, /not\.shown|hush/)
  })

  test('makes its listeners be watched from its beginning to its end', async t => {
    const { host, taps, ask, changes } = await setUp(t)
    assert.equal(taps.isOpen, false)
    const one = await ask('')
    const other = await ask('')
    assert.equal(changes(), 1)
    assert.equal(host.metric('taps'), 2)
    const gone = new Promise<void>(resolve => {
      const look = () => (taps.isOpen ? setImmediate(look) : resolve())
      look()
    })
    one.peer.socket.destroy()
    other.peer.socket.destroy()
    await gone
    assert.equal(changes(), 2)
    assert.equal(host.metric('taps'), 0)
  })

  test('whose reader is behind misses requests, and is told how many', async t => {
    const { host, taps, ask } = await setUp(t)
    const { peer } = await ask('')
    peer.socket.pause()
    const long = fakeObserved(`GET /${'x'.repeat(6000)} HTTP/1.1\r\nHost: a\r\n`)
    const missed = () => host.metric('tap_dropped_total') ?? 0
    for (let round = 0; missed() < 3; round++) {
      taps.show(long, fakeConclusion())
      if (round % 50 === 0) await new Promise(setImmediate)
    }
    peer.socket.resume()
    const text = await peer.hears(/\{"missed":\d+\}\n/)
    assert.equal(Number(/"missed":(\d+)/.exec(text)![1]), missed())
  })

  test('ends with the module', async t => {
    const { taps, ask } = await setUp(t)
    const { peer } = await ask('')
    taps[Symbol.dispose]()
    await peer.hears(/\r\n0\r\n\r\n$/)
    assert.equal(taps.isOpen, false)
  })

  test('beyond the sixteenth is refused', async t => {
    const { ask } = await setUp(t)
    for (let count = 0; count < 16; count++) await ask('')
    assert.match((await ask('')).head, /^HTTP\/1.1 503 /)
  })

  test('with a filter that does not exist is refused', async t => {
    const { ask } = await setUp(t)
    const { peer, head } = await ask('?colour=red')
    assert.match(head, /^HTTP\/1.1 400 /)
    await peer.hears(/there is no filter colour; there are path, method/)
  })

  test('is for this machine only', () => {
    const host = fakeHost({ name: 'proxy' })
    new Taps(host, () => assert.fail('nobody is let in'))
    const sent: unknown[] = []
    const handler = host.routes.find('/proxy/tap')!.methods['GET']!
    const asked = { fromLoopback: false, method: 'GET', query: new URLSearchParams() }
    void handler(asked as never, { send: (...given: unknown[]) => sent.push(given[0]) } as never)
    assert.deepEqual(sent, [403])
  })
})

describe('a filter', () => {
  const observed = fakeObserved()
  const rule = { name: 'HTTPRoute/shop/cart/0', backends: [], totalWeight: 0, filters: [] }
  const how = fakeConclusion({ status: 503, match: { prefix: '/', rule } })
  for (const [filter, shown] of [
    [{}, true],
    [{ path: '/ca' }, true],
    [{ path: '/x' }, false],
    [{ method: 'post' }, true],
    [{ method: 'GET' }, false],
    [{ status: '503' }, true],
    [{ status: '5xx' }, true],
    [{ status: '5XX' }, true],
    [{ status: '4xx' }, false],
    [{ route: 'HTTPRoute/shop/cart' }, true],
    [{ route: 'HTTPRoute/shop/cart/0' }, true],
    [{ route: 'HTTPRoute/shop/car' }, false],
    [{ listener: 'front', upstream: 'checkout' }, true],
    [{ listener: 'back' }, false],
    [{ upstream: 'other' }, false],
  ] as const satisfies readonly (readonly [TapFilter, boolean])[])
    test(`${JSON.stringify(filter)} ${shown ? 'shows' : 'does not show'} it`, () =>
      assert.equal(passes(filter, observed, how), shown))

  for (const query of ['status=abc', 'status=600', 'path=/a&path=/b', 'x=1'])
    test(`?${query} is none`, () => assert.ok('problem' in readTapFilter(new URLSearchParams(query))))
})
