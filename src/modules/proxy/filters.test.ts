import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { ask, echoBackend } from './echo-fake.ts'
import { rawBackend, type StartedProxy, startConfigured } from './proxy-fake.ts'
import { Backends, route, routed, to, under } from './routed-fake.ts'

const running = new Backends()
const backends = (...names: string[]) => running.start(...names)
const V1 = 'v1.shop:80'

afterEach(() => running.close())

async function through(rule: object, ...more: string[]) {
  const upstreams = await backends(V1, ...more)
  return startConfigured(routed(upstreams, [route({ rules: [{ backendRefs: [to('v1')], ...rule }] })]))
}

const edit = (side: 'Request' | 'Response', changes: object) => ({
  type: `${side}HeaderModifier`,
  [`${side.toLowerCase()}HeaderModifier`]: changes,
})

describe('header fields', () => {
  test('of requests and answers are edited by the rule, then by the backend', async () => {
    const filters = [
      edit('Request', { set: [{ name: 'x-set', value: 'rule' }], remove: ['x-gone'] }),
      edit('Response', { add: [{ name: 'x-many', value: 'rule' }] }),
    ]
    const ofBackend = [
      edit('Request', { set: [{ name: 'x-set', value: 'backend' }] }),
      edit('Response', { add: [{ name: 'x-many', value: 'backend' }], remove: ['date'] }),
    ]
    await using proxy = await through({ filters, backendRefs: [to('v1', 1, ofBackend)] })
    const answer = await ask(proxy.port, 'GET http://checkout/', { 'X-Gone': '1', 'X-Set': '1' })
    const [request] = running.of(V1).heard
    assert.equal(request!.headers.get('x-set'), 'backend')
    assert.equal(request!.headers.has('x-gone'), false)
    assert.deepEqual(answer.headers.getAll('x-many'), ['rule', 'backend'])
    assert.equal(answer.headers.has('date'), false)
  })
})

describe('a rewrite', () => {
  test('changes path and host, and keeps the query', async () => {
    const urlRewrite = {
      hostname: 'inside.test',
      path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/v2' },
    }
    await using proxy = await through({
      matches: under('/api'),
      filters: [{ type: 'URLRewrite', urlRewrite }],
    })
    await ask(proxy.port, 'GET http://checkout/api/cart?x=%2F1')
    const [request] = running.of(V1).heard
    assert.equal(request!.target, '/v2/cart?x=%2F1')
    assert.equal(request!.headers.get('host'), 'inside.test')
    assert.equal(request!.headers.get('x-forwarded-host'), 'checkout')
  })
})

describe('a redirect', () => {
  test('is answered without a backend', async () => {
    const requestRedirect = { scheme: 'https', statusCode: 308 }
    const filters = [
      { type: 'RequestRedirect', requestRedirect },
      edit('Response', { set: [{ name: 'x-by', value: 'us' }] }),
    ]
    await using proxy = await through({ filters, backendRefs: [] })
    const answer = await ask(proxy.port, 'GET http://checkout/a?b=1')
    assert.equal(answer.status, 308)
    assert.equal(answer.headers.get('location'), 'https://checkout/a?b=1')
    assert.equal(answer.headers.get('x-by'), 'us')
    assert.equal(running.of(V1).heard.length, 0)
  })
})

describe('CORS', () => {
  const cors = { allowOrigins: ['https://*.test'], allowMethods: ['PUT'], exposeHeaders: ['x-id'] }
  const filters = [{ type: 'CORS', cors }]
  const origin = { Origin: 'https://shop.test' }

  test('answers a preflight request itself', async () => {
    await using proxy = await through({ filters })
    const asked = { ...origin, 'Access-Control-Request-Method': 'PUT' }
    const answer = await ask(proxy.port, 'OPTIONS http://checkout/', asked)
    assert.equal(answer.status, 204)
    assert.equal(answer.headers.get('access-control-allow-origin'), 'https://shop.test')
    assert.equal(answer.headers.get('access-control-allow-methods'), 'PUT')
    assert.equal(running.of(V1).heard.length, 0)
  })

  test('permits the origin in answers of backends, and in refusals of the proxy', async () => {
    await using proxy = await through({ filters })
    const answer = await ask(proxy.port, 'GET http://checkout/', origin)
    assert.equal(answer.body, V1)
    assert.equal(answer.headers.get('access-control-allow-origin'), 'https://shop.test')
    assert.equal(answer.headers.get('access-control-expose-headers'), 'x-id')
    running.close()
    const refused = await ask(proxy.port, 'GET http://checkout/', origin)
    assert.equal(refused.headers.get('outrigger-error'), 'upstream_connect_failed')
    assert.equal(refused.headers.get('access-control-allow-origin'), 'https://shop.test')
  })
})

