import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { hasOpenssl, makeCertificates } from '../../../../http/certificates-fake.ts'
import { FakeClock } from '../../../../kernel/clock/fake.ts'
import { keySource } from './key-source.ts'

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys?a=b`
}

test('keys are read from a URL, on a connection that is closed then', async t => {
  const clock = new FakeClock()
  let closed = Promise.resolve()
  const url = await serve(t, (request, response) => {
    closed = new Promise(resolve => request.socket.once('close', () => resolve()))
    response.end(`${request.method} ${request.url}`)
  })
  assert.equal(await keySource({ keys: { kind: 'url', config: url } }, clock)(), 'GET /keys?a=b')
  await closed
  assert.equal(clock.pending, 0)
})

for (const [name, listener, message] of [
  ['an error', (_, response) => response.writeHead(500).end(), /answers 500/],
  [
    'a redirect, which is not followed',
    (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
    /answers 302; write the URL that it leads to: http:/,
  ],
  ['a flood', (_, response) => response.end(Buffer.alloc(1024 * 1024 + 1)), /larger than/],
] as [string, RequestListener, RegExp][])
  test(`a URL that answers with ${name}`, async t => {
    const url = await serve(t, listener)
    await assert.rejects(keySource({ keys: { kind: 'url', config: url } }, new FakeClock())(), message)
  })

test('keys are read from a file, anew each time', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'keys-'))
  t.after(() => rm(folder, { recursive: true, maxRetries: 9 }))
  const path = join(folder, 'jwks.json')
  const load = keySource({ keys: { kind: 'file', config: path } }, new FakeClock())
  await assert.rejects(load(), /ENOENT/)
  await writeFile(path, '1')
  assert.equal(await load(), '1')
  await writeFile(path, '2')
  assert.equal(await load(), '2')
})

test('a server is trusted by the authority that is named, and by no other', {
  skip: hasOpenssl() ? false : 'needs the openssl program',
}, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'keys-'))
  t.after(() => rm(folder, { recursive: true, maxRetries: 9 }))
  const { server: identity } = makeCertificates(folder)
  const server = createTlsServer(identity, (_, response) => response.end('keys'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const keys = {
    kind: 'url',
    config: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`,
  } as const
  const clock = new FakeClock()
  assert.equal(await keySource({ keys, ca: join(folder, 'ca.pem') }, clock)(), 'keys')
  await assert.rejects(keySource({ keys }, clock)(), { code: 'tls_failed' })
  await assert.rejects(keySource({ keys, ca: join(folder, 'absent.pem') }, clock)(), /ENOENT/)
})
