import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { connect } from 'node:tls'
import { RawPeer } from '../../http/raw-peer-fake.ts'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { checkProxy, proxyConfig } from './config.ts'
import {
  decodedProxy,
  type RawBackend,
  rawBackend,
  type StartedProxy,
  startConfigured,
} from './proxy-fake.ts'

const open: RawBackend[] = []
beforeEach(() => {
  const real = process.getBuiltinModule
  mock.method(process, 'getBuiltinModule', (name: string) =>
    name === 'node:ffi' ? undefined : real.call(process, name),
  )
})
afterEach(() => {
  mock.restoreAll()
  for (const backend of open.splice(0)) backend.close()
})

async function backend(): Promise<RawBackend> {
  const made = await rawBackend()
  open.push(made)
  return made
}

async function freePort(): Promise<number> {
  const made = await rawBackend()
  made.close()
  return Number(made.address.split(':')[1])
}

interface Scene extends StartedProxy {
  readonly database: RawBackend
  readonly shop: RawBackend
  /** Where connections come that were meant for the mapped port. */
  readonly listenPort: number
  configured(changes?: object, more?: object): ReturnType<typeof decodedProxy>
  /** A connection to the mapped port. */
  mapped(): Promise<RawPeer>
}

/** A captured listener that has one port for connections to `port`, before two upstreams. */
async function scene(port: number, changes: object = {}, clock?: FakeClock): Promise<Scene> {
  const [database, shop, listenPort] = await Promise.all([backend(), backend(), freePort()])
  const configured = (changes: object = {}, more: object = {}) =>
    decodedProxy({
      listeners: [
        {
          name: 'out',
          listen: '127.0.0.1:0',
          outbound: { ports: [{ port, listenPort, upstream: 'database' }], ...more },
          ...changes,
        },
      ],
      upstreams: {
        database: { endpoints: [{ address: database.address }] },
        shop: { endpoints: [{ address: shop.address }] },
      },
    })
  const started = await startConfigured(configured(changes), clock)
  const peers: RawPeer[] = []
  return {
    ...started,
    ...{ database, shop, listenPort, configured },
    mapped: async () => {
      const peer = await RawPeer.connect(listenPort)
      peers.push(peer)
      return peer
    },
    [Symbol.asyncDispose]: async () => {
      for (const { socket } of peers) socket.destroy()
      await started[Symbol.asyncDispose]()
    },
  }
}

const request = (host: string) => `GET /a HTTP/1.1\r\nHost: ${host}\r\n\r\n`
const OTHER = '*1\r\n$4\r\nPING\r\n'

describe('where the system cannot be asked for the original destination', () => {
  test('the log, a metric and the health say so', async () => {
    await using proxy = await scene(5432)
    const [warned] = proxy.host.log.of('original_destination_unknown')
    assert.match(warned!.message, /has no node:ffi.*; captured connections go by their host/)
    assert.equal(proxy.host.metric('original_destinations_known', { listener: 'out' }), 0)
    const { state, ready, message } = proxy.running.health()
    assert.deepEqual([state, ready], ['degraded', true])
    assert.match(message!, /listener out: .*node:ffi/)
  })

  test('HTTP goes by its host', async () => {
    await using proxy = await scene(5432)
    const client = await proxy.client()
    client.say(request('shop'))
    assert.match(await (await proxy.shop.next()).hears(/\r\n\r\n/), /^GET \/a HTTP\/1\.1\r\nHost: shop\r\n/)
  })

  test('TLS goes by the name that its client asks for', async () => {
    await using proxy = await scene(5432)
    const socket = connect({ host: '127.0.0.1', port: proxy.port, servername: 'shop' }).on('error', () => {})
    await (await proxy.shop.next()).hears(({ heardBytes }) => heardBytes > 100)
    socket.destroy()
  })

  test('what tells nothing is closed and counted, before any connection is made', async () => {
    await using proxy = await scene(5432)
    const client = await proxy.client()
    client.say(OTHER)
    await client.end()
    const labels = { listener: 'out', route: '', cluster: '', class: '4xx', failure: 'route_not_found' }
    assert.equal(proxy.host.metric('requests_total', { ...labels, source: '' }), 1)
    assert.deepEqual([proxy.shop.accepted.length, proxy.database.accepted.length], [0, 0])
  })
})