describe('a mirror', () => {
  const mirror = (percent = 100) => ({
    type: 'RequestMirror',
    requestMirror: { backendRef: { name: 'copy', port: 80 }, percent },
  })
  const results = (proxy: StartedProxy) =>
    Object.fromEntries(
      ['answered', 'failed', 'unavailable', 'dropped'].flatMap(result => {
        const labels = { listener: 'front', cluster: 'copy.shop:80', result }
        const count = proxy.host.metric('mirrored_requests_total', labels)
        return count === undefined ? [] : [[result, count]]
      }),
    )

  test('gets the request as the backend does, body and trailers included', async () => {
    await using proxy = await through({ filters: [mirror()] }, 'copy.shop:80')
    const answer = await ask(proxy.port, 'POST http://checkout/a?b=1', { 'X-Mine': '1' }, 'hello')
    assert.equal(answer.body, V1)
    await running.of('copy.shop:80').has(1)
    const [original] = running.of(V1).heard
    const [copy] = running.of('copy.shop:80').heard
    assert.deepEqual(copy, original)
    assert.equal(copy!.body, 'hello')
  })

  test('that does not answer delays nobody', async () => {
    const silent = await rawBackend()
    try {
      const upstreams = {
        ...(await backends(V1)),
        'copy.shop:80': { endpoints: [{ address: silent.address }] },
      }
      const rules = [{ filters: [mirror()], backendRefs: [to('v1')] }]
      await using proxy = await startConfigured(routed(upstreams, [route({ rules })]))
      assert.equal((await ask(proxy.port, 'GET http://checkout/')).body, V1)
      await (await silent.next()).hears(/\r\n\r\n$/)
    } finally {
      silent.close()
    }
  })

  test('that takes no more is let go while the original arrives whole', async () => {
    const stuck = await rawBackend()
    try {
      const upstreams = {
        ...(await backends(V1)),
        'copy.shop:80': { endpoints: [{ address: stuck.address }] },
      }
      const rules = [{ filters: [mirror()], backendRefs: [to('v1')] }]
      await using proxy = await startConfigured(routed(upstreams, [route({ rules })]))
      const peer = stuck.next().then(({ socket }) => socket.pause())
      const body = 'x'.repeat(15 * 1024 * 1024)
      const answer = await ask(proxy.port, 'PUT http://checkout/', {}, body)
      await peer
      assert.equal(answer.status, 200)
      assert.equal(running.of(V1).heard[0]!.body.length, body.length)
      assert.deepEqual(results(proxy), { dropped: 1 })
    } finally {
      stuck.close()
    }
  })

  test('that cannot be reached is counted, and nobody hears of it', async () => {
    await using proxy = await through({ filters: [mirror()] }, 'copy.shop:80')
    running.of('copy.shop:80')[Symbol.dispose]()
    assert.equal((await ask(proxy.port, 'GET http://checkout/')).body, V1)
    while (results(proxy)['failed'] === undefined) await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual(results(proxy), { failed: 1 })
  })

  test('of no percent gets nothing', async () => {
    await using proxy = await through({ filters: [mirror(0)] }, 'copy.shop:80')
    await ask(proxy.port, 'GET http://checkout/')
    assert.equal(running.of('copy.shop:80').heard.length, 0)
    assert.deepEqual(results(proxy), {})
  })
})

