import assert from 'node:assert/strict'
import { createDecipheriv, createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { readPublicKey, seal } from './sealing.ts'

const reader = generateKeyPairSync('x25519')
const readerKey = reader.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)

/** As the reader of a sink opens it. */
function open(sealed: string, options: { deriveKey: boolean; aad?: string }): string {
  const { curve25519_public_key: key, nonce, encrypted_payload: payload } = JSON.parse(sealed)
  const writerKey = Buffer.from(key, 'base64')
  const spki = Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), writerKey])
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  const shared = diffieHellman({ privateKey: reader.privateKey, publicKey })
  const [salt, info] = [readerKey, writerKey].sort(Buffer.compare)
  const derived = Buffer.from(hkdfSync('sha256', shared, salt!, info!, 32))
  const bytes = Buffer.from(payload, 'base64')
  const decipher = createDecipheriv(
    'aes-256-gcm',
    options.deriveKey ? derived : shared,
    Buffer.from(nonce, 'base64'),
  )
  decipher.setAuthTag(bytes.subarray(-16))
  if (options.aad !== undefined) decipher.setAAD(Buffer.from(options.aad))
  return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString()
}

describe('what is encrypted for one reader', () => {
  for (const options of [
    { deriveKey: false },
    { deriveKey: true },
    { deriveKey: true, aad: 'app' },
    { deriveKey: false, aad: 'app' },
  ])
    test(`is opened by that reader: ${JSON.stringify(options)}`, () => {
      // Which of both keys is the smaller one decides over their order.
      for (let round = 0; round < 8; round++)
        assert.equal(open(seal(Buffer.from('hvs.token'), readerKey, options), options), 'hvs.token')
    })

  test('is not opened with other additional data', () => {
    const sealed = seal(Buffer.from('hvs.token'), readerKey, { deriveKey: true, aad: 'app' })
    assert.throws(() => open(sealed, { deriveKey: true, aad: 'other' }))
    assert.throws(() => open(sealed, { deriveKey: true }))
  })

  test('never looks the same twice', () => {
    const [one, other] = [1, 2].map(() => JSON.parse(seal(Buffer.from('a'), readerKey, { deriveKey: false })))
    for (const key of ['curve25519_public_key', 'nonce', 'encrypted_payload'])
      assert.notEqual(one[key], other[key])
  })
})

describe('the reader’s public key', () => {
  test('is read from JSON', () => {
    const text = JSON.stringify({ curve25519_public_key: readerKey.toString('base64') })
    assert.deepEqual(readPublicKey(text, 'dh.json'), readerKey)
  })

  for (const [text, expected] of [
    ['{"curve25519_public_key": "AAAA"}', /dh\.json: expected .* with 32 bytes in base64, got 3/],
    ['{}', /there is no such member/],
    ['null', /there is no such member/],
    ['-----BEGIN', /there is no such member/],
  ] as const)
    test(`cannot be ${text}`, () => assert.throws(() => readPublicKey(text, 'dh.json'), expected))
})
