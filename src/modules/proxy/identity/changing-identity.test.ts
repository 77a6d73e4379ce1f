import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type TestAuthority, testAuthority } from '../../../authority/authority-fake.ts'
import { parseTokenFile } from '../../../authority/grant.ts'
import { startAuthorityServer } from '../../../authority/server.ts'
import { systemClock } from '../../../kernel/clock/system.ts'
import { fakeHost } from '../../../kernel/host-fake.ts'
import { ask, echoBackend } from '../echo-fake.ts'
import { decodedProxy, startConfigured } from '../proxy-fake.ts'
import { identityFiles, spiffeOf } from '../tls/identity-files-fake.ts'
import { openIdentity } from './identity.ts'

let folder: string
let ours: TestAuthority

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-changing-'))
  ours = await testAuthority()
})
after(() => rm(folder, { recursive: true, maxRetries: 9 }))

/** A proxy whose second listener is the upstream of its first: what it shows, it meets. */
const itself = (identity: object, port: number, back: string, expected?: string) =>
  decodedProxy({
    identity,
    listeners: [
      { name: 'out', listen: '127.0.0.1:0', upstream: 'itself' },
      { name: 'in', listen: '127.0.0.1:0', upstream: 'back', tls: { forwardClientCert: 'sanitize_set' } },
    ],
    upstreams: {
      itself: {
        endpoints: [{ address: `127.0.0.1:${port}`, ...(expected && { identity: expected }) }],
        idleTimeout: '1h',
        ...(expected === undefined && { tls: { mode: 'identity' } }),
      },
      back: { endpoints: [{ address: back }] },
    },
  })

test('a renewal that is asked for where files are read says that they are read anyway', async t => {
  const host = fakeHost({ name: 'proxy', clock: systemClock() })
  t.after(() => host.close())
  const { files } = await identityFiles(folder, 'cart', ours)
  const identity = await openIdentity({ kind: 'files', config: files }, host)
  assert.match((await identity.renew())!, /comes from files/)
})

