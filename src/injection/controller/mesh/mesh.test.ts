// The mesh from end to end: identities from the authority, endpoints from the feed, mutual TLS between two sidecars.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { parseTokenFile } from '../../../authority/grant.ts'
import { createAuthority, type Signer } from '../../../authority/root.ts'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import { systemClock } from '../../../kernel/clock/system.ts'
import { fakeHost } from '../../../kernel/host-fake.ts'
// The sidecars that the mesh is for.
import { ask, echoBackend } from '../../../modules/proxy/echo-fake.ts'
import { decodedProxy, startConfigured } from '../../../modules/proxy/proxy-fake.ts'
import { startMesh } from './mesh.ts'
import { type AuthorityStore, storedAuthority } from './stored-authority.ts'

const clock = systemClock()

function memoryStore(): AuthorityStore & { stored: Signer | undefined } {
  return {
    stored: undefined,
    async read() {
      return this.stored
    },
    async create(root) {
      if (this.stored !== undefined) return false
      this.stored = root
      return true
    },
  }
}

const tokenOf = (account: string) =>
  `e30.${Buffer.from(JSON.stringify({ sub: `system:serviceaccount:shop:${account}` })).toString('base64url')}.c2ln`

async function mesh(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-mesh-'))
  const host = fakeHost({ name: 'controller', clock })
  const accounts = ['cart', 'checkout']
  const started = await startMesh(
    {
      ...{ trustDomain: 'example.org', listen: { host: '127.0.0.1', port: 0 }, names: ['127.0.0.1'] },
      ...{ lifetimeMs: 3600_000, store: memoryStore(), synced: () => true },
      grants: parseTokenFile(accounts.map(each => `${tokenOf(each)} shop/${each}`).join('\n'), 'example.org'),
    },
    host,
  )
  const { port } = started.address as { port: number }
  const url = `https://127.0.0.1:${port}`
  await writeFile(join(folder, 'root.pem'), started.trustBundle)
  for (const account of accounts) await writeFile(join(folder, account), tokenOf(account))
  const access = (account: string) => ({
    url,
    ca: join(folder, 'root.pem'),
    tokenFile: join(folder, account),
  })
  const sidecar = async (account: string, config: object) => {
    const proxy = await startConfigured(
      decodedProxy({
        ...{ namespace: 'shop', controller: access(account) },
        identity: { authority: { ...access(account), trustDomain: 'example.org' } },
        ...config,
      }),
    )
    t.after(() => proxy[Symbol.asyncDispose]())
    while (!proxy.running.health().ready) await new Promise(resolve => setTimeout(resolve, 5))
    return proxy
  }
  t.after(async () => {
    await host.close()
    await rm(folder, { recursive: true, maxRetries: 9 })
  })
  return { started, host, sidecar }
}

