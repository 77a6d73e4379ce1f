import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect, createServer } from 'node:tls'
import { type TestAuthority, testAuthority } from '../../../authority/authority-fake.ts'
import { listen } from '../../../http/raw-peer-fake.ts'
import { checkProxy, proxyConfig } from '../config.ts'
import { ask, type EchoBackend, echoBackend } from '../echo-fake.ts'
import { decodedProxy, type StartedProxy, startConfigured } from '../proxy-fake.ts'
import { identityFiles, spiffeOf } from './identity-files-fake.ts'

let folder: string
let ours: TestAuthority

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-automatic-'))
  ours = await testAuthority()
})
after(() => rm(folder, { recursive: true, maxRetries: 9 }))

const CART = spiffeOf('cart')

/** The sidecar that is called, as `account`. */
async function callee(application: string, listener: object = {}, account = 'cart'): Promise<StartedProxy> {
  return startConfigured(
    decodedProxy({
      identity: await identityFiles(folder, account, ours),
      listeners: [
        {
          name: 'in',
          listen: '127.0.0.1:0',
          upstream: 'app',
          tls: { forwardClientCert: 'sanitize_set' },
          ...listener,
        },
      ],
      upstreams: { app: { endpoints: [{ address: application }] } },
    }),
  )
}

/** The sidecar that calls an upstream of which nothing is said but where its endpoints are. */
async function caller(upstream: object, listener: object = {}, identified = true): Promise<StartedProxy> {
  return startConfigured(
    decodedProxy({
      ...(identified && { identity: await identityFiles(folder, 'checkout', ours) }),
      listeners: [{ name: 'out', listen: '127.0.0.1:0', upstream: 'cart', ...listener }],
      upstreams: { cart: upstream },
    }),
  )
}

const handshakes = (proxy: StartedProxy, alpn = 'h2') =>
  proxy.host.metric('upstream_tls_handshakes_total', {
    cluster: 'cart',
    version: 'TLSv1.3',
    alpn,
    resumed: 'false',
  })
const failures = (proxy: StartedProxy, reason: string) =>
  proxy.host.metric('upstream_tls_handshake_failures_total', { cluster: 'cart', reason })
const certificateOf = ({ heard }: EchoBackend) => heard.at(-1)?.headers.get('x-forwarded-client-cert')