describe('a session', () => {
  async function sessions(sessionPersistence: object) {
    const made = await Promise.all(['a', 'b', 'c', 'd'].map(name => echoBackend(name)))
    const ends = (from: number, until: number) => ({
      balancing: 'round_robin',
      endpoints: made.slice(from, until).map(({ address }) => ({ address })),
    })
    const upstreams = { 'v1.shop:80': ends(0, 2), 'v2.shop:80': ends(2, 4) }
    const rules = [{ matches: under('/app'), sessionPersistence, backendRefs: [to('v1'), to('v2')] }]
    const proxy = await startConfigured(routed(upstreams, [route({ rules })]))
    const close = () => {
      for (const backend of made) backend[Symbol.dispose]()
    }
    return { proxy, made, close }
  }

  test('by cookie stays with its endpoint, and begins anew where that is gone', async () => {
    const { proxy, made, close } = await sessions({ sessionName: 'sid' })
    try {
      const first = await ask(proxy.port, 'GET http://checkout/app')
      const [, cookie = ''] = /^(sid=[0-9a-f]{32}); Path=\/app; HttpOnly; SameSite=Lax$/.exec(
        first.headers.get('set-cookie')!,
      )!
      for (let round = 0; round < 12; round++) {
        const next = await ask(proxy.port, 'GET http://checkout/app/x', { Cookie: `other=1; ${cookie}` })
        assert.equal(next.body, first.body)
        assert.equal(next.headers.has('set-cookie'), false)
      }
      made.find((_, at) => 'abcd'[at] === first.body)![Symbol.dispose]()
      assert.equal((await ask(proxy.port, 'GET http://checkout/app', { Cookie: cookie })).status, 502)
      const nonsense = await ask(proxy.port, 'GET http://checkout/app', { Cookie: 'sid=zz' })
      assert.ok(nonsense.status === 502 || nonsense.headers.has('set-cookie'))
    } finally {
      close()
      await proxy[Symbol.asyncDispose]()
    }
  })

  test('by header is told in the answer', async () => {
    const { proxy, close } = await sessions({ sessionName: 'x-session', type: 'Header' })
    try {
      const first = await ask(proxy.port, 'GET http://checkout/app')
      const session = first.headers.get('x-session')!
      for (let round = 0; round < 8; round++)
        assert.equal(
          (await ask(proxy.port, 'GET http://checkout/app', { 'x-session': session })).body,
          first.body,
        )
    } finally {
      close()
      await proxy[Symbol.asyncDispose]()
    }
  })

  test('whose endpoint fails goes on at another with a retry, and is told the new one', async () => {
    const { proxy, made, close } = await sessions({ sessionName: 'x-session', type: 'Header' })
    await proxy[Symbol.asyncDispose]()
    const both = made.slice(0, 2).map(({ address }) => ({ address }))
    const rules = [
      {
        sessionPersistence: { sessionName: 'x-session', type: 'Header' },
        retry: { attempts: 1, backoff: '1ms' },
        backendRefs: [to('v1')],
      },
    ]
    const upstreams = { 'v1.shop:80': { endpoints: both } }
    await using again = await startConfigured(routed(upstreams, [route({ rules })]))
    const first = await ask(again.port, 'GET http://checkout/')
    made.find((_, at) => 'abcd'[at] === first.body)![Symbol.dispose]()
    const headers = { 'x-session': first.headers.get('x-session')! }
    const next = await ask(again.port, 'GET http://checkout/', headers)
    assert.equal(next.status, 200)
    assert.notEqual(next.body, first.body)
    assert.notEqual(next.headers.get('x-session'), headers['x-session'])
    close()
  })
})

describe('a rule', () => {
  test('bounds the whole exchange', async () => {
    const silent = await rawBackend()
    try {
      const upstreams = { 'v1.shop:80': { endpoints: [{ address: silent.address }] } }
      const rules = [{ timeouts: { request: '50ms' }, backendRefs: [to('v1')] }]
      await using proxy = await startConfigured(routed(upstreams, [route({ rules })]))
      const answer = await ask(proxy.port, 'GET http://checkout/')
      assert.equal(answer.status, 504)
      assert.equal(answer.headers.get('outrigger-error'), 'timeout')
    } finally {
      silent.close()
    }
  })

  test('has requests tried again after the answers that it names', async () => {
    let count = 0
    using flaky = await echoBackend('flaky', response => response.send(count++ === 0 ? 503 : 200, {}, 'ok'))
    const upstreams = { 'v1.shop:80': { endpoints: [{ address: flaky.address }] } }
    const rules = [{ retry: { attempts: 2, codes: [503], backoff: '1ms' }, backendRefs: [to('v1')] }]
    await using proxy = await startConfigured(routed(upstreams, [route({ rules })]))
    assert.equal((await ask(proxy.port, 'GET http://checkout/')).body, 'ok')
    assert.equal(flaky.heard.length, 2)
  })
})
