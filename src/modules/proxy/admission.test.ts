import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, test } from 'node:test'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { keySetText, signer } from './access/jwt/signer-fake.ts'
import type { PolicyInput } from './access/policy.ts'
import { checkProxy, type ProxyConfig, proxyConfig } from './config.ts'
import { ask } from './echo-fake.ts'
import { decodedProxy, startConfigured } from './proxy-fake.ts'
import { Backends, route, to, under } from './routed-fake.ts'

const running = new Backends()

afterEach(() => running.close())

/** One listener before one backend, with these rules. */
async function guarded(listener: object): Promise<ProxyConfig> {
  const upstreams = await running.start('app')
  return decodedProxy({
    listeners: [{ name: 'front', listen: '127.0.0.1:0', upstream: 'app', ...listener }],
    upstreams,
  })
}

const reads = { name: 'reads', action: 'allow', to: [{ methods: ['GET'], paths: ['/shop/*'] }] }
const secrets = { name: 'secrets', action: 'deny', to: [{ paths: ['/shop/secret*'] }] }

describe('access rules', () => {
  test('let pass what one allows, and refuse the rest with 403 before any backend hears of it', async () => {
    await using proxy = await startConfigured(await guarded({ access: { rules: [reads, secrets] } }))
    for (const [line, status] of [
      ['GET http://a/shop/x', 200],
      ['POST http://a/shop/x', 403],
      ['GET http://a/other', 403],
      ['GET http://a/shop/secret', 403],
      // The same paths written in another way.
      ['GET http://a/shop/%73ecret', 403],
      ['GET http://a/shop//x/../secret', 403],
      ['GET http://a/shop/..%2Fother', 403],
    ] as const)
      assert.equal((await ask(proxy.port, line)).status, status, line)
    assert.equal(running.of('app').heard.length, 1)
    const labels = { listener: 'front', route: '', cluster: '', class: '4xx', failure: 'denied' }
    assert.equal(proxy.host.metric('requests_total', { ...labels, source: '' }), 6)
  })

  test('see no header that only the sidecar may write', async () => {
    const rule = { name: 'by-header', action: 'allow', when: [{ header: 'x-role', values: ['admin'] }] }
    await using proxy = await startConfigured(
      await guarded({ access: { rules: [rule], stripHeaders: ['x-user'] } }),
    )
    const answer = await ask(proxy.port, 'GET http://a/', { 'x-role': 'admin', X_User: 'me', 'X-User': 'me' })
    assert.equal(answer.status, 200)
    const [request] = running.of('app').heard
    assert.deepEqual([request!.headers.get('x-user'), request!.headers.get('x_user')], [undefined, undefined])
  })

  test('take tokens whose keys they read from the issuer, and hand the claims on', async () => {
    const issuer = await signer('ES256', 'k1')
    const jwks = createServer((_, response) => response.end(keySetText(issuer))).listen(0, '127.0.0.1')
    await once(jwks, 'listening')
    try {
      const url = `http://127.0.0.1:${(jwks.address() as AddressInfo).port}/jwks`
      const jwt = { issuers: [{ issuer: 'https://login.test', keys: { url }, headers: { 'x-user': 'sub' } }] }
      const admins = { name: 'admins', action: 'allow', when: [{ claim: 'roles', values: ['admin'] }] }
      await using proxy = await startConfigured(await guarded({ access: { rules: [admins], jwt } }))
      const token = (claims: object) =>
        issuer.sign({ iss: 'https://login.test', sub: 'ann', exp: 4_000_000_000, ...claims })
      const bearer = async (claims: object) => ({ Authorization: `Bearer ${await token(claims)}` })

      const without = await ask(proxy.port, 'GET http://a/')
      assert.equal(without.status, 401)
      assert.equal(without.headers.get('outrigger-error'), 'unauthenticated')
      assert.equal(without.headers.get('www-authenticate'), 'Bearer')
      assert.equal((await ask(proxy.port, 'GET http://a/', await bearer({ roles: ['user'] }))).status, 403)
      assert.equal((await ask(proxy.port, 'GET http://a/', await bearer({ exp: 1 }))).status, 401)
      const admin = await bearer({ roles: ['admin'] })
      for (let round = 0; round < 2; round++)
        assert.equal(
          (await ask(proxy.port, 'POST http://a/?q=1', { ...admin, 'X-User': 'root' }, 'b')).status,
          200,
        )
      const { heard } = running.of('app')
      assert.deepEqual(heard[0]!.headers.getAll('x-user'), ['ann'])
      assert.equal(heard[0]!.headers.has('authorization'), false)
      assert.equal(heard[0]!.body, 'b')
      assert.equal(heard.length, 2)
    } finally {
      jwks.close()
    }
  })

  test('answer gRPC in its own terms', async () => {
    await using proxy = await startConfigured(await guarded({ access: { otherwise: 'deny' } }))
    const session = connect(`http://127.0.0.1:${proxy.port}`)
    try {
      const call = session.request({ ':method': 'POST', ':path': '/a/b', 'content-type': 'application/grpc' })
      call.end()
      const [headers] = await once(call, 'response')
      assert.equal(headers[':status'], 200)
      assert.equal(headers['grpc-status'], '7')
    } finally {
      session.close()
    }
  })

  test('ask the policy module where they are told to, and deny when it fails', async () => {
    const asked: PolicyInput[] = []
    const policy = {
      allows: async (input: PolicyInput) => {
        asked.push(input)
        if (input.path[0] === 'broken') throw new Error('no decision')
        return input.headers['x-role'] === 'admin'
      },
    }
    const config = await guarded({ access: { policy: true } })
    await using proxy = await startConfigured(config, undefined, { policy })
    assert.equal((await ask(proxy.port, 'GET http://a/x/y', { 'X-Role': 'admin' })).status, 200)
    assert.equal((await ask(proxy.port, 'GET http://a/x/y')).status, 403)
    assert.equal((await ask(proxy.port, 'GET http://a/broken', { 'X-Role': 'admin' })).status, 403)
    assert.deepEqual(asked[0]!.path, ['x', 'y'])
    assert.equal(asked[0]!.source.address, '127.0.0.1')
  })

  test('that need the policy module do not start without it', async () => {
    const config = await guarded({ access: { policy: true } })
    await assert.rejects(startConfigured(config), /module policy does not run/)
  })
})

