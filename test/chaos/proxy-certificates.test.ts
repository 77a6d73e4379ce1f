import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { testAuthority } from '../../src/authority/authority-fake.ts'
import { Load } from './load.ts'
import { ProxySidecar } from './proxy-sidecar.ts'
import { SecureLoad, visit } from './secure-load.ts'

/** A folder as a Secret is mounted: its files lead through `..data`, which is swapped as a whole. */
class MountedSecret {
  readonly folder: string
  #version = 0

  constructor(folder: string) {
    this.folder = folder
  }

  async put(files: Readonly<Record<string, string>>): Promise<void> {
    const version = `..${++this.#version}`
    await mkdir(join(this.folder, version), { recursive: true })
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(this.folder, version, name), text)
      if (this.#version === 1) await symlink(join('..data', name), join(this.folder, name))
    }
    await symlink(version, join(this.folder, '..next'))
    await rename(join(this.folder, '..next'), join(this.folder, '..data'))
  }

  file(name: string): string {
    return join(this.folder, name)
  }
}

test('no request fails while certificates, authorities and settings of TLS change under it', {
  timeout: 120_000,
}, async t => {
  await using scope = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-certificates-'))
  scope.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const ours = await testAuthority()
  const trust = ours.authority.trustBundle
  const others = (await testAuthority()).authority.trustBundle
  const pairOf = async (account: string) => {
    const { chain, key } = await ours.pair(account)
    return { 'tls.crt': chain, 'tls.key': key, 'ca.crt': trust }
  }
  const mounted = async (account: string) => {
    const secret = new MountedSecret(join(folder, account))
    await secret.put(await pairOf(account))
    return secret
  }
  const [cart, checkout] = [await mounted('cart'), await mounted('checkout')]
  const identityOf = (secret: MountedSecret) => ({
    files: { cert: secret.file('tls.crt'), key: secret.file('tls.key'), ca: secret.file('ca.crt') },
  })

  /** Who the application was told to be asked by, the last one. */
  let told = ''
  const application = createServer((request, response) => {
    if (request.url?.startsWith('/GET') || request.url?.startsWith('/POST'))
      told = String(request.headers['x-forwarded-client-cert'])
    request.resume().on('end', () => response.end(request.url === '/visit' ? 'seen' : answerTo(request.url!)))
  }).listen(0, '127.0.0.1')
  await once(application, 'listening')
  scope.defer(() => void application.close())
  const answerTo = (path: string) => (/^\/(GET|POST)/.test(path) ? path.slice(1) : path)
  const app = `127.0.0.1:${(application.address() as AddressInfo).port}`

  const inside = (tls: object, listen = '127.0.0.1:0') => ({
    identity: identityOf(cart),
    listeners: [{ name: 'in', listen, upstream: 'app', tls: { forwardClientCert: 'sanitize_set', ...tls } }],
    upstreams: { app: { endpoints: [{ address: app }] } },
  })
  const b = scope.use(await ProxySidecar.start(inside({})))
  const port = await b.listens()
  const listen = `127.0.0.1:${port}`
  // From here on it is the same listener, whose connections no change may end.
  await b.says('ready')
  await b.reload(inside({}, listen))
  const identity = 'spiffe://example.org/ns/shop/sa/cart'
  const a = scope.use(
    await ProxySidecar.start({
      identity: identityOf(checkout),
      listeners: [{ name: 'out', listen: '127.0.0.1:0', upstream: 'cart' }],
      upstreams: { cart: { endpoints: [{ address: listen, identity }] } },
    }),
  )
  const outside = await a.listens()

  const guest = await ours.pair('guest')
  const keys = { ca: trust, cert: guest.chain, key: guest.key }
  const kept = connect({ port, host: '127.0.0.1', ...keys, servername: 'localhost' })
  await once(kept, 'secureConnect')
  const keptGoesOn = async () => {
    kept.write('GET /visit HTTP/1.1\r\nHost: localhost\r\n\r\n')
    assert.match(String((await once(kept, 'data'))[0]), /^HTTP\/1\.1 200/)
  }
  const between = scope.use(new Load(() => outside, 4, ['GET', 'POST']))
  const direct = scope.use(new SecureLoad(port, keys, 4))
  const tickets = {
    'TLSv1.2': (await visit(port, keys, 'TLSv1.2')).session,
    'TLSv1.3': (await visit(port, keys, 'TLSv1.3')).session,
  }
  await Promise.all([between.more(50), direct.more(50)])
  assert.match(told, /By=.*sa\/cart;.*URI=.*sa\/checkout/)

  // The Secret of the called sidecar is swapped.
  const second = await pairOf('cart')
  await cart.put(second)
  await direct.sees(second['tls.crt'])
  await keptGoesOn()
  // Who is trusted is the same: sessions go on, as they would have without the swap.
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const next = await visit(port, keys, version, tickets[version])
    assert.equal(next.resumed, true, version)
    tickets[version] = next.session
  }

  // That of the calling one, which shows the new one on new connections.
  const before = /Hash=(\w+)/.exec(told)?.[1]
  await checkout.put(await pairOf('checkout'))
  while (/Hash=(\w+)/.exec(told)?.[1] === before) await between.more(10)

  // Another file in the configuration.
  const third = await pairOf('cart')
  const own = await mounted('own')
  await own.put(third)
  const certificates = [{ cert: own.file('tls.crt'), key: own.file('tls.key') }]
  const ca = own.file('ca.crt')
  await b.reload(inside({ certificates, clients: 'require' }, listen))
  await direct.sees(third['tls.crt'])
  await keptGoesOn()
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    tickets[version] = (await visit(port, keys, version)).session

  // Other authorities of clients: who has a session must show its certificate anew.
  await own.put({ ...third, 'ca.crt': trust + others })
  await b.reload(inside({ certificates, clients: 'require', ca, trustDomain: 'example.org' }, listen))
  await Promise.all([between.more(50), direct.more(50)])
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const next = await visit(port, keys, version, tickets[version])
    assert.equal(next.resumed, false, version)
    assert.equal((await visit(port, keys, version, next.session)).resumed, true, version)
    tickets[version] = next.session
  }
  await own.put({ ...third, 'ca.crt': others + trust })
  while ((await visit(port, keys, 'TLSv1.3', tickets['TLSv1.3'])).resumed) await direct.more(10)
  assert.equal((await visit(port, keys, 'TLSv1.2', tickets['TLSv1.2'])).resumed, false)

  for (const [what, tls] of [
    ['clients are asked alone', { clients: 'request' }],
    ['clients are not asked', { clients: 'none', forwardClientCert: 'sanitize' }],
    ['plain connections come in, too', { mode: 'permissive' }],
    ['TLS 1.3 alone', { minVersion: 'TLSv1.3' }],
    ['as it was', {}],
  ] as const) {
    await b.reload(inside(tls, listen))
    await Promise.all([between.more(50), direct.more(50)])
    await keptGoesOn()
    t.diagnostic(`${what}: ${direct.answered} answered over TLS`)
  }
  await b.reload(inside({ minVersion: 'TLSv1.3' }, listen))
  await assert.rejects(visit(port, keys, 'TLSv1.2'), /protocol version/)

  await direct[Symbol.asyncDispose]()
  const failed = (await between.end()).filter(({ status }) => status !== 200)
  const why = [a, b].flatMap(({ lines }) => lines.filter(({ level }) => level !== 'info'))
  const lost = { between: failed, direct: direct.failed }
  assert.deepEqual(lost, { between: [], direct: [] }, JSON.stringify({ lost, why }, undefined, 1))
  assert.equal(a.strange + b.strange, '')
  kept.destroy()
})
