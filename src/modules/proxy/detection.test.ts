import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { connect } from 'node:tls'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { checkProxy, proxyConfig } from './config.ts'
import { type RawBackend, rawBackend, startConfigured, startProxy } from './proxy-fake.ts'
import { Backends, route, routed, to } from './routed-fake.ts'

const open: RawBackend[] = []
const backends = new Backends()
afterEach(() => {
  for (const backend of open.splice(0)) backend.close()
  backends.close()
})

async function backend(): Promise<RawBackend> {
  const made = await rawBackend()
  open.push(made)
  return made
}

const AUTO = { protocol: 'auto', via: false, forwarded: 'keep' }

describe('a listener that finds out what is spoken', () => {
  test('forwards HTTP request by request, whichever version', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address], { ...AUTO, via: true })
    const client = await proxy.client()
    client.say('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const peer = await back.next()
    assert.match(await peer.hears(/\r\n\r\n/), /^GET \/ HTTP\/1\.1\r\nHost: a\r\nVia: /)
    const prior = await proxy.client()
    prior.say('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0')
    // A frame of settings.
    await prior.hears(({ heard }) => heard.length >= 9 && heard.charCodeAt(3) === 4)
  })

  const passed: [what: string, said: string][] = [
    ['commands of another protocol', '*1\r\n$4\r\nPING\r\n'],
    ['what begins like a request line and is none', 'GET key\r\n'],
    ['bytes that are no text', '\0\x01\x02'],
  ]
  for (const [what, said] of passed)
    test(`passes on as they are ${what}`, async () => {
      const back = await backend()
      await using proxy = await startProxy([back.address], AUTO)
      const client = await proxy.client()
      client.say(said)
      const peer = await back.next()
      await peer.hears(({ heard }) => heard === said)
      peer.say('+PONG\r\n')
      await client.hears(/^\+PONG\r\n$/)
    })

  for (const said of ['', 'GE', 'GET / HTTP/1.1', '\x16\x03'])
    test(`passes on ${JSON.stringify(said)} of a client that says no more, with its end, and the answer back`, async () => {
      const back = await backend()
      await using proxy = await startProxy([back.address], AUTO)
      const client = await proxy.client()
      client.say(said)
      client.socket.end()
      const peer = await back.next()
      assert.equal(await peer.end(), said)
      peer.socket.end('what?')
      assert.equal(await client.end(), 'what?')
    })

  test('does not hold up a server that speaks first', async () => {
    const back = await backend()
    const clock = new FakeClock()
    await using proxy = await startProxy([back.address], { ...AUTO, detectTimeout: '2s' }, clock)
    const client = await proxy.client()
    const taken = back.next()
    while (clock.pending === 0) await new Promise(resolve => setImmediate(resolve))
    clock.advance(1_000)
    assert.equal(back.accepted.length, 0)
    clock.advance(1_500)
    ;(await taken).say('220 hello\r\n')
    await client.hears(/hello/)
  })

  test('sends TLS by its TLSRoute or to the upstream of that name, and the rest by its TCPRoute', async () => {
    const [db, mail, other] = [await backend(), await backend(), await backend()]
    const upstreams = {
      'db.shop:80': { endpoints: [{ address: db.address }] },
      'mail.test': { endpoints: [{ address: mail.address }] },
      'other.shop:80': { endpoints: [{ address: other.address }] },
    }
    const parents = [{ name: 'inside' }]
    const byName = route({
      kind: 'TLSRoute',
      name: 'db',
      parents,
      hostnames: ['db.test'],
      rules: [{ backendRefs: [to('db')] }],
    })
    const listener = { protocol: 'auto', routed: { gateway: 'shop/inside' } }
    await using proxy = await startConfigured(routed(upstreams, [byName], listener))
    for (const [servername, back] of [
      ['db.test', db],
      ['mail.test', mail],
    ] as const) {
      const socket = connect({ host: '127.0.0.1', port: proxy.port, servername })
      socket.on('error', () => {})
      const peer = await back.next()
      await peer.hears(({ heardBytes }) => heardBytes > 100)
      assert.equal(peer.heard.charCodeAt(0), 22)
      socket.destroy()
    }
    const rest = route({ kind: 'TCPRoute', name: 'rest', parents, rules: [{ backendRefs: [to('other')] }] })
    assert.equal(await proxy.running.update!(routed(upstreams, [rest], listener)), true)
    const client = await proxy.client()
    client.say('\0')
    await (await other.next()).hears(/^\0$/)
  })

  test('refuses what neither a route nor the name of an upstream tells of', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address], { ...AUTO, upstream: undefined, routed: {} })
    const client = await proxy.client()
    client.say('\0')
    await client.end()
    assert.equal(proxy.host.log.of('route_not_found').length, 1)
    assert.equal(back.accepted.length, 0)
  })

  test('counts both kinds of connections', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address], AUTO)
    const [http, tcp] = [await proxy.client(), await proxy.client()]
    http.say('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await back.next()
    tcp.say('\0')
    await back.next()
    assert.equal(proxy.host.metric('connections', { listener: 'front' }), 2)
  })
})

