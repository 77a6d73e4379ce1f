import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { requestToSign, signedRequest } from './request.ts'

const skip = spawnSync('openssl', ['version']).status !== 0

test('openssl reads the request, and its signature is good', { skip }, () => {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const toSign = requestToSign({
    publicKey: keys.publicKey.export({ type: 'spki', format: 'der' }),
    uris: ['spiffe://example.org/ns/shop/sa/checkout'],
    dnsNames: ['checkout.shop.svc'],
    commonName: 'checkout',
  })
  const request = signedRequest(toSign, sign('sha256', toSign, keys.privateKey))
  const text = execFileSync('openssl', ['req', '-inform', 'DER', '-noout', '-text', '-verify'], {
    input: request,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  assert.match(text, /URI:spiffe:\/\/example\.org\/ns\/shop\/sa\/checkout, DNS:checkout\.shop\.svc/)
  assert.match(text, /CN ?= ?checkout/)
  const broken = Buffer.from(request)
  broken[broken.length - 1]! ^= 1
  const verdict = spawnSync('openssl', ['req', '-inform', 'DER', '-noout', '-verify'], { input: broken })
  assert.doesNotMatch(`${verdict.stderr}${verdict.stdout}`, /verify OK|self-signature verify OK/i)
})

for (const name of ['a b', 'é', 'a\n', '\0'])
  test(`${JSON.stringify(name)} cannot be put into a request`, () => {
    assert.throws(() => requestToSign({ publicKey: new Uint8Array(), uris: [name] }), /must be ASCII/)
  })