describe('the mesh', () => {
  it('gives two sidecars identities, leads one to the other by the name of a Service, and they speak mutual TLS', async t => {
    const { started, host, sidecar } = await mesh(t)
    const application = await echoBackend('cart')
    t.after(() => application[Symbol.dispose]())
    const cart = await sidecar('cart', {
      listeners: [{ listen: '127.0.0.1:0', upstream: 'app', tls: { mode: 'strict' } }],
      upstreams: { app: { endpoints: [{ address: application.address }] } },
    })
    started.table.apply('Service', 'shop', 'cart', {
      spec: { clusterIP: '10.96.0.9', ports: [{ port: 80 }] },
    })
    started.table.apply('Pod', 'shop', 'cart-x', {
      metadata: { annotations: { 'outrigger.dev/mesh': 'true' } },
      spec: { serviceAccountName: 'cart' },
      status: { podIPs: [{ ip: '127.0.0.1' }] },
    })
    started.table.apply('EndpointSlice', 'shop', 'cart-1', {
      metadata: { labels: { 'kubernetes.io/service-name': 'cart' } },
      ports: [{ port: cart.port }],
      endpoints: [{ addresses: ['127.0.0.1'], targetRef: { kind: 'Pod', name: 'cart-x' } }],
    })
    const checkout = await sidecar('checkout', {
      listeners: [{ listen: '127.0.0.1:0', outbound: { mutualTls: 'strict' } }],
    })
    const answer = await ask(checkout.port, 'GET http://cart/')
    assert.equal(answer.body, 'cart', JSON.stringify(answer))
    assert.equal(host.metric('feed_subscribers', {}), 1)
    const unknown = await ask(checkout.port, 'GET http://nobody.shop.svc/')
    assert.equal(unknown.status, 503)
  })

  it('may be away for an hour: sidecars keep the last endpoints, and take up what is new when it is back', async t => {
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-mesh-'))
    const [one, two] = [await echoBackend('one'), await echoBackend('two')]
    const store = memoryStore()
    const start = async (port: number) => {
      const host = fakeHost({ name: 'controller', clock })
      const started = await startMesh(
        {
          ...{ trustDomain: 'example.org', listen: { host: '127.0.0.1', port }, names: ['127.0.0.1'] },
          ...{ lifetimeMs: 3600_000, store, synced: () => true },
          grants: parseTokenFile(`${tokenOf('checkout')} shop/checkout`, 'example.org'),
        },
        host,
      )
      const leads = ({ address }: { readonly address: string }) => {
        started.table.apply('Service', 'shop', 'cart', {
          spec: { clusterIP: '10.96.0.9', ports: [{ port: 80 }] },
        })
        started.table.apply('EndpointSlice', 'shop', 'cart-1', {
          metadata: { labels: { 'kubernetes.io/service-name': 'cart' } },
          ports: [{ port: Number(address.split(':')[1]) }],
          endpoints: [{ addresses: ['127.0.0.1'] }],
        })
      }
      return { started, leads, end: () => host.close() }
    }
    const first = await start(0)
    first.leads(one)
    const { port } = first.started.address as { port: number }
    await writeFile(join(folder, 'root.pem'), first.started.trustBundle)
    await writeFile(join(folder, 'token'), tokenOf('checkout'))
    const time = new FakeClock()
    const url = `https://127.0.0.1:${port}`
    const proxy = await startConfigured(
      decodedProxy({
        namespace: 'shop',
        controller: { url, ca: join(folder, 'root.pem'), tokenFile: join(folder, 'token') },
        listeners: [{ listen: '127.0.0.1:0', outbound: {} }],
      }),
      time,
    )
    t.after(async () => {
      await proxy[Symbol.asyncDispose]()
      for (const backend of [one, two]) backend[Symbol.dispose]()
      await rm(folder, { recursive: true, maxRetries: 9 })
    })
    const get = async () => (await ask(proxy.port, 'GET http://cart/')).body
    assert.equal(await get(), 'one')
    await first.end()
    for (let minute = 0; minute < 60; minute++) {
      // In use all the time: what nobody uses is let go of after a minute.
      for (const second of [0, 30]) {
        await time.elapse(30_000)
        assert.equal(await get(), 'one', `after ${minute} minutes and ${second} seconds`)
      }
    }
    const second = await start(port)
    t.after(() => second.end())
    second.leads(two)
    let answer = await get()
    while (answer !== 'two') {
      assert.equal(answer, 'one', 'no request fails meanwhile')
      await time.elapse(1000)
      answer = await get()
    }
  })

  it('has one authority, whichever replica makes it', async () => {
    const store = memoryStore()
    const options = { trustDomain: 'example.org', clock }
    const [one, other] = await Promise.all([storedAuthority(store, options), storedAuthority(store, options)])
    assert.equal(one!.trustBundle, other!.trustBundle)
    await assert.rejects(
      storedAuthority(store, { ...options, trustDomain: 'example.com' }),
      /is of the trust domain example.org, not example.com/,
    )
  })

  it('takes an authority that was made elsewhere', async () => {
    const { root } = await createAuthority({ trustDomain: 'example.org', nowMs: clock.now() })
    const store = { ...memoryStore(), stored: root }
    assert.equal(
      (await storedAuthority(store, { trustDomain: 'example.org', clock })).trustBundle,
      root.certificate,
    )
  })
})
