import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { testAuthority } from '../../authority/authority-fake.ts'
import { RawPeer } from '../../http/raw-peer-fake.ts'
import { rawBackend, startProxy } from './proxy-fake.ts'
import { identityFiles, spiffeOf } from './tls/identity-files-fake.ts'

test('CONNECT over mutual TLS has the identity of its client, for access rules', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-connect-'))
  t.after(() => rm(folder, { recursive: true, maxRetries: 9 }))
  const ours = await testAuthority()
  const back = await rawBackend()
  t.after(() => back.close())
  const rule = { name: 'web', action: 'allow', from: [{ identities: [spiffeOf('web')] }] }
  const listener = {
    upstream: undefined,
    forward: { allow: [back.address] },
    tls: {},
    access: { rules: [rule] },
  }
  const identity = await identityFiles(folder, 'proxy', ours)
  await using proxy = await startProxy(['127.0.0.1:9'], listener, undefined, {}, { identity })

  for (const [account, status] of [
    ['web', 200],
    ['other', 403],
  ] as const) {
    const { chain: cert, key } = await ours.pair(account)
    const ca = ours.authority.trustBundle
    const socket = connect({
      host: '127.0.0.1',
      port: proxy.port,
      cert,
      key,
      ca,
      checkServerIdentity: () => undefined,
    })
    const client = new RawPeer(socket)
    client.say(`CONNECT ${back.address} HTTP/1.1\r\nHost: ${back.address}\r\n\r\n`)
    assert.match(await client.hears(/\r\n\r\n/), new RegExp(`^HTTP/1.1 ${status} `))
    socket.destroy()
  }
  assert.equal(back.accepted.length, 1)
})
