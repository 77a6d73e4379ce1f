import assert from 'node:assert/strict'
import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:https'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { FakeClock } from '../kernel/clock/fake.ts'
import { MemoryLog } from '../kernel/log/memory.ts'
import { encodePem } from '../wire/pem/pem.ts'
import { requestToSign, signedRequest } from '../wire/pkcs10/request.ts'
import { testAuthority } from './authority-fake.ts'
import { parseTokenFile, type TokenGrants } from './grant.ts'
import { startAuthorityServer } from './server.ts'

const TOKEN = 'the-token-of-checkout'

interface Answer {
  readonly status: number
  readonly body: string
}

async function start(grants?: TokenGrants) {
  const clock = new FakeClock(Date.now())
  const log = new MemoryLog()
  const { authority } = await testAuthority('example.org', clock)
  const server = await startAuthorityServer({
    authority,
    clock,
    log,
    grants: grants ?? parseTokenFile(`${TOKEN} shop/checkout`, 'example.org'),
    lifetimeMs: 24 * 3600_000,
    listen: { host: '127.0.0.1', port: 0 },
    names: ['localhost', '127.0.0.1'],
  })
  const { port } = server.address as { port: number }
  const call = (method: string, path: string, body?: string, token?: string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` }
      const options = {
        host: '127.0.0.1',
        port,
        method,
        path,
        headers,
        ca: authority.trustBundle,
        agent: false,
      }
      const sent = request(options, response => {
        let text = ''
        response.setEncoding('utf8').on('data', more => {
          text += more
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
      })
      sent.on('error', reject).end(body)
    })
  const serial = async (): Promise<string> => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const { serialNumber } = socket.getPeerCertificate()
    socket.destroy()
    return serialNumber
  }
  return { clock, log, authority, call, serial, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

function csr(uri = 'spiffe://example.org/ns/shop/sa/checkout'): string {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const toSign = requestToSign({
    publicKey: keys.publicKey.export({ type: 'spki', format: 'der' }),
    uris: [uri],
  })
  const pem = encodePem('CERTIFICATE REQUEST', signedRequest(toSign, sign('sha256', toSign, keys.privateKey)))
  return JSON.stringify({ csr: pem })
}

test('a request with its token gets a certificate, and the issuance is logged without token or key', async () => {
  await using service = await start()
  const { status, body } = await service.call('POST', '/v1/sign', csr(), TOKEN)
  assert.equal(status, 200, body)
  const answer = JSON.parse(body)
  const leaf = new X509Certificate(answer.chain)
  assert.equal(leaf.subjectAltName, 'URI:spiffe://example.org/ns/shop/sa/checkout')
  assert.equal(answer.trustBundle, service.authority.trustBundle)
  assert.equal(Date.parse(answer.expires), leaf.validToDate.getTime())
  const [record] = service.log.of('certificate_issued')
  assert.equal(record?.fields['serial'], leaf.serialNumber.toLowerCase())
  assert.equal(record?.fields['identity'], 'spiffe://example.org/ns/shop/sa/checkout')
  const logged = JSON.stringify(service.log.records)
  assert.ok(!logged.includes(TOKEN) && !logged.includes('BEGIN'))
})

test('the trust bundle is for everybody', async () => {
  await using service = await start()
  assert.deepEqual(await service.call('GET', '/v1/bundle'), {
    status: 200,
    body: service.authority.trustBundle,
  })
})

const refusals: [
  string,
  () => [method: string, path: string, body?: string | undefined, token?: string],
  number,
  RegExp,
][] = [
  ['no token', () => ['POST', '/v1/sign', csr()], 401, /send a token/],
  ['a wrong token', () => ['POST', '/v1/sign', csr(), 'the-token-of-checkouT'], 401, /not valid here/],
  [
    'another identity',
    () => ['POST', '/v1/sign', csr('spiffe://example.org/ns/shop/sa/admin'), TOKEN],
    400,
    /must name/,
  ],
  ['no JSON', () => ['POST', '/v1/sign', 'csr', TOKEN], 400, /must be JSON/],
  ['JSON of another form', () => ['POST', '/v1/sign', '{"csr": 1}', TOKEN], 400, /must be JSON/],
  ['null', () => ['POST', '/v1/sign', 'null', TOKEN], 400, /must be JSON/],
  [
    'too much',
    () => ['POST', '/v1/sign', JSON.stringify({ csr: 'x'.repeat(40_000) }), TOKEN],
    400,
    /32768 bytes/,
  ],
  ['GET to sign', () => ['GET', '/v1/sign', undefined, TOKEN], 405, /use POST/],
  ['POST to the bundle', () => ['POST', '/v1/bundle', ''], 405, /use GET/],
  ['another path', () => ['GET', '/v2/sign'], 404, /there are/],
]
for (const [what, make, status, message] of refusals)
  test(`${what}: ${status}`, async () => {
    await using service = await start()
    const answer = await service.call(...make())
    assert.equal(answer.status, status, answer.body)
    assert.match(JSON.parse(answer.body).error, message)
    assert.deepEqual(service.log.of('certificate_issued'), [])
  })

test('one identity cannot ask without end, and may again later', async () => {
  await using service = await start()
  const statuses: number[] = []
  for (let count = 0; count < 11; count++)
    statuses.push((await service.call('POST', '/v1/sign', csr(), TOKEN)).status)
  assert.deepEqual(statuses, [...Array<number>(10).fill(200), 429])
  service.clock.advance(5000)
  assert.equal((await service.call('POST', '/v1/sign', csr(), TOKEN)).status, 200)
})

test('one address cannot guess without end', async () => {
  await using service = await start()
  let last = 0
  for (let count = 0; count < 61; count++)
    last = (await service.call('POST', '/v1/sign', '', `wrong-${count}`)).status
  assert.equal(last, 429)
})

test('when nobody can say whether a token is good, the caller is told to come again', async () => {
  await using service = await start({ grantOf: () => Promise.reject(new Error('the API server is away')) })
  assert.equal((await service.call('POST', '/v1/sign', csr(), TOKEN)).status, 503)
})

test("the server's own certificate is renewed at half its life", async () => {
  await using service = await start()
  const first = await service.serial()
  service.clock.advance(12 * 3600_000)
  // The new key is made by another thread.
  while ((await service.serial()) === first);
  assert.deepEqual(service.log.of('own_certificate_failed'), [])
})