describe('a reload with another identity', () => {
  test('is taken over in place, on both sides, and no request is lost', async () => {
    using back = await echoBackend('hello')
    const cart = await identityFiles(folder, 'cart', ours)
    const checkout = await identityFiles(folder, 'checkout', ours)
    await using proxy = await startConfigured(itself(cart, 1, back.address))
    const inside = proxy.ports[1]!
    assert.equal(await proxy.running.update!(itself(cart, inside, back.address)), true)
    const shown = () => back.heard.at(-1)?.headers.get('x-forwarded-client-cert') ?? ''
    assert.equal((await ask(proxy.port, 'GET http://a/')).status, 200)
    assert.match(shown(), /^By=.*sa\/cart;.*URI=.*sa\/cart;/)

    let stop = false
    let lost = 0
    const load = Array.from({ length: 4 }, async () => {
      while (!stop) if ((await ask(proxy.port, 'GET http://a/')).status !== 200) lost++
    })
    assert.equal(await proxy.running.update!(itself(checkout, inside, back.address)), true)
    await back.has(back.heard.length + 20)
    stop = true
    await Promise.all(load)
    assert.equal(lost, 0)
    assert.match(shown(), /^By=.*sa\/checkout;.*URI=.*sa\/checkout;/)
  })

  test('holds for another trust domain, too', async () => {
    using back = await echoBackend('hello')
    const others = await testAuthority('other.example')
    const { chain, key } = await others.pair('cart')
    const at = (part: string) => join(folder, `other.${part}`)
    await writeFile(at('crt'), chain)
    await writeFile(at('key'), key)
    await writeFile(at('ca'), others.authority.trustBundle)
    const other = { files: { cert: at('crt'), key: at('key'), ca: at('ca') } }
    const cart = await identityFiles(folder, 'cart', ours)
    await using proxy = await startConfigured(itself(cart, 1, back.address))
    const inside = proxy.ports[1]!
    await proxy.running.update!(itself(cart, inside, back.address))
    assert.equal((await ask(proxy.port, 'GET http://a/')).status, 200)
    await proxy.running.update!(itself(other, inside, back.address))
    assert.equal((await ask(proxy.port, 'GET http://a/')).status, 200)
    assert.match(
      back.heard.at(-1)!.headers.get('x-forwarded-client-cert')!,
      /URI=spiffe:\/\/other\.example\/ns/,
    )
  })

  test('whose files do not do changes nothing', async () => {
    using back = await echoBackend('hello')
    const cart = await identityFiles(folder, 'cart', ours)
    await using proxy = await startConfigured(itself(cart, 1, back.address))
    const inside = proxy.ports[1]!
    await proxy.running.update!(itself(cart, inside, back.address))
    const missing = { files: { ...cart.files, cert: join(folder, 'none.crt') } }
    await assert.rejects(
      async () => proxy.running.update!(itself(missing, inside, back.address)),
      /identity\.files\.cert: cannot read .*none\.crt/,
    )
    assert.equal((await ask(proxy.port, 'GET http://a/')).status, 200)
  })

  test('takes place also where there was none before, and where there is none any more', async () => {
    using back = await echoBackend('hello')
    const cart = await identityFiles(folder, 'cart', ours)
    const by = (inside: number, mode: string | undefined, isMet: boolean) =>
      decodedProxy({
        ...(mode !== undefined && { identity: cart }),
        listeners: [
          { name: 'out', listen: '127.0.0.1:0', upstream: 'itself' },
          {
            name: 'in',
            listen: '127.0.0.1:0',
            upstream: 'back',
            ...(mode !== undefined && { tls: { mode, forwardClientCert: 'sanitize_set' } }),
          },
        ],
        upstreams: {
          itself: {
            endpoints: [{ address: `127.0.0.1:${inside}`, ...(isMet && { identity: spiffeOf('cart') }) }],
            idleTimeout: '1h',
          },
          back: { endpoints: [{ address: back.address }] },
        },
      })
    await using proxy = await startConfigured(by(1, undefined, false))
    const inside = proxy.ports[1]!
    const update = proxy.running.update!
    assert.equal(await update(by(inside, undefined, false)), true)
    const kept = await proxy.client()
    const keptAnswers = async () => {
      kept.say('GET /kept HTTP/1.1\r\nHost: a\r\n\r\n')
      await kept.hears(/hello$/)
      kept.forget()
    }
    await keptAnswers()
    const statuses = new Map<number, number>()
    let stop = false
    const load = Array.from({ length: 4 }, async () => {
      while (!stop) {
        const { status } = await ask(proxy.port, 'GET http://a/')
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    })
    const shown = async (expected: RegExp | undefined) => {
      await back.has(back.heard.length + 10)
      const { headers } = back.heard.at(-1)!
      const certificate = headers.get('x-forwarded-client-cert')
      if (expected === undefined) assert.equal(certificate, undefined)
      else assert.match(certificate ?? '', expected)
      await keptAnswers()
    }
    await shown(undefined)
    for (const [mode, isMet, expected] of [
      ['permissive', false, undefined],
      ['permissive', true, /URI=.*sa\/cart/],
      ['strict', true, /URI=.*sa\/cart/],
      ['permissive', false, undefined],
      [undefined, false, undefined],
    ] as const) {
      assert.equal(await update(by(inside, mode, isMet)), true)
      await shown(expected)
      const expiry = proxy.host.metric('certificate_expiry_seconds', { certificate: 'identity' })
      assert.equal(expiry !== undefined, mode !== undefined)
    }
    stop = true
    await Promise.all(load)
    assert.deepEqual([...statuses.keys()], [200])
  })
})

test('the last certificate serves until an authority has issued one of the same identity', async () => {
  using back = await echoBackend('hello')
  const clock = systemClock()
  const host = fakeHost({ name: 'authority', clock })
  const start = () =>
    startAuthorityServer({
      authority: ours.authority,
      clock,
      log: host.log,
      grants: parseTokenFile('the-long-token-of-cart shop/cart', 'example.org'),
      lifetimeMs: 3600_000,
      listen: { host: '127.0.0.1', port: 0 },
      names: ['127.0.0.1'],
    })
  const portOf = (server: Awaited<ReturnType<typeof start>>) => (server.address as { port: number }).port
  const ca = join(folder, 'root.pem')
  const tokenFile = join(folder, 'cart.token')
  await writeFile(ca, ours.authority.trustBundle)
  await writeFile(tokenFile, 'the-long-token-of-cart\n')
  const of = (port: number, id = spiffeOf('cart')) => ({
    authority: { url: `https://127.0.0.1:${port}`, ca, tokenFile, id },
  })
  const first = await start()
  const firstPort = portOf(first)
  await using proxy = await startConfigured(itself(of(firstPort), 1, back.address))
  while (proxy.running.health!().ready === false) await new Promise(resolve => setTimeout(resolve, 10))
  const inside = proxy.ports[1]!
  await first[Symbol.asyncDispose]()

  // Nobody listens at this authority now.
  const away = { ...of(firstPort), authority: { ...of(firstPort).authority, dnsNames: ['cart.shop.svc'] } }
  await proxy.running.update!(itself(away, inside, back.address, spiffeOf('cart')))
  assert.equal((await ask(proxy.port, 'GET http://a/')).status, 200)
  assert.equal(proxy.running.health!().ready, true)
  assert.equal(proxy.running.health!().state, 'degraded')

  await proxy.running.update!(
    itself(of(firstPort, spiffeOf('admin')), inside, back.address, spiffeOf('cart')),
  )
  assert.equal((await ask(proxy.port, 'GET http://a/')).status, 502)
  assert.equal(proxy.running.health!().ready, false)
  await host.close()
})