describe('rate limits', () => {
  test('refuse what is too much with 429, and tell when to come again', async () => {
    const clock = new FakeClock()
    const limits = [{ name: 'few', rate: '2/m' }]
    await using proxy = await startConfigured(await guarded({ limits }), clock)
    for (const status of [200, 200, 429])
      assert.equal((await ask(proxy.port, 'GET http://a/')).status, status)
    const { headers } = await ask(proxy.port, 'GET http://a/')
    assert.equal(headers.get('outrigger-error'), 'rate_limited')
    assert.equal(headers.get('retry-after'), '30')
    assert.equal(headers.get('ratelimit-remaining'), '0')
    assert.equal(headers.get('ratelimit'), '"few";r=0;t=60')
    clock.advance(30_000)
    assert.equal((await ask(proxy.port, 'GET http://a/')).status, 200)
    assert.equal(proxy.host.metric('limit_refusals_total', { limit: 'few' }), 2)
  })

  test('count by route, and by what a header says', async () => {
    const rules = [
      { name: 'slow', matches: under('/slow'), backendRefs: [to('v1')] },
      { backendRefs: [to('v1')] },
    ]
    const limits = [
      { name: 'slow', rate: '1/h', routes: ['*/slow'] },
      { name: 'key', rate: '3/h', per: 'header', header: 'x-key' },
    ]
    const config = decodedProxy({
      listeners: [{ listen: '127.0.0.1:0', routed: {}, limits }],
      namespace: 'shop',
      upstreams: await running.start('v1.shop:80'),
      routes: [route({ rules })],
    })
    await using proxy = await startConfigured(config, new FakeClock())
    const statuses = async (path: string, key: string, count: number) => {
      const all: number[] = []
      for (let round = 0; round < count; round++)
        all.push((await ask(proxy.port, `GET http://checkout${path}`, { 'x-key': key })).status)
      return all
    }
    assert.deepEqual(await statuses('/slow', 'a', 2), [200, 429])
    assert.deepEqual(await statuses('/', 'a', 3), [200, 200, 429])
    assert.deepEqual(await statuses('/', 'b', 1), [200])
  })

  test('of a route are not used up by who may not pass, and access rules hold on every route', async () => {
    const rules = [
      { name: 'slow', matches: under('/slow'), backendRefs: [to('v1')] },
      { backendRefs: [to('v1')] },
    ]
    const config = decodedProxy({
      listeners: [
        {
          ...{ listen: '127.0.0.1:0', routed: {} },
          access: { rules: [{ name: 'reads', action: 'allow', to: [{ methods: ['GET'] }] }] },
          limits: [{ name: 'slow', rate: '1/h', routes: ['*/slow'] }],
        },
      ],
      namespace: 'shop',
      upstreams: await running.start('v1.shop:80'),
      routes: [route({ rules })],
    })
    await using proxy = await startConfigured(config, new FakeClock())
    for (const [line, status] of [
      ['POST http://checkout/slow', 403],
      ['POST http://checkout/', 403],
      ['GET http://checkout/slow', 200],
      ['GET http://checkout/slow', 429],
      ['POST http://checkout/slow', 403],
      ['GET http://checkout/', 200],
    ] as const)
      assert.equal((await ask(proxy.port, line)).status, status, line)
  })

  test('are not used up by who may not pass, and go on counting after a reload', async () => {
    const limits = [{ name: 'one', rate: '1/h' }]
    const access = { rules: [reads] }
    const config = await guarded({ limits, access })
    await using proxy = await startConfigured(config, new FakeClock())
    assert.equal((await ask(proxy.port, 'POST http://a/shop/x')).status, 403)
    assert.equal((await ask(proxy.port, 'GET http://a/shop/x')).status, 200)
    const next = await guarded({ limits, access: { rules: [reads, secrets] } })
    assert.equal(await proxy.running.update!(next), true)
    assert.equal((await ask(proxy.port, 'GET http://a/shop/x')).status, 429)
    assert.equal((await ask(proxy.port, 'GET http://a/shop/secret')).status, 403)
  })
})

