import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type TestAuthority, testAuthority } from '../../../authority/authority-fake.ts'
import { ask, echoBackend } from '../echo-fake.ts'
import { decodedProxy, type StartedProxy, startConfigured } from '../proxy-fake.ts'

let folder: string
let ours: TestAuthority
let others: TestAuthority

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-keys-'))
  ours = await testAuthority()
  others = await testAuthority()
})
after(() => rm(folder, { recursive: true, maxRetries: 9 }))

const at = (name: string) => join(folder, name)

async function write(name: string, account: string, issuer = ours): Promise<void> {
  const { chain, key } = await issuer.pair(account, { names: [`${account}.test`] })
  await writeFile(at(`${name}.crt`), chain)
  await writeFile(at(`${name}.key`), key)
}

/** A server that wants certificates of `ours`; and a proxy whose upstream it is, with the files `client`. */
async function pair(back: string): Promise<{ server: StartedProxy; proxy: StartedProxy }> {
  await write('server', 'server')
  await write('client', 'client')
  await writeFile(at('ours.pem'), ours.authority.trustBundle)
  await writeFile(at('trusted.pem'), ours.authority.trustBundle)
  const server = await startConfigured(
    decodedProxy({
      listeners: [
        {
          name: 'in',
          listen: '127.0.0.1:0',
          upstream: 'back',
          tls: {
            certificates: [{ cert: at('server.crt'), key: at('server.key') }],
            clients: 'require',
            ca: at('ours.pem'),
            forwardClientCert: 'sanitize_set',
          },
        },
      ],
      upstreams: { back: { endpoints: [{ address: back }] } },
    }),
  )
  return { server, proxy: await startConfigured(clientOf(server)) }
}

function clientOf({ port }: StartedProxy) {
  return decodedProxy({
    listeners: [{ name: 'out', listen: '127.0.0.1:0', upstream: 'server' }],
    upstreams: {
      server: {
        endpoints: [{ address: `127.0.0.1:${port}` }],
        idleTimeout: '1h',
        tls: {
          ca: at('trusted.pem'),
          cert: at('client.crt'),
          key: at('client.key'),
          serverName: 'server.test',
        },
      },
    },
  })
}

const pause = () => new Promise(resolve => setTimeout(resolve, 20))

test('the files of an upstream are taken over when they change; what does not fit leaves the last good ones', async () => {
  using back = await echoBackend('hello')
  const { server, proxy } = await pair(back.address)
  await using _ = server
  await using __ = proxy
  const status = async () => (await ask(proxy.port, 'GET http://server/')).status
  const shown = () => back.heard.at(-1)?.headers.get('x-forwarded-client-cert') ?? ''
  assert.equal(await status(), 200)
  assert.match(shown(), /sa\/client/)

  await write('client', 'renewed')
  while (!shown().includes('sa/renewed')) {
    assert.equal(await status(), 200)
    await pause()
  }

  await writeFile(at('client.crt'), (await ours.pair('another')).chain)
  while (proxy.host.log.of('certificate_unusable').length === 0) await pause()
  assert.equal(await status(), 200)
  assert.match(shown(), /sa\/renewed/)
  await write('client', 'mended')
  while (!shown().includes('sa/mended')) {
    assert.equal(await status(), 200)
    await pause()
  }

  await writeFile(at('trusted.pem'), others.authority.trustBundle)
  while ((await status()) === 200) await pause()
  const failures = { cluster: 'server', reason: 'certificate_untrusted' }
  assert.ok(proxy.host.metric('upstream_tls_handshake_failures_total', failures)! >= 1)
})

test('files of an upstream that do not belong together are refused at the start, by their option', async () => {
  using back = await echoBackend('hello')
  const { server, proxy } = await pair(back.address)
  await using _ = server
  await using __ = proxy
  await writeFile(at('client.key'), (await ours.pair('another')).key)
  await assert.rejects(startConfigured(clientOf(server)), {
    message: 'upstreams.server.tls: the key does not belong to the certificate',
  })
})
