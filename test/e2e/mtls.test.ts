// Two sidecars and their authority as processes: application → sidecar → mutual TLS → sidecar → application.
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttp } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { testAuthority } from '../../src/authority/authority-fake.ts'
import { ask } from '../../src/modules/proxy/echo-fake.ts'
import { freePort } from '../fakes/free-port.ts'

const launcher = fileURLToPath(new URL('../../bin/outrigger.js', import.meta.url))

/** Asks the admin listener until the answer fits. */
async function until(port: number, path: string, fits: (status: number, text: string) => boolean) {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined)
    const text = (await answer?.text()) ?? ''
    if (answer !== undefined && fits(answer.status, text)) return text
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

test('two sidecars know each other by the certificates of their authority, which may be away', {
  timeout: 120_000,
}, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-mtls-'))
  const children: ChildProcess[] = []
  t.after(async () => {
    for (const child of children) child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true, maxRetries: 9 })
  })
  const start = (...args: string[]): ChildProcess => {
    const child = spawn(process.execPath, [launcher, ...args], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    child.stderr!.resume()
    children.push(child)
    return child
  }
  execFileSync(process.execPath, [launcher, 'ca', 'init', '--trust-domain', 'example.org'], { cwd: folder })
  await writeFile(
    join(folder, 'tokens'),
    'the-long-token-of-cart shop/cart\nthe-long-token-of-checkout shop/checkout\n',
  )
  await writeFile(join(folder, 'cart.token'), 'the-long-token-of-cart\n')
  await writeFile(join(folder, 'checkout.token'), 'the-long-token-of-checkout\n')

  const heard: (string | undefined)[] = []
  const application = createHttp((request, response) => {
    heard.push(request.headers['x-forwarded-client-cert'] as string | undefined)
    response.end('hello')
  }).listen(0, '127.0.0.1')
  await once(application, 'listening')
  t.after(() => application.close())
  const [ca, inbound, outbound, adminB, adminA] = await Promise.all(Array.from({ length: 5 }, freePort))
  const sidecar = async (account: string, admin: number, proxy: object): Promise<ChildProcess> => {
    const authority = {
      url: `https://127.0.0.1:${ca}`,
      ca: join(folder, 'ca/root.pem'),
      tokenFile: join(folder, `${account}.token`),
      id: `spiffe://example.org/ns/shop/sa/${account}`,
    }
    const file = join(folder, `${account}.yaml`)
    const config = {
      admin: { listen: `127.0.0.1:${admin}` },
      dataDir: join(folder, account),
      proxy: { identity: { authority }, ...proxy },
    }
    await writeFile(file, JSON.stringify(config))
    return start('run', '-c', file)
  }
  await sidecar('cart', adminB!, {
    listeners: [
      {
        name: 'in',
        listen: `127.0.0.1:${inbound}`,
        upstream: 'app',
        tls: { forwardClientCert: 'sanitize_set' },
      },
    ],
    upstreams: {
      app: { endpoints: [{ address: `127.0.0.1:${(application.address() as AddressInfo).port}` }] },
    },
  })
  await sidecar('checkout', adminA!, {
    listeners: [{ name: 'out', listen: `127.0.0.1:${outbound}`, upstream: 'cart' }],
    upstreams: {
      cart: {
        endpoints: [{ address: `127.0.0.1:${inbound}`, identity: 'spiffe://example.org/ns/shop/sa/cart' }],
      },
    },
  })

  // The authority is away: the sidecars run, are not ready, and let nobody through.
  const waiting = await until(
    adminA!,
    '/readyz',
    (status, text) => status === 503 && text.includes('first certificate'),
  )
  assert.match(waiting, /waits for its first certificate/)
  const early = await ask(outbound!, 'GET http://cart/')
  assert.equal(`${early.status} ${early.headers.get('outrigger-error')}`, '502 upstream_tls_failed')

  const authority = start('ca', 'serve', '--token-file', 'tokens', '--listen', `127.0.0.1:${ca}`)
  for (const admin of [adminA!, adminB!]) await until(admin, '/readyz', status => status === 200)
  assert.equal((await ask(outbound!, 'GET http://cart/')).body, 'hello')
  assert.match(
    heard[0]!,
    /^By=spiffe:\/\/example\.org\/ns\/shop\/sa\/cart;.*URI=spiffe:\/\/example\.org\/ns\/shop\/sa\/checkout$/,
  )

  // Both get new certificates under load, again and again, and no request is lost.
  let stop = false
  let lost = 0
  const load = Array.from({ length: 4 }, async () => {
    while (!stop) if ((await ask(outbound!, 'GET http://cart/')).body !== 'hello') lost++
  })
  const renew = async (admin: number) => {
    const answer = await fetch(`http://127.0.0.1:${admin}/proxy/identity/renew`, { method: 'POST' })
    assert.equal(answer.status, 200, await answer.text())
  }
  const hashes = () => new Set(heard.map(field => /Hash=(\w+)/.exec(field ?? '')?.[1])).size
  for (let round = 2; round <= 4; round++) {
    await Promise.all([renew(adminA!), renew(adminB!)])
    while (hashes() < round) await new Promise(resolve => setTimeout(resolve, 5))
  }
  stop = true
  await Promise.all(load)
  assert.equal(lost, 0)
  const served = heard.length

  // Plain connections and strangers are refused.
  assert.equal((await ask(inbound!, 'GET http://cart/')).status, 400)
  const stranger = await (await testAuthority()).pair('checkout')
  const foreign = connect({
    port: inbound!,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    cert: stranger.chain,
    key: stranger.key,
  })
  foreign.on('error', () => {}).write('GET / HTTP/1.1\r\nHost: cart\r\n\r\n')
  let answer = ''
  foreign.on('data', bytes => {
    answer += bytes
  })
  await once(foreign, 'close')
  assert.equal(answer, '')
  const metrics = await until(adminB!, '/metrics', (_, text) =>
    text.includes('reason="certificate_untrusted"'),
  )
  assert.match(metrics, /outrigger_proxy_tls_handshake_failures_total\{listener="in",reason="plaintext"\} 1/)
  assert.match(metrics, /outrigger_proxy_certificate_expiry_seconds\{certificate="identity"\} 8\d{4}/)
  assert.equal(heard.length, served)

  // The certificates outlive the authority.
  authority.kill('SIGKILL')
  await once(authority, 'exit')
  assert.equal((await ask(outbound!, 'GET http://cart/')).body, 'hello')
})
