import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type TestAuthority, testAuthority } from '../../../authority/authority-fake.ts'
import { checkProxy, proxyConfig } from '../config.ts'
import { ask, type EchoBackend, echoBackend } from '../echo-fake.ts'
import { decodedProxy, type StartedProxy, startConfigured } from '../proxy-fake.ts'
import { identityFiles } from './identity-files-fake.ts'

let folder: string
let ours: TestAuthority

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-mtls-'))
  ours = await testAuthority()
})
after(() => rm(folder, { recursive: true, maxRetries: 9 }))

const identityOf = (account: string, authority = ours) => identityFiles(folder, account, ours, authority)

/** The sidecar of the application that is called. */
async function callee(back: EchoBackend, tls: object = {}): Promise<StartedProxy> {
  return startConfigured(
    decodedProxy({
      identity: await identityOf('cart'),
      listeners: [
        {
          name: 'in',
          listen: '127.0.0.1:0',
          upstream: 'app',
          tls: { forwardClientCert: 'sanitize_set', ...tls },
        },
      ],
      upstreams: { app: { endpoints: [{ address: back.address }] } },
    }),
  )
}

/** The sidecar of the application that calls. */
async function caller(port: number, upstream: object, identity: object | undefined): Promise<StartedProxy> {
  return startConfigured(
    decodedProxy({
      ...(identity && { identity }),
      listeners: [{ name: 'out', listen: '127.0.0.1:0', upstream: 'cart' }],
      upstreams: { cart: { endpoints: [{ address: `127.0.0.1:${port}` }], ...upstream } },
    }),
  )
}

const count = (proxy: StartedProxy, metric: string, labels: Record<string, string>) =>
  proxy.host.metric(metric, labels)

describe('between two sidecars', () => {
  for (const [protocol, alpn] of [
    ['auto', 'h2'],
    ['http1', 'http/1.1'],
  ] as const)
    test(`requests go by mutual TLS, protocol: ${protocol}, and the application hears whose they are`, async () => {
      using back = await echoBackend('hello')
      await using b = await callee(back)
      await using a = await caller(
        b.port,
        { protocol, tls: { mode: 'identity', subjectAltNames: ['spiffe://example.org/ns/shop/sa/cart'] } },
        await identityOf('checkout'),
      )
      for (let round = 0; round < 3; round++)
        assert.equal((await ask(a.port, 'GET http://cart.shop.svc/')).body, 'hello')
      const by =
        /^By=spiffe:\/\/example\.org\/ns\/shop\/sa\/cart;Hash=\w{64};.*;URI=spiffe:\/\/example\.org\/ns\/shop\/sa\/checkout;/
      assert.match(back.heard[0]!.headers.get('x-forwarded-client-cert')!, by)
      const agreed = { version: 'TLSv1.3', alpn, resumed: 'false' }
      assert.equal(count(a, 'upstream_tls_handshakes_total', { cluster: 'cart', ...agreed }), 1)
      assert.equal(count(b, 'tls_handshakes_total', { listener: 'in', ...agreed }), 1)
    })

  for (const [what, subjectAltNames, status] of [
    ['the host name of its certificate', ['cart.shop.svc'], 200],
    ['one of several', ['spiffe://example.org/ns/shop/sa/admin', 'cart.shop.svc'], 200],
    ['another identity', ['spiffe://example.org/ns/shop/sa/admin'], 502],
    ['another host name', ['admin.shop.svc'], 502],
    ['nobody in particular', undefined, 200],
  ] as const)
    test(`an endpoint that must be ${what} is answered with ${status}`, async () => {
      using back = await echoBackend('hello')
      await using b = await callee(back)
      const tls = { mode: 'identity', ...(subjectAltNames && { subjectAltNames }) }
      await using a = await caller(b.port, { tls }, await identityOf('checkout'))
      const answer = await ask(a.port, 'GET http://cart.shop.svc/')
      assert.equal(answer.status, status)
      if (status !== 200) {
        assert.equal(answer.headers.get('outrigger-error'), 'upstream_tls_failed')
        assert.deepEqual(back.heard, [])
      }
    })

  test('a strict listener refuses plain connections, those without a certificate, and strangers', async () => {
    using back = await echoBackend('hello')
    await using b = await callee(back)
    await using plain = await caller(b.port, {}, undefined)
    await using anonymous = await caller(b.port, { tls: { verify: false } }, undefined)
    const strangers = await testAuthority()
    await using stranger = await caller(
      b.port,
      { tls: { mode: 'identity' } },
      await identityOf('stranger', strangers),
    )
    assert.equal((await ask(plain.port, 'GET http://cart/')).status, 400)
    for (const from of [anonymous, stranger])
      assert.equal((await ask(from.port, 'GET http://cart/')).status, 502)
    const failed = (reason: string) =>
      count(b, 'tls_handshake_failures_total', { listener: 'in', reason }) ?? 0
    assert.equal(failed('plaintext'), 1)
    assert.ok(failed('certificate_missing') >= 1)
    assert.ok(failed('certificate_untrusted') >= 1)
    assert.deepEqual(back.heard, [])
  })

  test('a renewed identity is shown on new connections, and no request is lost meanwhile', async () => {
    using back = await echoBackend('hello')
    await using b = await callee(back)
    await using a = await caller(b.port, { tls: { mode: 'identity' } }, await identityOf('checkout'))
    const hashes = () => new Set(back.heard.map(({ headers }) => headers.get('x-forwarded-client-cert')))
    let stop = false
    let lost = 0
    const load = Array.from({ length: 4 }, async () => {
      while (!stop) if ((await ask(a.port, 'GET http://cart/')).status !== 200) lost++
    })
    while (back.heard.length < 20) await new Promise(resolve => setImmediate(resolve))
    await identityOf('checkout')
    await identityOf('cart')
    while (hashes().size < 2) await new Promise(resolve => setTimeout(resolve, 5))
    stop = true
    await Promise.all(load)
    assert.equal(lost, 0)
    assert.equal(a.host.log.of('certificate_changed').length >= 1, true)
  })
})

test('without an identity the configuration says where one is missing', () => {
  const decoded = proxyConfig.decode({
    listeners: [{ listen: '127.0.0.1:0', upstream: 'a', tls: {} }],
    upstreams: { a: { endpoints: [{ address: '127.0.0.1:1' }], tls: { mode: 'identity', ca: '/x' } } },
  })
  assert.ok(decoded.ok)
  assert.deepEqual(
    checkProxy(decoded.value).map(({ path, message }) => `${path.join('.')}: ${message}`),
    [
      'listeners.0.tls: there is no certificate to show to clients',
      'upstreams.a.tls.ca: has no effect with mode: identity',
      'upstreams.a.tls.mode: the sidecar has no identity',
    ],
  )
})
