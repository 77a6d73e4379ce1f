import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { serviceAccount } from '../../test/fakes/apiserver/access.ts'
import { ApiServer } from '../../test/fakes/apiserver/server.ts'
import { systemClock } from '../kernel/clock/system.ts'
import { fakeHost } from '../kernel/host-fake.ts'
import { authorityClient } from '../modules/proxy/identity/authority-client.ts'
import { issuedCertificates } from '../modules/proxy/identity/issued-certificates.ts'
import { workloadId } from '../wire/spiffe/identity.ts'
import { run as serve } from './ca/serve.ts'
import { fakeIo } from './io-fake.ts'
import { main } from './main.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-'))
})
afterEach(() => rm(folder, { recursive: true, maxRetries: 9 }))

async function outrigger(...argv: string[]) {
  const io = fakeIo({ cwd: folder })
  const code = await main(['ca', ...argv], io)
  return { code, out: io.stdout.text, err: io.stderr.text }
}

const modeOf = async (name: string): Promise<number> => (await stat(join(folder, name))).mode & 0o777

test('init makes an authority whose files are for its owner alone, and never overwrites it', async () => {
  const { code, out } = await outrigger('init', '--trust-domain', 'example.org')
  assert.equal(code, 0)
  assert.match(out, /made an authority for spiffe:\/\/example\.org\n {2}ca\/root\.key\n {2}ca\/root\.pem\n/)
  for (const name of ['ca/root.key', 'ca/root.pem']) assert.equal(await modeOf(name), 0o600, name)
  assert.equal(await modeOf('ca'), 0o700)
  const before = await readFile(join(folder, 'ca/root.pem'), 'utf8')
  const again = await outrigger('init', '--trust-domain', 'other.test', '--intermediate')
  assert.equal(again.code, 1)
  assert.match(again.err, /outrigger ca init: .*ca\/root\.pem exists; it is not overwritten/)
  assert.equal(await readFile(join(folder, 'ca/root.pem'), 'utf8'), before)
})

test('issue writes a certificate that the root has signed; with an intermediate the key of the root may be away', async () => {
  await outrigger('init', '--trust-domain', 'example.org', '--intermediate', '--out', 'pki')
  await rm(join(folder, 'pki/root.key'))
  const args = ['--ns', 'shop', '--sa', 'checkout', '--dns', 'checkout.shop.svc', '--ttl', '1h']
  const { code, out, err } = await outrigger('issue', '--ca', 'pki', ...args, '--out', 'cert')
  assert.equal(code, 0, err)
  assert.match(out, /^issued spiffe:\/\/example\.org\/ns\/shop\/sa\/checkout, serial [0-9a-f]{32}, until /)
  const leaf = new X509Certificate(await readFile(join(folder, 'cert/tls.crt')))
  assert.equal(leaf.subjectAltName, 'URI:spiffe://example.org/ns/shop/sa/checkout, DNS:checkout.shop.svc')
  for (const name of ['cert/tls.key', 'cert/tls.crt', 'cert/ca.crt']) assert.equal(await modeOf(name), 0o600)
  assert.equal((await outrigger('issue', '--ca', 'pki', ...args, '--out', 'cert')).code, 1)
})

const mistakes: [string[], number, RegExp][] = [
  [[], 2, /expected init, issue or serve, got nothing/],
  [['sign'], 2, /got "sign"/],
  [['init', 'more'], 2, /got "init more"/],
  [['init'], 2, /ca init: --trust-domain is missing/],
  [['init', '--trust-domain', 'example.org', '--sa', 'a'], 2, /ca init: takes no --sa/],
  [['init', '--trust-domain', 'Example Org'], 1, /is no trust domain/],
  [['issue', '--ns', 'a', '--sa', 'b'], 2, /--out is missing/],
  [['issue', '--ns', 'a', '--sa', 'b', '--out', 'c', '--ttl', '1s'], 2, /expected a duration from 1m to 90d/],
  [
    ['issue', '--ns', 'a', '--sa', 'b', '--out', 'c'],
    1,
    /root\.pem: there is no such file; outrigger ca init makes/,
  ],
  [['serve', '--token-file', 'f', '--listen', 'nowhere'], 2, /--listen: expected an address/],
  [['serve'], 2, /--token-file or --token-review is missing/],
  [['serve', '--token-file', 'f', '--token-review', 'https://a'], 2, /not both/],
  [['serve', '--token-file', 'f', '--audience', 'a'], 2, /--audience is for --token-review/],
  [['serve', '--token-review', 'http://a'], 2, /expected an address such as https:/],
]
for (const [argv, expected, message] of mistakes)
  test(`outrigger ca ${argv.join(' ')} says what is wrong`, async () => {
    const { code, err } = await outrigger(...argv)
    assert.equal(code, expected)
    assert.match(err, message)
  })

