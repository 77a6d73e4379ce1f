import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect } from 'node:tls'
import { type TestAuthority, testAuthority } from '../../../authority/authority-fake.ts'
import { ask, echoBackend } from '../echo-fake.ts'
import { decodedProxy, startConfigured } from '../proxy-fake.ts'
import { identityFiles } from './identity-files-fake.ts'

let folder: string
let ours: TestAuthority

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-resumption-'))
  ours = await testAuthority()
})
after(() => rm(folder, { recursive: true, maxRetries: 9 }))

for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
  describe(`with ${version} the second connection goes on with the session of the first`, () => {
    test('towards an upstream', async t => {
      const { files } = await identityFiles(folder, 'api', ours)
      const [cert, key] = await Promise.all([files.cert, files.key].map(file => readFile(file)))
      const server = createServer({ cert, key, minVersion: version, maxVersion: version }, (_, response) => {
        response.setHeader('Connection', 'close').end('hello')
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      t.after(() => server.close())
      const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
      const tls = { ca: files.ca, serverName: 'api.shop.svc' }
      await using proxy = await startConfigured(
        decodedProxy({
          listeners: [{ listen: '127.0.0.1:0', upstream: 'api' }],
          upstreams: { api: { endpoints: [{ address }], protocol: 'http1', tls } },
        }),
      )
      for (let round = 0; round < 3; round++)
        assert.equal((await ask(proxy.port, 'GET http://api/')).body, 'hello')
      const handshakes = (resumed: string) =>
        proxy.host.metric('upstream_tls_handshakes_total', {
          cluster: 'api',
          version,
          alpn: 'http/1.1',
          resumed,
        })
      assert.deepEqual([handshakes('false'), handshakes('true')], [1, 2])
    })

    for (const [what, clients] of [
      ['of a client', 'none'],
      ['of a client with a certificate', 'require'],
    ] as const)
      test(what, async () => {
        using back = await echoBackend('hello')
        const identity = await identityFiles(folder, 'front', ours)
        await using proxy = await startConfigured(
          decodedProxy({
            identity,
            listeners: [{ name: 'front', listen: '127.0.0.1:0', upstream: 'back', tls: { clients } }],
            upstreams: { back: { endpoints: [{ address: back.address }] } },
          }),
        )
        const { chain, key } = await ours.pair('guest')
        let session: Buffer | undefined
        for (const expected of [false, true]) {
          const socket = connect({
            port: proxy.port,
            host: '127.0.0.1',
            servername: 'front.shop.svc',
            maxVersion: version,
            ca: ours.authority.trustBundle,
            ...(clients === 'require' && { cert: chain, key }),
            ...(session && { session }),
          })
          socket.on('session', next => {
            session = next
          })
          socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
          await once(socket, 'data')
          assert.equal(socket.isSessionReused(), expected)
          socket.destroy()
        }
        const labels = { listener: 'front', version, alpn: 'none', resumed: 'true' }
        assert.equal(proxy.host.metric('tls_handshakes_total', labels), 1)
      })
  })
