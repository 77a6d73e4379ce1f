import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { before, test } from 'node:test'
import fc from 'fast-check'
import { encodePem } from '../wire/pem/pem.ts'
import { requestToSign, signedRequest } from '../wire/pkcs10/request.ts'
import { workloadId } from '../wire/spiffe/identity.ts'
import { checkRequest, RequestRefused } from './request-check.ts'
import { ALGORITHM, loadX509 } from './x509.ts'

const grant = { identity: workloadId('example.org', 'shop', 'checkout'), dnsNames: ['checkout.shop.svc'] }
const { uri } = grant.identity
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
let x509: Awaited<ReturnType<typeof loadX509>>

before(async () => {
  x509 = await loadX509()
})

interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

function ownRequest(uris: readonly string[], dnsNames: readonly string[] = [], pair: KeyPair = keys): Buffer {
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'der' })
  const toSign = requestToSign({ publicKey, uris, dnsNames })
  return Buffer.from(signedRequest(toSign, sign('sha256', toSign, pair.privateKey)))
}

const pem = (der: Uint8Array): string => encodePem('CERTIFICATE REQUEST', der)

test("the sidecar's own request is good", async () => {
  const checked = await checkRequest(pem(ownRequest([uri], ['checkout.shop.svc'])), grant)
  assert.deepEqual(checked.dnsNames, ['checkout.shop.svc'])
  assert.deepEqual(Buffer.from(checked.publicKey), keys.publicKey.export({ type: 'spki', format: 'der' }))
})

const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 })
const p521 = () => generateKeyPairSync('ec', { namedCurve: 'P-521' })
const refused: [string, () => string | Promise<string>, RegExp][] = [
  ['no request', () => 'hello', /expected one certificate request/],
  ['a certificate', () => encodePem('CERTIFICATE', ownRequest([uri])), /expected one certificate request/],
  ['two requests', () => pem(ownRequest([uri])).repeat(2), /expected one certificate request/],
  ['garbage', () => pem(Buffer.from('garbage')), /cannot be read/],
  ['no identity', () => pem(ownRequest([])), /must name spiffe/],
  ['another identity', () => pem(ownRequest(['spiffe://example.org/ns/shop/sa/admin'])), /must name spiffe/],
  ['two identities', () => pem(ownRequest([uri, 'spiffe://example.org/ns/a/sa/b'])), /no other URI/],
  ['a foreign DNS name', () => pem(ownRequest([uri], ['bank.example'])), /"bank\.example" is not granted/],
  ['an RSA key', () => pem(ownRequest([uri], [], rsa())), /must be an elliptic one/],
  ['a key over another curve', () => pem(ownRequest([uri], [], p521())), /must be an elliptic one/],
  ['a wrong signature', () => pem(tampered(ownRequest([uri]))), /signature of the request is wrong/],
  ['the wish to be an authority', () => asked(new x509.BasicConstraintsExtension(true)), /of an authority/],
  [
    'the wish to sign certificates',
    () => asked(new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign)),
    /to sign certificates/,
  ],
  [
    'an e-mail address',
    () =>
      asked(undefined, [
        { type: 'url', value: uri },
        { type: 'email', value: 'a@example.org' },
      ]),
    /URI and DNS names only/,
  ],
]
for (const [what, make, message] of refused)
  test(`refused: ${what}`, async () => {
    await assert.rejects(checkRequest(await make(), grant), { name: 'RequestRefused', message })
  })

/** With a signature over something else. */
function tampered(request: Buffer): Buffer {
  const publicKey = keys.publicKey.export({ type: 'spki', format: 'der' })
  const other = sign('sha256', request, keys.privateKey)
  return Buffer.from(signedRequest(requestToSign({ publicKey, uris: [uri] }), other))
}

async function asked(
  extension: InstanceType<typeof x509.Extension> | undefined,
  names: ConstructorParameters<typeof x509.SubjectAlternativeNameExtension>[0] = [
    { type: 'url', value: uri },
  ],
): Promise<string> {
  const pair = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const san = new x509.SubjectAlternativeNameExtension(names)
  const extensions = extension ? [san, extension] : [san]
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys: pair,
    signingAlgorithm: ALGORITHM,
    extensions,
  })
  return request.toString('pem')
}

test('a good request with any bytes changed is refused in words, or is still the granted one', async () => {
  const good = ownRequest([uri])
  const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255))
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.nat(good.length),
      async (changes, cut) => {
        const bytes = Buffer.from(good)
        for (const [at, value] of changes) bytes[at] = value
        const same = bytes.equals(good)
        for (const candidate of [bytes, good.subarray(0, cut)]) {
          const verdict = await checkRequest(pem(candidate), grant).catch(error => error)
          if (verdict instanceof RequestRefused) continue
          assert.ok(!(verdict instanceof Error), String(verdict))
          assert.ok(same || candidate.equals(good) || verdict.dnsNames.length === 0)
          // Only what the key's holder signed passes.
          assert.deepEqual(
            Buffer.from(verdict.publicKey),
            keys.publicKey.export({ type: 'spki', format: 'der' }),
          )
        }
      },
    ),
    { numRuns: 150 },
  )
})

test('bytes that are no request are refused in words', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async bytes => {
      await assert.rejects(checkRequest(pem(bytes), grant), RequestRefused)
    }),
    { numRuns: 150 },
  )
})
