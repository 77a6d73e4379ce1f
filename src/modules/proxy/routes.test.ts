import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { checkProxy, proxyConfig } from './config.ts'
import { ask } from './echo-fake.ts'
import { startConfigured } from './proxy-fake.ts'
import { Backends, route, routed, to, under } from './routed-fake.ts'

const running = new Backends()
const backends = (...names: string[]) => running.start(...names)

afterEach(() => running.close())

describe('a routed listener', () => {
  test('sends a request to the backend of the rule that it meets', async () => {
    const upstreams = await backends('old.shop:80', 'new.shop:80')
    const config = routed(upstreams, [
      route({
        rules: [{ matches: under('/cart'), backendRefs: [to('new')] }, { backendRefs: [to('old')] }],
      }),
    ])
    await using proxy = await startConfigured(config)
    for (const [line, body] of [
      ['GET http://checkout/cart', 'new.shop:80'],
      ['GET http://checkout/cart/7', 'new.shop:80'],
      ['GET http://checkout/cartoon', 'old.shop:80'],
      ['GET http://checkout.shop.svc.cluster.local/', 'old.shop:80'],
      ['GET http://CHECKOUT.shop:80/x/../cart', 'new.shop:80'],
    ])
      assert.equal((await ask(proxy.port, line!)).body, body, line)
    const labels = { listener: 'front', cluster: 'new.shop:80', class: '2xx', failure: '', source: '' }
    const name = 'HTTPRoute/shop/checkout/0'
    assert.equal(proxy.host.metric('requests_total', { ...labels, route: name }), 3)
  })

  test('shares requests out by weight', async () => {
    const upstreams = await backends('old.shop:80', 'new.shop:80', 'none.shop:80')
    const rules = [{ backendRefs: [to('old', 3), to('none', 0), to('new', 1)] }]
    await using proxy = await startConfigured(routed(upstreams, [route({ rules })]))
    for (let round = 0; round < 200; round++) await ask(proxy.port, 'GET http://checkout/')
    const [old, young, none] = ['old', 'new', 'none'].map(name => running.of(`${name}.shop:80`).heard.length)
    assert.equal(none, 0)
    assert.equal(old! + young!, 200)
    // 150 of 200 are expected; six standard deviations (6.1 each) either way.
    assert.ok(old! > 112 && old! < 188, `${old}`)
  })

  test('answers 404 where routes govern the host and none matches', async () => {
    const upstreams = await backends('checkout.shop:80')
    const rules = [{ matches: under('/cart'), backendRefs: [to('checkout')] }]
    await using proxy = await startConfigured(routed(upstreams, [route({ rules })]))
    const answer = await ask(proxy.port, 'GET http://checkout/')
    assert.equal(answer.status, 404)
    assert.equal(answer.headers.get('outrigger-error'), 'route_not_found')
  })

  test('sends what no route governs to the upstream that it names', async () => {
    const upstreams = await backends('stock.shop:80', 'stock.shop:8080', 'mail.ops:80', 'billing')
    await using proxy = await startConfigured(routed(upstreams, []))
    for (const [host, body] of [
      ['stock', 'stock.shop:80'],
      ['stock:8080', 'stock.shop:8080'],
      ['stock.shop.svc', 'stock.shop:80'],
      ['mail.ops', 'mail.ops:80'],
      ['mail.ops.svc.cluster.local', 'mail.ops:80'],
      ['billing:9999', 'billing'],
    ])
      assert.equal((await ask(proxy.port, `GET http://${host}/`)).body, body, host)
    assert.equal((await ask(proxy.port, 'GET http://nobody/')).status, 404)
    assert.equal((await ask(proxy.port, 'GET http://stock:81/')).status, 404)
  })

  test('knows services of its own namespace by short names', async () => {
    const upstreams = await backends('checkout', 'stock:8080', 'copy', 'mail.ops:80')
    const mirror = { type: 'RequestMirror', requestMirror: { backendRef: { name: 'copy', port: 80 } } }
    const rules = [
      { matches: under('/stock'), backendRefs: [{ name: 'stock', port: 8080 }] },
      { matches: under('/mail'), backendRefs: [{ name: 'mail', namespace: 'ops', port: 80 }] },
      { filters: [mirror], backendRefs: [{ name: 'checkout', namespace: 'shop', port: 80 }] },
    ]
    const config = routed(upstreams, [route({ rules })])
    await using proxy = await startConfigured(config)
    for (const [line, body] of [
      ['GET http://checkout/', 'checkout'],
      ['GET http://checkout.shop/stock', 'stock:8080'],
      ['GET http://checkout/mail', 'mail.ops:80'],
      ['GET http://stock:8080/', 'stock:8080'],
      ['GET http://stock.shop.svc.cluster.local:8080/', 'stock:8080'],
      ['GET http://copy.shop:7/', 'copy'],
    ])
      assert.equal((await ask(proxy.port, line!)).body, body, line)
    await running.of('copy').has(2)
    for (const host of ['stock', 'copy.ops', 'stock.ops:8080'])
      assert.equal((await ask(proxy.port, `GET http://${host}/`)).status, 404, host)
    assert.equal(await proxy.running.update!(config), true)
    assert.equal((await ask(proxy.port, 'GET http://checkout/stock')).body, 'stock:8080')
  })

  test('refuses what no route governs where it is told to', async () => {
    const upstreams = await backends('stock.shop:80')
    await using proxy = await startConfigured(routed(upstreams, [], { routed: { unrouted: 'refuse' } }))
    assert.equal((await ask(proxy.port, 'GET http://stock/')).status, 404)
  })

  test('takes the routes of the Gateway that it stands for, by host name', async () => {
    const upstreams = await backends('web.shop:80', 'any.shop:80')
    const parents = [{ name: 'public' }]
    const own = route({
      name: 'web',
      parents,
      hostnames: ['*.shop.example'],
      rules: [{ backendRefs: [to('web')] }],
    })
    const rest = route({ name: 'rest', parents, rules: [{ backendRefs: [to('any')] }] })
    const config = routed(upstreams, [own, rest], { routed: { gateway: 'public' } })
    await using proxy = await startConfigured(config)
    assert.equal((await ask(proxy.port, 'GET http://www.shop.example/')).body, 'web.shop:80')
    assert.equal((await ask(proxy.port, 'GET http://other.example/')).body, 'any.shop:80')
  })

  test('of TCP passes connections on by its TCPRoute', async () => {
    const upstreams = await backends('db.shop:80')
    const tcp = route({
      kind: 'TCPRoute',
      parents: [{ name: 'inside' }],
      rules: [{ backendRefs: [to('db')] }],
    })
    const listener = { protocol: 'tcp', routed: { gateway: 'shop/inside' } }
    await using proxy = await startConfigured(routed(upstreams, [tcp], listener))
    assert.equal((await ask(proxy.port, 'GET http://whatever/')).body, 'db.shop:80')
  })

  test('takes new routes over while a connection stays open', async () => {
    const upstreams = await backends('old.shop:80', 'new.shop:80')
    const rule = (name: string) => [route({ rules: [{ backendRefs: [to(name)] }] })]
    await using proxy = await startConfigured(routed(upstreams, rule('old')))
    const client = await proxy.client()
    client.say('GET / HTTP/1.1\r\nHost: checkout\r\n\r\n')
    await client.hears(/old\.shop:80$/)
    assert.equal(await proxy.running.update!(routed(upstreams, rule('new'))), true)
    client.say('GET / HTTP/1.1\r\nHost: checkout\r\n\r\n')
    await client.hears(/new\.shop:80$/)
  })
})