describe('endpoints that name the identity that is to be met there', () => {
  for (const [protocol, alpn] of [
    ['auto', 'h2'],
    ['http2', 'h2'],
    ['http1', 'http/1.1'],
  ] as const)
    test(`are reached by mutual TLS without being asked for, protocol: ${protocol}`, async () => {
      using back = await echoBackend('hello')
      await using b = await callee(back.address)
      await using a = await caller({
        protocol,
        endpoints: [{ address: `127.0.0.1:${b.port}`, identity: CART }],
      })
      for (let round = 0; round < 3; round++)
        assert.equal((await ask(a.port, 'GET http://cart/')).body, 'hello')
      assert.match(certificateOf(back)!, /URI=spiffe:\/\/example\.org\/ns\/shop\/sa\/checkout/)
      assert.equal(handshakes(a, alpn), 1)
    })

  test('stand beside endpoints that name none, which are reached plainly', async () => {
    using identified = await echoBackend('identified')
    using plain = await echoBackend('plain')
    await using b = await callee(identified.address)
    await using a = await caller({
      balancing: 'round_robin',
      endpoints: [{ address: `127.0.0.1:${b.port}`, identity: CART }, { address: plain.address }],
    })
    const bodies = new Set<string>()
    for (let round = 0; round < 4; round++) bodies.add((await ask(a.port, 'GET http://cart/')).body)
    assert.deepEqual([...bodies].sort(), ['identified', 'plain'])
  })

  for (const [who, expected, reason] of [
    ['somebody else of the same trust domain', spiffeOf('admin'), 'identity_untrusted'],
    ['nobody who speaks TLS', CART, 'plaintext'],
  ] as const)
    test(`are not spoken to when there is ${who}`, async () => {
      using back = await echoBackend('hello')
      await using b = await callee(back.address)
      const address = reason === 'plaintext' ? back.address : `127.0.0.1:${b.port}`
      await using a = await caller({ endpoints: [{ address, identity: expected }] })
      const answer = await ask(a.port, 'GET http://cart/')
      assert.equal(answer.status, 502)
      assert.equal(answer.headers.get('outrigger-error'), 'upstream_tls_failed')
      assert.deepEqual(back.heard, [])
      assert.ok(failures(a, reason)! >= 1)
    })

  test('are held to it where tls.mode: identity would take anyone of the trust domain', async () => {
    using back = await echoBackend('hello')
    await using b = await callee(back.address)
    const upstream = (identity: string) => ({
      tls: { mode: 'identity' },
      endpoints: [{ address: `127.0.0.1:${b.port}`, identity }],
    })
    await using right = await caller(upstream(CART))
    await using wrong = await caller(upstream(spiffeOf('admin')))
    assert.equal((await ask(right.port, 'GET http://cart/')).status, 200)
    assert.equal((await ask(wrong.port, 'GET http://cart/')).status, 502)
  })

  test('are checked for health in the same way', async () => {
    using back = await echoBackend('hello')
    await using b = await callee(back.address)
    await using a = await caller({
      endpoints: [{ address: `127.0.0.1:${b.port}`, identity: CART }],
      healthChecks: [{ http: { path: '/health' } }],
      panicThreshold: 0,
    })
    await ask(a.port, 'GET http://cart/')
    await back.has(1)
    while ((await ask(a.port, 'GET http://cart/')).status !== 200) await back.has(back.heard.length)
    assert.ok(back.heard.some(({ target }) => target.endsWith('/health')))
  })

  test('get new connections when another identity is to be met there', async () => {
    using back = await echoBackend('hello')
    await using b = await callee(back.address)
    const file = join(folder, 'endpoints.yaml')
    const say = async (identity: string) => {
      await writeFile(
        `${file}.next`,
        JSON.stringify({ endpoints: [{ address: `127.0.0.1:${b.port}`, identity }] }),
      )
      await rename(`${file}.next`, file)
    }
    await say(CART)
    await using a = await caller({ discovery: { file: { path: file } }, idleTimeout: '1h' })
    assert.equal((await ask(a.port, 'GET http://cart/')).status, 200)
    await say(spiffeOf('admin'))
    while ((await ask(a.port, 'GET http://cart/')).status === 200)
      await new Promise(resolve => setTimeout(resolve, 20))
    assert.ok(failures(a, 'identity_untrusted')! >= 1)
    await say(CART)
    while ((await ask(a.port, 'GET http://cart/')).status !== 200)
      await new Promise(resolve => setTimeout(resolve, 20))
  })

  test('show the sidecar’s renewed certificate on new connections', async () => {
    using back = await echoBackend('hello')
    await using b = await callee(back.address)
    await using a = await caller({
      endpoints: [{ address: `127.0.0.1:${b.port}`, identity: CART }],
      idleTimeout: '1h',
    })
    await ask(a.port, 'GET http://cart/')
    const first = certificateOf(back)
    await identityFiles(folder, 'checkout', ours)
    while (certificateOf(back) === first) {
      assert.equal((await ask(a.port, 'GET http://cart/')).status, 200)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  })
})

describe('connections whose content is not looked at', () => {
  /** Answers what it has heard once the client has ended. */
  const echoing = () =>
    listen(socket => {
      let heard = ''
      socket.on('data', chunk => {
        heard += chunk
      })
      socket.on('end', () => socket.end(`heard ${heard}`))
      socket.on('error', () => {})
    })

  test('go by mutual TLS to an endpoint that names its identity, each half for itself', async t => {
    const back = await echoing()
    t.after(() => back.server.close())
    await using b = await callee(`127.0.0.1:${back.port}`, { protocol: 'tcp', tls: {} })
    await using a = await caller(
      { endpoints: [{ address: `127.0.0.1:${b.port}`, identity: CART }] },
      { protocol: 'tcp' },
    )
    for (let round = 0; round < 2; round++) {
      const client = await a.client()
      client.socket.end('a query')
      assert.equal(await client.end(), 'heard a query')
    }
    assert.equal(handshakes(a, 'none'), 1)
  })

  test('go by TLS to an upstream with tls', async t => {
    const back = await echoing()
    t.after(() => back.server.close())
    const { files } = await identityFiles(folder, 'database', ours)
    await using b = await callee(`127.0.0.1:${back.port}`, {
      protocol: 'tcp',
      tls: { certificates: [{ cert: files.cert, key: files.key }] },
    })
    await using a = await caller(
      {
        endpoints: [{ address: `127.0.0.1:${b.port}` }],
        tls: { ca: files.ca, serverName: 'database.shop.svc' },
      },
      { protocol: 'tcp' },
      false,
    )
    const client = await a.client()
    client.socket.end('a query')
    assert.equal(await client.end(), 'heard a query')
  })

  test('go as their client has secured them, not by TLS within TLS, to an upstream that is a server of TLS', async t => {
    const { files } = await identityFiles(folder, 'vault', ours)
    const [cert, key, ca] = await Promise.all([files.cert, files.key, files.ca].map(file => readFile(file)))
    const server = createServer({ cert, key }, socket => socket.end('sealed'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    await using a = await caller(
      {
        endpoints: [{ address: `127.0.0.1:${(server.address() as AddressInfo).port}` }],
        tls: { ca: files.ca },
      },
      { protocol: 'tls' },
      false,
    )
    const client = connect({ port: a.port, host: '127.0.0.1', servername: 'vault.shop.svc', ca })
    let heard = ''
    for await (const part of client) heard += part
    assert.equal(heard, 'sealed')
    assert.equal(handshakes(a, 'none'), undefined)
  })

  test('are closed, and counted as failed, when somebody else is met', async t => {
    const back = await echoing()
    t.after(() => back.server.close())
    await using b = await callee(`127.0.0.1:${back.port}`, { protocol: 'tcp', tls: {} })
    await using a = await caller(
      { endpoints: [{ address: `127.0.0.1:${b.port}`, identity: spiffeOf('admin') }] },
      { protocol: 'tcp' },
    )
    const client = await a.client()
    assert.equal(await client.end(), '')
    assert.equal(a.host.log.of('upstream_tls_failed').length, 1)
    assert.equal(failures(a, 'identity_untrusted'), 1)
  })
})

test('a sidecar without an identity reaches endpoints that a list names one for as any other', async () => {
  using back = await echoBackend('hello')
  const file = join(folder, 'listed.yaml')
  await writeFile(file, JSON.stringify({ endpoints: [{ address: back.address, identity: CART }] }))
  await using a = await caller({ discovery: { file: { path: file } } }, {}, false)
  assert.equal((await ask(a.port, 'GET http://cart/')).body, 'hello')
})

test('the configuration says where an identity of an endpoint has no effect', () => {
  const endpoints = [{ address: '127.0.0.1:1', identity: CART }]
  for (const [identity, tls, message] of [
    [undefined, undefined, 'endpoints.0.identity: the sidecar has no identity to show there'],
    [{}, { mode: 'simple' }, 'endpoints.0.identity: has no effect with tls.mode: simple'],
    [
      {},
      { mode: 'identity', subjectAltNames: [CART] },
      'endpoints.0.identity: has no effect beside `tls.subjectAltNames`',
    ],
    [{}, undefined, undefined],
  ] as const) {
    const decoded = proxyConfig.decode({
      ...(identity && { identity: { files: { cert: '/c', key: '/k', ca: '/a' } } }),
      listeners: [{ listen: '127.0.0.1:0', upstream: 'a' }],
      upstreams: { a: { endpoints, ...(tls && { tls }) } },
    })
    assert.ok(decoded.ok, JSON.stringify(decoded))
    assert.deepEqual(
      checkProxy(decoded.value).map(({ path, message }) => `${path.slice(2).join('.')}: ${message}`),
      message === undefined ? [] : [message],
    )
  }
})
