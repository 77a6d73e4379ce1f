// Two authorities of one name are in the bundle during a rotation; TLS has to find the right one for each certificate.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { connect, createServer } from 'node:tls'
import { openAuthority } from '../../../authority/authority.ts'
import { issueWithKey } from '../../../authority/own-certificate.ts'
import { createAuthority } from '../../../authority/root.ts'
import { workloadId } from '../../../wire/spiffe/identity.ts'
import { TRUST_DOMAIN } from './authority-keeper.ts'
import { HOST } from './cluster-fake.ts'

test('certificates of the old and of the new authority are both believed with the bundle of a rotation', async t => {
  const make = async () => {
    const { root } = await createAuthority({ trustDomain: TRUST_DOMAIN, nowMs: Date.now() })
    const authority = await openAuthority({ clock: Date, rootCertificate: root.certificate, signer: root })
    const pair = await issueWithKey(authority, workloadId(TRUST_DOMAIN, 'a', 'webhook'), [HOST], 3600_000)
    return { root, pair }
  }
  const [old, next] = [await make(), await make()]
  const bundle = next.root.certificate + old.root.certificate
  for (const { pair } of [old, next]) {
    const server = createServer({ cert: pair.chain, key: pair.key }, socket => socket.end()).listen(
      0,
      '127.0.0.1',
    )
    t.after(async () => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const socket = connect({ host: '127.0.0.1', port, servername: HOST, ca: bundle })
    await once(socket, 'secureConnect')
    assert.equal(socket.authorized, true)
    socket.destroy()
  }
})