describe('a listener that passes TLS on', () => {
  const hello = (port: number, servername: string) =>
    connect({ host: '127.0.0.1', port, servername }).on('error', () => {})

  test('sends it by the TLSRoute of its Gateway, or to the upstream of that name', async () => {
    const [db, wild, mail] = [await backend(), await backend(), await backend()]
    const upstreams = {
      'db.shop:80': { endpoints: [{ address: db.address }] },
      'wild.shop:80': { endpoints: [{ address: wild.address }] },
      'mail.test': { endpoints: [{ address: mail.address }] },
    }
    const tlsRoute = (name: string, hostname: string) =>
      route({
        kind: 'TLSRoute',
        name,
        parents: [{ name: 'inside' }],
        hostnames: [hostname],
        rules: [{ backendRefs: [to(name)] }],
      })
    const config = routed(upstreams, [tlsRoute('db', 'db.example'), tlsRoute('wild', '*.example')], {
      protocol: 'tls',
      routed: { gateway: 'shop/inside' },
    })
    await using proxy = await startConfigured(config)
    for (const [name, back] of [
      ['db.example', db],
      ['a.example', wild],
      ['mail.test', mail],
    ] as const) {
      const socket = hello(proxy.port, name)
      const peer = await back.next()
      await peer.hears(({ heard }) => heard.charCodeAt(0) === 22 && heard.includes(name))
      socket.destroy()
    }
  })

  test('sends it by the TLSRoute of the service that is asked for', async () => {
    const back = await backend()
    const upstreams = { 'db.shop:80': { endpoints: [{ address: back.address }] } }
    const parents = [{ kind: 'Service', name: 'vault', port: 443 }]
    const toVault = route({ kind: 'TLSRoute', name: 'vault', parents, rules: [{ backendRefs: [to('db')] }] })
    await using proxy = await startConfigured(routed(upstreams, [toVault], { protocol: 'tls', routed: {} }))
    const socket = hello(proxy.port, 'vault.shop.svc.cluster.local')
    await (await back.next()).hears(/vault\.shop/)
    socket.destroy()
  })

  for (const [what, said] of [
    ['a request', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['anything else', '\0\x01'],
  ])
    test(`refuses ${what}`, async () => {
      const back = await backend()
      await using proxy = await startProxy([back.address], { protocol: 'tls' })
      const client = await proxy.client()
      client.say(said!)
      await client.end()
      assert.equal(proxy.host.log.of('bad_request').length, 1)
      assert.equal(back.accepted.length, 0)
    })

  test('gives up a client that never says its hello', async () => {
    const clock = new FakeClock()
    await using proxy = await startProxy(['127.0.0.1:1'], { protocol: 'tls' }, clock)
    const client = await proxy.client()
    while (clock.pending === 0) await new Promise(resolve => setImmediate(resolve))
    clock.advance(11_000)
    await client.end()
  })
})

describe('protocol: tls is refused', () => {
  const upstreams = { back: { endpoints: [{ address: '127.0.0.1:1' }] } }
  const table: [what: string, listener: object, path: string][] = [
    ['with TLS of its own', { upstream: 'back', tls: {} }, 'listeners.0.tls'],
    ['with versions of HTTP', { upstream: 'back', versions: 'http2' }, 'listeners.0.versions'],
    [
      'with access rules that ask for a method',
      {
        upstream: 'back',
        access: { rules: [{ name: 'read', action: 'allow', to: [{ methods: ['GET'] }] }] },
      },
      'listeners.0.access.rules.0',
    ],
    ['for what is captured', { outbound: {} }, 'listeners.0.protocol'],
    ['for a forward proxy', { forward: { allow: ['*'] } }, 'listeners.0.protocol'],
  ]
  for (const [what, listener, path] of table)
    test(what, () => {
      const decoded = proxyConfig.decode({
        listeners: [{ listen: '127.0.0.1:1', protocol: 'tls', ...listener }],
        upstreams,
      })
      assert.ok(decoded.ok, JSON.stringify(decoded))
      assert.deepEqual(
        checkProxy(decoded.value).map(problem => problem.path.join('.')),
        [path],
      )
    })
})

describe('a route is refused that no listener goes by', () => {
  const upstreams = { 'db.shop:80': { endpoints: [{ address: '127.0.0.1:1' }] } }
  const table: [kind: string, protocol: string, hint: RegExp | undefined][] = [
    ['TLSRoute', 'http', /protocol: tls, or auto/],
    ['TLSRoute', 'tcp', /protocol: tls, or auto/],
    ['TCPRoute', 'http', /protocol: tcp, or auto/],
    ['HTTPRoute', 'tls', /protocol: http, or auto/],
    ['GRPCRoute', 'tcp', /protocol: http, or auto/],
    ['TCPRoute', 'tls', undefined],
    ['TLSRoute', 'auto', undefined],
    ['GRPCRoute', 'http', undefined],
  ]
  for (const [kind, protocol, hint] of table)
    test(`${kind} on a listener of ${protocol}${hint === undefined ? ' is not' : ''}`, () => {
      const decoded = proxyConfig.decode({
        listeners: [{ listen: '127.0.0.1:1', protocol, routed: { gateway: 'shop/inside' } }],
        namespace: 'shop',
        upstreams,
        routes: [route({ kind, parents: [{ name: 'inside' }], rules: [{ backendRefs: [to('db')] }] })],
      })
      assert.ok(decoded.ok, JSON.stringify(decoded))
      const problems = checkProxy(decoded.value)
      assert.equal(problems.length, hint === undefined ? 0 : 1)
      if (hint !== undefined) assert.match(problems[0]!.hint!, hint)
    })
})

describe('a protocol is refused', () => {
  const table: [what: string, listener: object, upstream: object, path: string][] = [
    ['auto on a forward proxy', { protocol: 'auto', forward: {} }, {}, 'listeners.0.protocol'],
  ]
  for (const [what, listener, upstream, path] of table)
    test(what, () => {
      const decoded = proxyConfig.decode({
        listeners: [{ listen: '127.0.0.1:1', ...listener }],
        upstreams: { back: { endpoints: [{ address: '127.0.0.1:1' }], ...upstream } },
      })
      assert.ok(decoded.ok)
      assert.deepEqual(
        checkProxy(decoded.value).map(problem => problem.path.join('.')),
        [path],
      )
    })
})