describe('a captured port of its own', () => {
  test('lets a server speak first, at once where its port is opaque', async () => {
    const clock = new FakeClock()
    await using proxy = await scene(5432, {}, clock)
    const client = await proxy.mapped()
    const peer = await proxy.database.next()
    peer.say('hello')
    await client.hears(/hello/)
    client.say(OTHER)
    await peer.hears(({ heard }) => heard === OTHER)
  })

  test('lets a server speak first, after detectTimeout elsewhere', async () => {
    const clock = new FakeClock()
    await using proxy = await scene(7777, {}, clock)
    const client = await proxy.mapped()
    while (clock.pending === 0) await new Promise(resolve => setImmediate(resolve))
    clock.advance(1000)
    const peer = await proxy.database.next()
    peer.say('hello')
    await client.hears(/hello/)
  })

  const table: [what: string, said: string, to: 'database' | 'shop'][] = [
    ['bytes that are neither HTTP nor TLS', OTHER, 'database'],
    ['a request for a host that nothing names', request('unknown.test'), 'database'],
    ['a request for a host that is called like an upstream', request('shop'), 'shop'],
  ]
  for (const unknown of ['pass', 'refuse'])
    for (const [what, said, to] of table)
      test(`sends ${what} to ${to}, with unknown: ${unknown}`, async () => {
        await using proxy = await scene(7777)
        assert.equal(await proxy.running.update!(proxy.configured({}, { unknown })), true)
        const client = await proxy.mapped()
        client.say(said)
        assert.match(await (await proxy[to].next()).hears(({ heard }) => heard.length >= 10), /PING|GET/)
      })

  for (const [servername, to] of [
    ['unknown.test', 'database'],
    ['shop', 'shop'],
  ] as const)
    test(`sends TLS for ${servername} to ${to}`, async () => {
      await using proxy = await scene(7777)
      const at = { host: '127.0.0.1', port: proxy.listenPort, servername }
      const socket = connect(at).on('error', () => {})
      await (await proxy[to].next()).hears(({ heardBytes }) => heardBytes > 100)
      socket.destroy()
    })

  test('is the port that access rules see', async () => {
    const rules = [{ name: 'no-database', action: 'deny', to: [{ ports: [5432] }] }]
    await using proxy = await scene(5432, { access: { rules, otherwise: 'allow' } })
    await (await proxy.mapped()).end()
    assert.match(proxy.host.log.of('denied')[0]!.message, /rule "no-database" denies it/)
    const client = await proxy.client()
    client.say(request('shop'))
    await proxy.shop.next()
    assert.equal(proxy.database.accepted.length, 0)
  })

  test('goes elsewhere, and to another port, after a reload', async () => {
    await using proxy = await scene(5432)
    const port = 5432
    const [next, listenPort] = [{ port, upstream: 'shop' }, proxy.listenPort]
    await proxy.running.update!(proxy.configured({}, { ports: [{ ...next, listenPort }] }))
    await proxy.mapped()
    await proxy.shop.next()
    const other = await freePort()
    await proxy.running.update!(proxy.configured({}, { ports: [{ ...next, listenPort: other }] }))
    await assert.rejects(RawPeer.connect(listenPort), /ECONNREFUSED/)
    const client = await RawPeer.connect(other)
    await proxy.shop.next()
    client.socket.destroy()
    await proxy.running.update!(proxy.configured({}, { ports: [] }))
    await assert.rejects(RawPeer.connect(other), /ECONNREFUSED/)
  })

  test('of the application leads to its upstream, beside the one for all others', async () => {
    const [main, second, listenPort] = await Promise.all([backend(), backend(), freePort()])
    const config = decodedProxy({
      listeners: [
        {
          listen: '127.0.0.1:0',
          inbound: { upstream: 'main', ports: [{ port: 9090, listenPort, upstream: 'second' }] },
        },
      ],
      upstreams: {
        main: { endpoints: [{ address: main.address }] },
        second: { endpoints: [{ address: second.address }] },
      },
    })
    await using proxy = await startConfigured(config)
    for (const [port, back] of [
      [proxy.port, main],
      [listenPort, second],
    ] as const)
      for (const said of [request('whatever'), OTHER]) {
        const client = await RawPeer.connect(port)
        client.say(said)
        await (await back.next()).hears(/GET \/a|PING/)
        client.socket.destroy()
      }
  })
})

describe('captured ports are refused', () => {
  const entry = { port: 5432, listenPort: 15_432, upstream: 'a' }
  const many = Array.from({ length: 65 }, (_, at) => ({ ...entry, port: at + 1, listenPort: 20_000 + at }))
  const table: [what: string, ports: object[], path: string, message: RegExp, listen?: string][] = [
    [
      'for an upstream that is not there',
      [{ ...entry, upstream: 'b' }],
      '0.upstream',
      /there is no upstream "b"/,
    ],
    ['twice', [entry, { ...entry, listenPort: 15_433 }], '1.port', /port 5432 is there twice/],
    ['at one port of the sidecar', [entry, { ...entry, port: 3306 }], '1.listenPort', /15432 is taken/],
    ['at the port of a listener', [{ ...entry, listenPort: 15_001 }], '0.listenPort', /15001 is taken/],
    ['above their number', many, '', /expected at most 64 ports, got 65/],
    ['on a Unix socket', [entry], '', /a Unix socket has no ports/, '/run/out.sock'],
  ]
  for (const [what, ports, path, message, listen = '127.0.0.1:15001'] of table)
    test(what, () => {
      const decoded = proxyConfig.decode({
        listeners: [{ listen, outbound: { ports } }],
        upstreams: { a: { endpoints: [{ address: '127.0.0.1:2' }] } },
      })
      assert.ok(decoded.ok)
      const problems = checkProxy(decoded.value)
      const at = ['listeners.0.outbound.ports', path].filter(Boolean).join('.')
      assert.deepEqual(
        problems.map(problem => problem.path.join('.')),
        [at],
      )
      assert.match(problems[0]!.message, message)
    })

  for (const port of [0, 65_536])
    test(`for port ${port}`, () => {
      const listener = { listen: '127.0.0.1:1', outbound: { ports: [{ ...entry, port }] } }
      assert.equal(proxyConfig.decode({ listeners: [listener] }).ok, false)
    })
})
