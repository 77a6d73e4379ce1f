import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pemBlocks } from '../wire/pem/pem.ts'
import { parseSpiffeId, workloadId } from '../wire/spiffe/identity.ts'
import { openAuthority } from './authority.ts'
import { testAuthority } from './authority-fake.ts'
import { issueWithKey } from './own-certificate.ts'
import { createAuthority } from './root.ts'

const HOUR_MS = 3600_000
const skip = spawnSync('openssl', ['version']).status !== 0

test('a leaf names the workload, is no authority, and lives as long as asked', async () => {
  const { authority, pair } = await testAuthority()
  const issued = await pair('checkout', { names: ['checkout.shop.svc', '10.0.0.1'], lifetimeMs: HOUR_MS })
  const leaf = new X509Certificate(issued.chain)
  assert.equal(
    leaf.subjectAltName,
    'URI:spiffe://example.org/ns/shop/sa/checkout, DNS:checkout.shop.svc, IP Address:10.0.0.1',
  )
  assert.equal(leaf.ca, false)
  assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
  assert.ok(Math.abs(leaf.validToDate.getTime() - Date.now() - HOUR_MS) < 60_000)
  assert.equal(leaf.serialNumber.toLowerCase(), issued.serial)
  assert.ok(leaf.verify(new X509Certificate(authority.trustBundle).publicKey))
})

test('serials differ', async () => {
  const { pair } = await testAuthority()
  const serials = new Set(
    (await Promise.all(Array.from({ length: 20 }, () => pair('a')))).map(each => each.serial),
  )
  assert.equal(serials.size, 20)
})

for (const intermediate of [false, true]) {
  const what = intermediate ? 'with an intermediate' : 'of a root alone'
  test(`openssl verifies a chain ${what}`, { skip }, async () => {
    const { authority, pair } = await testAuthority('example.org', Date, intermediate)
    const { chain } = await pair('checkout')
    const blocks = pemBlocks(chain)
    assert.equal(blocks.length, intermediate ? 2 : 1)
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-'))
    try {
      await writeFile(join(folder, 'root.pem'), authority.trustBundle)
      await writeFile(join(folder, 'chain.pem'), chain)
      const args = ['verify', '-x509_strict', '-CAfile', 'root.pem', '-untrusted', 'chain.pem', 'chain.pem']
      const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' })
      assert.equal(status, 0, stderr)
    } finally {
      await rm(folder, { recursive: true, maxRetries: 9 })
    }
  })
}

test('a leaf never outlives the certificate that signs it', async () => {
  const made = await createAuthority({ trustDomain: 'example.org', nowMs: Date.now(), lifetimeMs: HOUR_MS })
  const options = { rootCertificate: made.root.certificate, signer: made.root }
  const authority = await openAuthority({ ...options, clock: Date })
  const id = workloadId('example.org', 'shop', 'checkout')
  const issued = await issueWithKey(authority, id, [], 24 * HOUR_MS)
  assert.equal(issued.notAfterMs, new X509Certificate(made.root.certificate).validToDate.getTime())
  const late = await openAuthority({ ...options, clock: { now: () => Date.now() + 2 * HOUR_MS } })
  await assert.rejects(issueWithKey(late, id, [], HOUR_MS), /has expired; make a new one/)
})

test('an identity of another trust domain is not issued', async () => {
  const { authority } = await testAuthority()
  const id = parseSpiffeId('spiffe://elsewhere.test/ns/a/sa/b')!
  await assert.rejects(issueWithKey(authority, id, [], HOUR_MS), /not of the trust domain example\.org/)
})

test('a key or root that does not belong to the certificate is found out at the start', async () => {
  const one = await createAuthority({ trustDomain: 'example.org', nowMs: Date.now(), intermediate: true })
  const two = await createAuthority({ trustDomain: 'example.org', nowMs: Date.now(), intermediate: true })
  const rootCertificate = one.root.certificate
  const wrong = [
    [{ certificate: rootCertificate, key: two.root.key }, /does not belong to its certificate/],
    [two.intermediate!, /was not issued by the root/],
    [{ certificate: rootCertificate, key: 'x' }, /not in PEM form/],
    [{ certificate: 'x', key: one.root.key }, /the certificate that signs is not in PEM form/],
  ] as const
  for (const [signer, message] of wrong)
    await assert.rejects(openAuthority({ clock: Date, rootCertificate, signer }), {
      name: 'TypeError',
      message,
    })
})

test('a trust domain is checked before anything is made', async () => {
  await assert.rejects(createAuthority({ trustDomain: 'Example Org', nowMs: 0 }), /is no trust domain/)
})
