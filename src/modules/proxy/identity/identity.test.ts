import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { testAuthority } from '../../../authority/authority-fake.ts'
import { parseTokenFile } from '../../../authority/grant.ts'
import { startAuthorityServer } from '../../../authority/server.ts'
import { createDialer } from '../../../http/client/dial.ts'
import { createTlsAcceptor, type TlsPeer } from '../../../http/tls/acceptor.ts'
import { systemClock } from '../../../kernel/clock/system.ts'
import { fakeHost } from '../../../kernel/host-fake.ts'
import { workloadId } from '../../../wire/spiffe/identity.ts'
import { authorityClient } from './authority-client.ts'
import { openIdentity } from './identity.ts'
import { issuedCertificates } from './issued-certificates.ts'

test('two sidecars get their identities from the authority and know each other by them', async () => {
  const clock = systemClock()
  const host = fakeHost({ name: 'proxy', clock })
  const { authority } = await testAuthority('example.org', clock, true)
  await using server = await startAuthorityServer({
    authority,
    clock,
    log: host.log,
    grants: parseTokenFile(
      'the-token-of-checkout shop/checkout\nthe-token-of-cart-svc shop/cart',
      'example.org',
    ),
    lifetimeMs: 3600_000,
    listen: { host: '127.0.0.1', port: 0 },
    names: ['127.0.0.1'],
  })
  const url = new URL(`https://127.0.0.1:${(server.address as { port: number }).port}`)
  const sidecar = (account: string, token: string, own = fakeHost({ name: 'proxy', clock })) => {
    host.scope.defer(() => own.close())
    const sign = authorityClient({ url, clock, trustBundle: authority.trustBundle, token: async () => token })
    return issuedCertificates({ identity: workloadId('example.org', 'shop', account), sign }, own)
  }
  const cart = await sidecar('cart', 'the-token-of-cart-svc')
  const checkout = await sidecar('checkout', 'the-token-of-checkout')

  const acceptor = createTlsAcceptor({
    materials: { fallback: cart.current(), trustBundle: cart.current().trustBundle },
    clock,
    clientCertificates: 'require',
    trustDomain: 'example.org',
  })
  const { promise: met, resolve: meet } = Promise.withResolvers<TlsPeer>()
  const listener = createServer(raw =>
    acceptor.accept(raw, (socket, peer) => {
      meet(peer)
      socket.end()
    }),
  ).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const target = new URL(`https://127.0.0.1:${(listener.address() as { port: number }).port}`)
  const verifyIdentity = {
    trustDomain: 'example.org',
    oneOf: [workloadId('example.org', 'shop', 'cart').uri],
  }
  const socket = createDialer(target, { source: checkout, verifyIdentity }).dial()
  await once(socket, 'secureConnect')
  assert.deepEqual(await met, {
    identity: 'spiffe://example.org/ns/shop/sa/checkout',
    certified: true,
    alpn: 'http/1.1',
    sni: '',
  })
  socket.destroy()
  listener.close()

  const stranger = authorityClient({ url, clock, trustBundle: authority.trustBundle, token: async () => 'x' })
  await assert.rejects(stranger('csr'), /the authority answered 401: the token is not valid here/)
  await host.close()
})

test('an authority is reached by https alone', () => {
  const options = { clock: systemClock(), trustBundle: '', token: async () => '' }
  assert.throws(
    () => authorityClient({ ...options, url: new URL('http://127.0.0.1') }),
    /must be reached by https/,
  )
})

test('in Kubernetes the identity is that of the token’s service account', async t => {
  const clock = systemClock()
  const { authority } = await testAuthority('example.org', clock, true)
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-identity-'))
  t.after(() => rm(folder, { recursive: true, maxRetries: 9 }))
  const claims = { sub: 'system:serviceaccount:shop:cart' }
  const token = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`
  await writeFile(join(folder, 'token'), token)
  await writeFile(join(folder, 'strange'), 'not-a-token-of-kubernetes')
  await writeFile(join(folder, 'ca.pem'), authority.trustBundle)
  await using server = await startAuthorityServer({
    ...{ authority, clock, log: fakeHost({ name: 'ca', clock }).log, lifetimeMs: 3600_000 },
    grants: parseTokenFile(`${token} shop/cart`, 'example.org'),
    ...{ listen: { host: '127.0.0.1', port: 0 }, names: ['127.0.0.1'] },
  })
  const host = fakeHost({ name: 'proxy', clock })
  t.after(() => host.close())
  const config = {
    url: `https://127.0.0.1:${(server.address as { port: number }).port}`,
    ca: join(folder, 'ca.pem'),
    tokenFile: join(folder, 'token'),
    trustDomain: 'example.org',
    dnsNames: [],
  }
  const identity = await openIdentity({ kind: 'authority', config }, host)
  const { promise: come, resolve } = Promise.withResolvers<void>()
  identity.onChange(resolve)
  if (identity.current() === undefined) await come
  assert.equal(identity.current()?.identity, 'spiffe://example.org/ns/shop/sa/cart')
  const strange = { ...config, tokenFile: join(folder, 'strange') }
  await assert.rejects(
    openIdentity({ kind: 'authority', config: strange }, host),
    /no token of a Kubernetes service account/,
  )
})