describe('a mistake in routes is told with its place', () => {
  const upstreams = { 'checkout.shop:80': { endpoints: [{ address: '127.0.0.1:1' }] } }
  const rules = [{ backendRefs: [to('checkout')] }]
  const mirror = { type: 'RequestMirror', requestMirror: { backendRef: { name: 'ghost', port: 80 } } }
  const table: [what: string, config: object, path: string, message: RegExp][] = [
    [
      'a backend that is no upstream',
      { routes: [route({ rules: [{ backendRefs: [to('checkout'), { name: 'chekout', port: 80 }] }] })] },
      'routes.0.spec.rules.0.backendRefs.1.name',
      /^there is no upstream "chekout\.shop:80"; did you mean "checkout\.shop:80"\?$/,
    ],
    [
      'a listener before no upstream',
      { listeners: [{ listen: '127.0.0.1:1', upstream: 'checkot.shop:80' }] },
      'listeners.0.upstream',
      /^there is no upstream "checkot\.shop:80"; did you mean "checkout\.shop:80"\?$/,
    ],
    [
      'a mirror to no upstream',
      { routes: [route({ rules: [{ filters: [mirror], backendRefs: [to('checkout')] }] })] },
      'routes.0.spec.rules.0.filters.0.requestMirror.backendRef.name',
      /^there is no upstream "ghost\.shop:80"$/,
    ],
    [
      'a rule that never holds',
      { routes: [route({ rules: [...rules, ...rules] })] },
      'routes.0.spec.rules.1',
      /^never holds: HTTPRoute\/shop\/checkout\/0/,
    ],
    [
      'a Gateway that no listener stands for',
      { routes: [route({ parents: [{ name: 'public' }], rules })] },
      'routes.0.spec.parentRefs',
      /no listener is routed by Gateway shop\/public$/,
    ],
    [
      'routes without a routed listener',
      { routes: [route({ rules })], listeners: [{ listen: '127.0.0.1:1', upstream: 'checkout.shop:80' }] },
      'routes.0',
      /^routes have no effect: no listener is routed$/,
    ],
    [
      'both an upstream and routes',
      { listeners: [{ listen: '127.0.0.1:1', upstream: 'checkout.shop', routed: {} }] },
      'listeners.0',
      /got `upstream`, `routed`$/,
    ],
    [
      'neither an upstream nor routes',
      { listeners: [{ listen: '127.0.0.1:1' }] },
      'listeners.0',
      /^expected one of `upstream`, .*got none$/,
    ],
    [
      'TCP that is routed by nothing',
      { listeners: [{ listen: '127.0.0.1:1', protocol: 'tcp', routed: {} }] },
      'listeners.0.routed',
      /^a connection does not say/,
    ],
  ]
  for (const [what, config, path, message] of table)
    test(what, () => {
      const listeners = [{ listen: '127.0.0.1:1', routed: {} }]
      const decoded = proxyConfig.decode({ listeners, namespace: 'shop', upstreams, ...config })
      const problems = decoded.ok ? checkProxy(decoded.value) : decoded.problems
      const found = problems.map(problem => [problem.path.join('.'), problem.message] as const)
      assert.ok(
        found.some(([place, text]) => place === path && message.test(text)),
        JSON.stringify(problems),
      )
    })
})