test('serve refuses a token file with a mistake in it', async () => {
  await outrigger('init', '--trust-domain', 'example.org')
  await writeFile(join(folder, 'tokens'), 'short shop/checkout\n')
  const { code, err } = await outrigger('serve', '--token-file', 'tokens')
  assert.equal(code, 1)
  assert.match(err, /the token file .*tokens cannot be used: line 1: a token must have/)
})

/** `outrigger ca serve` with these options, at work. */
async function served(values: Readonly<Record<string, string>>) {
  const io = fakeIo({ cwd: folder })
  const stop = Promise.withResolvers<void>()
  const serving = Promise.withResolvers<string>()
  const stderr = {
    ...io.stderr,
    write: (text: string | Uint8Array) => {
      const address = /on 127\.0\.0\.1:(\d+)/.exec(String(text))
      if (address) serving.resolve(address[1]!)
      return true
    },
  }
  const call = { io: { ...io, stderr }, values, positionals: ['serve'], rest: undefined }
  const ended = serve(call, stop.promise)
  ended.catch(serving.reject)
  const end = () => {
    stop.resolve()
    return ended
  }
  return { port: await serving.promise, end, [Symbol.asyncDispose]: async () => void (await end()) }
}

test('serve asks the API server of the cluster whose token it is, by the files of its own account', async () => {
  await outrigger('init', '--trust-domain', 'example.org')
  const missing = await outrigger('serve', '--token-review', 'https://127.0.0.1', '--access', 'account')
  assert.match(missing.err, /--access: .*account\/(ca\.crt|token) cannot be read: ENOENT/)
  await using server = await ApiServer.start()
  server.addToken('own-token', serviceAccount('outrigger', 'ca'))
  server.grant(serviceAccount('outrigger', 'ca').username, [
    { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  ])
  server.addToken('token-of-cart', serviceAccount('shop', 'cart'), ['outrigger'])
  await mkdir(join(folder, 'account'))
  await writeFile(join(folder, 'account', 'ca.crt'), server.ca)
  await writeFile(join(folder, 'account', 'token'), 'own-token\n')
  const values = { listen: '127.0.0.1:0', 'token-review': server.url.href, access: 'account' }
  await using serving = await served(values)
  const url = new URL(`https://127.0.0.1:${serving.port}`)
  const trustBundle = await readFile(join(folder, 'ca/root.pem'), 'utf8')
  const host = fakeHost({ name: 'proxy', clock: systemClock() })
  const identity = workloadId('example.org', 'shop', 'cart')
  const by = (token: string) =>
    authorityClient({ url, trustBundle, token: async () => token, clock: host.clock })
  const issued = await issuedCertificates({ identity, sign: by('token-of-cart') }, host)
  assert.equal(issued.current().identity, identity.uri)
  await assert.rejects(by('another')('csr'), /the authority answered 401: the token is not valid here/)
  await host.close()
})

test('serve answers over HTTPS with a certificate of its own until it is asked to end', async () => {
  await outrigger('init', '--trust-domain', 'example.org')
  await writeFile(join(folder, 'tokens'), 'the-token-of-checkout shop/checkout\n')
  const serving = await served({ listen: '127.0.0.1:0', 'token-file': 'tokens' })
  const { port } = serving
  const ca = await readFile(join(folder, 'ca/root.pem'), 'utf8')
  const bundle = await new Promise<string>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: '/v1/bundle', ca, agent: false }, response => {
      response.setEncoding('utf8').once('data', resolve)
    })
    sent.on('error', reject).end()
  })
  assert.equal(bundle, ca)
  assert.equal(await serving.end(), 0)
})
