import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { testAuthority } from '../../../authority/authority-fake.ts'
import { parseTokenFile } from '../../../authority/grant.ts'
import { startAuthorityServer } from '../../../authority/server.ts'
import { systemClock } from '../../../kernel/clock/system.ts'
import { fakeHost } from '../../../kernel/host-fake.ts'
import { ask, echoBackend } from '../echo-fake.ts'
import { decodedProxy, type StartedProxy, startConfigured } from '../proxy-fake.ts'
import { spiffeOf } from '../tls/identity-files-fake.ts'

const LIFETIME_MS = 12_000

/** The next turn of somebody else's clock. */
const moment = () => new Promise(resolve => setTimeout(resolve, 20))

test('certificates are renewed after half of their life under load; without an authority the last ones serve until they expire', async t => {
  await using scope = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-renewal-'))
  scope.defer(() => rm(folder, { recursive: true, maxRetries: 9 }))
  const clock = systemClock()
  const host = fakeHost({ name: 'authority', clock })
  scope.defer(() => host.close())
  const { authority } = await testAuthority('example.org', clock)
  const server = await startAuthorityServer({
    authority,
    clock,
    log: host.log,
    grants: parseTokenFile('the-token-of-cart shop/cart\nthe-token-of-checkout shop/checkout', 'example.org'),
    lifetimeMs: LIFETIME_MS,
    listen: { host: '127.0.0.1', port: 0 },
    names: ['127.0.0.1'],
  })
  const ca = join(folder, 'root.pem')
  await writeFile(ca, authority.trustBundle)
  const sidecar = async (account: string, rest: object): Promise<StartedProxy> => {
    const tokenFile = join(folder, account)
    await writeFile(tokenFile, `the-token-of-${account}`)
    const url = `https://127.0.0.1:${(server.address as { port: number }).port}`
    const identity = { authority: { url, ca, tokenFile, id: spiffeOf(account) } }
    return scope.use(await startConfigured(decodedProxy({ identity, ...rest })))
  }
  const back = scope.use(await echoBackend('hello'))
  const b = await sidecar('cart', {
    listeners: [{ listen: '127.0.0.1:0', upstream: 'app', tls: { forwardClientCert: 'sanitize_set' } }],
    upstreams: { app: { endpoints: [{ address: back.address }] } },
  })
  const a = await sidecar('checkout', {
    listeners: [{ listen: '127.0.0.1:0', upstream: 'cart' }],
    upstreams: {
      cart: {
        endpoints: [{ address: `127.0.0.1:${b.port}`, identity: spiffeOf('cart') }],
        idleTimeout: '50ms',
      },
    },
  })
  const health = (proxy: StartedProxy) => proxy.running.health()
  while (!health(a).ready || !health(b).ready) await moment()

  const failed: string[] = []
  let over = false
  const load = Array.from({ length: 4 }, async () => {
    while (!over) {
      const { status, headers } = await ask(a.port, 'GET http://cart/')
      if (status !== 200) failed.push(`${status} ${headers.get('outrigger-error')}`)
      await moment()
    }
  })
  const issued = (account: string) =>
    host.log.of('certificate_issued').filter(({ fields }) => fields['identity'] === spiffeOf(account))
  const shown = () => new Set(back.heard.map(({ headers }) => headers.get('x-forwarded-client-cert'))).size
  while (issued('cart').length < 2 || issued('checkout').length < 2 || shown() < 2) await moment()
  over = true
  await Promise.all(load)
  assert.deepEqual(failed, [])
  for (const account of ['cart', 'checkout']) {
    const [first, second] = issued(account).map(({ fields }) => Date.parse(String(fields['expires'])))
    // Expiry is told in whole seconds.
    const part = (second! - first!) / LIFETIME_MS
    assert.ok(part >= 0.5 - 1000 / LIFETIME_MS, `${account} after ${part} of its life`)
    t.diagnostic(`${account} was renewed after ${Math.round(part * 100)} % of its life`)
  }

  await server[Symbol.asyncDispose]()
  const expiry = () => a.host.metric('certificate_expiry_seconds', { certificate: 'identity' })!
  while (health(a).state === 'ok') await moment()
  assert.match(
    health(a).message!,
    /identity: the certificate cannot be renewed \(.*nothing listens there\); it expires at/,
  )
  assert.equal(health(a).ready, true)
  assert.equal((await ask(a.port, 'GET http://cart/')).status, 200)
  assert.ok(expiry() > 0)
  assert.ok(a.host.metric('certificate_requests_total', { outcome: 'failed' })! >= 1)

  while (health(a).ready || health(b).ready) await moment()
  assert.match(health(a).message!, /it expired at/)
  assert.ok(expiry() <= 0)
  const late = () => ask(a.port, 'GET http://cart/')
  // A connection from before may last a little longer.
  while ((await late()).status === 200) await new Promise(resolve => setTimeout(resolve, 100))
  // By TLS 1.3 a server refuses its client when the handshake is over for that one.
  assert.match((await late()).headers.get('outrigger-error')!, /^upstream_(tls_failed|reset)$/)
})