describe('a fault on purpose', () => {
  const chaos = { headers: { 'x-chaos': '*' } }
  const asked = { 'X-Chaos': '1' }

  test('answers in the place of the backend, for the requests that it is for', async () => {
    const faults = [{ name: 'gone', abort: 418, ...chaos }]
    await using proxy = await startConfigured(await guarded({ faults }))
    const answer = await ask(proxy.port, 'GET http://a/', asked)
    assert.equal(answer.status, 418)
    assert.equal(answer.headers.get('outrigger-error'), 'fault_injected')
    assert.equal((await ask(proxy.port, 'GET http://a/')).status, 200)
    assert.equal(running.of('app').heard.length, 1)
    assert.equal(proxy.host.metric('faults_injected_total', { fault: 'gone' }), 1)
  })

  test('delays a request, and one that is given up meanwhile goes nowhere', async () => {
    const clock = new FakeClock()
    const faults = [{ name: 'slow', delay: '5s' }]
    await using proxy = await startConfigured(await guarded({ faults }), clock)
    const waiting = () => proxy.host.metric('requests_in_flight', { listener: 'front' })
    const until = async (count: number) => {
      while (waiting() !== count) await new Promise(resolve => setImmediate(resolve))
    }
    const patient = ask(proxy.port, 'GET http://a/')
    await until(1)
    const hasty = await proxy.client()
    hasty.say('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(2)
    hasty.socket.resetAndDestroy()
    await until(1)
    assert.equal(running.of('app').heard.length, 0)
    clock.advance(5000)
    assert.equal((await patient).status, 200)
    assert.equal(running.of('app').heard.length, 1)
  })

  test('breaks the connection without an answer', async () => {
    const faults = [{ name: 'cut', reset: true }]
    await using proxy = await startConfigured(await guarded({ faults }))
    const client = await proxy.client()
    client.say('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.equal(await client.end(), '')
    const labels = { listener: 'front', route: '', cluster: '', class: '5xx', failure: 'fault_injected' }
    assert.equal(proxy.host.metric('requests_total', { ...labels, source: '' }), 1)
  })

  test('sends the body of an answer slowly', async () => {
    const clock = new FakeClock()
    const faults = [{ name: 'drip', slowBody: '20B' }]
    await using proxy = await startConfigured(await guarded({ faults }), clock)
    const client = await proxy.client()
    client.say('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.hears(/\r\n\r\n$/)
    for (const text of ['a', 'ap', 'app']) {
      clock.advance(50)
      await client.hears(new RegExp(`\\r\\n\\r\\n${text}$`))
    }
    // The connection lives on.
    client.forget()
    client.say('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.hears(/\r\n\r\n$/)
  })
})

describe('a mistake is told with its place', () => {
  const table: [what: string, listener: object, path: string][] = [
    ['in access rules', { access: { rules: [{ ...reads, to: [{}] }] } }, 'listeners.0.access.rules.0.to.0'],
    ['in limits', { limits: [{ name: 'a', rate: '1/s', per: 'header' }] }, 'listeners.0.limits.0.per'],
    ['in faults', { faults: [{ name: 'a' }] }, 'listeners.0.faults.0'],
    [
      'limits of routes on TCP',
      { protocol: 'tcp', limits: [{ name: 'a', rate: '1/s', routes: ['x'] }] },
      'listeners.0.limits.0.routes',
    ],
    [
      'limits by header on TCP',
      { protocol: 'tcp', limits: [{ name: 'a', rate: '1/s', per: 'header', header: 'x' }] },
      'listeners.0.limits.0.header',
    ],
    [
      'access rules on TCP that ask for what only HTTP has',
      { protocol: 'tcp', access: { rules: [reads] } },
      'listeners.0.access.rules.0',
    ],
    ['faults on TCP', { protocol: 'tcp', faults: [{ name: 'a', abort: 503 }] }, 'listeners.0.faults'],
  ]
  for (const [what, listener, path] of table)
    test(what, () => {
      const decoded = proxyConfig.decode({
        listeners: [{ listen: '127.0.0.1:1', upstream: 'app', ...listener }],
        upstreams: { app: { endpoints: [{ address: '127.0.0.1:2' }] } },
      })
      assert.ok(decoded.ok)
      assert.deepEqual(
        checkProxy(decoded.value).map(problem => problem.path.join('.')),
        [path],
      )
    })
})
