import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { systemClock } from '../../../kernel/clock/system.ts'
import { type FakeHost, fakeHost } from '../../../kernel/host-fake.ts'
import { JsonNumber } from '../../../wire/json/lossless.ts'
import { apiDeliveryConfig, checkApiDelivery } from '../deliveries/api/config.ts'
import { FakeSource } from '../secret/source-fake.ts'
import { SecretValue } from '../secret/value.ts'
import type { FailureReason, SecretSource } from '../sources/source.ts'
import { StoreSource } from '../sources/store/source.ts'
import { generateKey } from '../store/key-sources.ts'
import { SecretStore } from '../store/store.ts'
import { openSecretsApi } from './api.ts'

const marked = 'PLANTED-VALUE-2210'
let folder = ''
let host: FakeHost<ReturnType<typeof systemClock>>
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-api-'))
  host = fakeHost({ name: 'secrets', clock: systemClock() })
})
afterEach(async () => {
  await host.close()
  await rm(folder, { recursive: true, maxRetries: 9 })
})

function configured(given: Readonly<Record<string, unknown>>) {
  const decoded = apiDeliveryConfig.decode({ listen: '127.0.0.1:0', ...given })
  assert.ok(decoded.ok)
  return decoded.value
}

async function served(
  source: SecretSource,
  given: Readonly<Record<string, unknown>> = { token: 'the-token' },
) {
  const { address } = await openSecretsApi(configured(given), source, host)
  const headers = { 'x-vault-token': 'the-token' }
  return async (method: string, path: string, more: Readonly<Record<string, string>> = {}, body?: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>()
    const where = 'path' in address ? { socketPath: address.path } : { host: '127.0.0.1', port: address.port }
    const sent = request(
      { ...where, method, path, headers: { ...headers, ...more }, agent: false },
      answer => {
        let text = ''
        answer.setEncoding('utf8').on('data', chunk => (text += chunk))
        answer.on('end', () => resolve({ status: answer.statusCode!, body: text }))
      },
    )
    sent.on('error', reject)
    sent.end(body)
    return promise
  }
}

async function storeSource() {
  const key = { kind: 'variable', name: 'KEY', value: generateKey() } as const
  const store = new SecretStore({ path: join(folder, 'store'), key, maxBytes: 2 ** 20, clock: host.clock })
  await store.create()
  await store.update(content => content.put('app/db', new Map([['password', marked]]), 1000))
  return new StoreSource(store, 'secret', Date.now)
}

const path = '/v1/secret/data/app/db'

const guards: [string, Record<string, unknown>, Record<string, string>, number, RegExp][] = [
  ['no token', {}, { 'x-vault-token': '' }, 403, /permission denied/],
  ['a wrong token', {}, { 'x-vault-token': 'the-tokeN' }, 403, /permission denied/],
  ['a foreign host', {}, { host: 'evil.example' }, 421, /\\"evil\.example\\" is not a name of this listener/],
  ['a host that was added', { hosts: ['vault.local'] }, { host: 'vault.local:8200' }, 200, /PLANTED/],
  ['localhost', {}, { host: 'localhost:8200' }, 200, /PLANTED/],
  ['a page of another site', {}, { origin: 'https://evil.example' }, 403, /permission denied/],
  ['a cross-site fetch', {}, { 'sec-fetch-site': 'cross-site' }, 403, /permission denied/],
  [
    'no header where it is required',
    { requireHeader: true },
    {},
    412,
    /missing \\"X-Vault-Request\\" header/,
  ],
  ['the header where it is required', { requireHeader: true }, { 'x-vault-request': 'true' }, 200, /PLANTED/],
  ['a namespace', {}, { 'x-vault-namespace': 'team-a' }, 404, /no handler for route \\"team-a\/secret/],
  ['a wish to be wrapped', {}, { 'x-vault-wrap-ttl': '60s' }, 400, /response wrapping is not served here/],
  [
    'no token where none is required',
    { token: undefined, requireToken: false },
    { 'x-vault-token': '' },
    200,
    /PLANTED/,
  ],
]
for (const [name, given, headers, status, body] of guards)
  test(`a request with ${name} is answered with ${status}`, async () => {
    const ask = await served(await storeSource(), { token: 'the-token', ...given })
    const answer = await ask('GET', path, headers)
    assert.equal(answer.status, status)
    assert.match(answer.body, body)
    if (status !== 200) assert.doesNotMatch(answer.body, /PLANTED/)
  })

test('the token may come as a bearer token', async () => {
  const { address } = await openSecretsApi(configured({ token: 'the-token' }), await storeSource(), host)
  assert.ok('port' in address)
  const headers = { authorization: 'Bearer the-token' }
  assert.equal((await fetch(`http://127.0.0.1:${address.port}${path}`, { headers })).status, 200)
})

test('without a token of the configuration each start makes one, in a file for its owner alone', async () => {
  const tokenFile = join(folder, 'token')
  const ask = await served(await storeSource(), { tokenFile })
  const token = (await readFile(tokenFile, 'utf8')).trim()
  assert.match(token, /^hvs\.[\w-]{32}$/)
  assert.equal((await stat(tokenFile)).mode & 0o777, 0o600)
  assert.equal((await ask('GET', path)).status, 403)
  assert.equal((await ask('GET', path, { 'x-vault-token': token })).status, 200)
  await served(await storeSource().catch(() => new FakeSource()), { tokenFile })
  assert.notEqual((await readFile(tokenFile, 'utf8')).trim(), token)
})

test('a Unix socket has the mode that it was given', async () => {
  const listen = join(folder, 'api.sock')
  const ask = await served(await storeSource(), { listen, socketMode: '0660', requireToken: false })
  assert.equal((await stat(listen)).mode & 0o777, 0o660)
  assert.equal((await ask('GET', path)).status, 200)
})

test('writes are refused unless they are allowed', async () => {
  const source = await storeSource()
  const ask = await served(source)
  for (const [method, body] of [
    ['POST', '{"data":{"a":1}}'],
    ['DELETE', undefined],
  ] as const)
    assert.equal((await ask(method, path, {}, body)).status, 403)
  assert.equal((await source.store.read()).version('app/db')?.version, 1)
  const writable = await served(source, { token: 'the-token', writable: true })
  assert.equal((await writable('POST', path, {}, '{"data":{"n":12345678901234567890}}')).status, 200)
  assert.match((await writable('GET', path)).body, /"n":12345678901234567890/)
})

test('a write that is refused leaves the file as it is', async () => {
  const source = await storeSource()
  const before = await readFile(join(folder, 'store'))
  const ask = await served(source, { token: 'the-token', writable: true })
  assert.equal((await ask('POST', path, {}, '{"data":{},"options":{"cas":7}}')).status, 400)
  assert.equal(
    (
      await ask(
        'PATCH',
        '/v1/secret/data/nope',
        { 'content-type': 'application/merge-patch+json' },
        '{"data":{}}',
      )
    ).status,
    404,
  )
  assert.deepEqual(await readFile(join(folder, 'store')), before)
})

const bad: [string, string, string | undefined, number, RegExp][] = [
  ['POST', path, '{"data":', 400, /failed to parse JSON input/],
  ['POST', path, `{"data":{"a":"${'x'.repeat(5000)}"}}`, 413, /request body too large/],
  ['GET', '/v1/secret/data/%zz', undefined, 400, /not percent-encoded/],
  ['GET', '/v1/secret/data/a//b', undefined, 400, /empty parts or dots/],
  ['GET', '/v1/secret/data/../x', undefined, 400, /empty parts or dots/],
  ['GET', '/metrics', undefined, 404, /"errors":\[\]/],
  ['GET', '/v1/', undefined, 404, /no handler for route/],
]
for (const [method, target, body, status, expected] of bad)
  test(`${method} ${target} with ${body?.slice(0, 9) ?? 'no body'} is answered with ${status}`, async () => {
    const ask = await served(await storeSource(), { token: 'the-token', writable: true, maxBody: '1KiB' })
    const answer = await ask(method, target, {}, body)
    assert.equal(answer.status, status)
    assert.match(answer.body, expected)
  })

test('any source is read as a KV engine: its values, names and what is missing', async () => {
  const source: SecretSource = new FakeSource()
  source.list = async () => ['db', 'more/']
  const ask = await served(source)
  const read = JSON.parse((await ask('GET', path)).body)
  assert.deepEqual(read.data.data, { password: 'value-1' })
  assert.equal(read.data.metadata.version, 1)
  assert.deepEqual((source as FakeSource).asked, ['fetch app/db'])
  assert.deepEqual(JSON.parse((await ask('LIST', '/v1/secret/metadata/app')).body).data, {
    keys: ['db', 'more/'],
  })
  assert.deepEqual(JSON.parse((await ask('GET', '/v1/secret/subkeys/app/db')).body).data.subkeys, {
    password: null,
  })
  assert.equal((await ask('POST', path, {}, '{"data":{}}')).status, 403)
})

test('values of every kind are JSON', async () => {
  const source = new FakeSource()
  source.fetch = async () =>
    new SecretValue({
      data: new Map<string, unknown>([
        ['text', Buffer.from('héllo')],
        ['bytes', Buffer.from([0xff, 0xfe])],
        ['big', 12345678901234567890n],
        ['number', new JsonNumber('1.50')],
        ['list', [true, null, new Map([['a', 'b']])]],
      ]) as SecretValue['data'],
      timing: { kind: 'static' },
      version: '7',
    })
  const { body } = await (await served(source))('GET', path)
  assert.match(
    body,
    /"data":\{"text":"héllo","bytes":"\/\/4=","big":12345678901234567890,"number":1\.50,"list":\[true,null,\{"a":"b"\}\]\}/,
  )
  assert.match(body, /"version":7/)
})

const failures: [FailureReason, number, RegExp][] = [
  ['missing', 404, /"errors":\[\]/],
  ['forbidden', 403, /permission denied/],
  ['sealed', 503, /Vault is sealed/],
  ['unavailable', 503, /unavailable/],
  ['invalid', 400, /invalid/],
]
for (const [reason, status, body] of failures)
  test(`a source that fails as ${reason} is answered with ${status}`, async () => {
    const source = new FakeSource()
    source.failing = reason
    const answer = await (await served(source))('GET', path)
    assert.equal(answer.status, status)
    assert.match(answer.body, body)
  })

test('health says sealed while the store cannot be opened, and needs no token', async () => {
  const source = await storeSource()
  const ask = await served(source)
  assert.equal((await ask('HEAD', '/v1/sys/health', { 'x-vault-token': '' })).status, 200)
  await rm(join(folder, 'store'))
  assert.equal((await ask('GET', path)).status, 503)
  await assert.rejects(source.fetch({ path: 'app/db' }))
  const health = await ask('GET', '/v1/sys/health', { 'x-vault-token': '' })
  assert.deepEqual([health.status, JSON.parse(health.body).sealed], [503, true])
})

test('requests are counted, and nothing of them is in the log', async () => {
  const ask = await served(await storeSource())
  await ask('GET', path)
  await ask('LIST', '/v1/secret/metadata/', { 'x-vault-token': 'bad' })
  assert.equal(host.metric('api_requests_total', { operation: 'read', status: '200' }), 1)
  assert.equal(host.metric('api_requests_total', { operation: 'list', status: '403' }), 1)
  assert.doesNotMatch(JSON.stringify(host.log), /PLANTED|the-token/)
})

const configs: [Record<string, unknown>, RegExp | undefined][] = [
  [{}, undefined],
  [{ listen: '[::1]:8200' }, undefined],
  [{ listen: '/run/api.sock' }, undefined],
  [{ listen: '0.0.0.0:8200' }, /expected an address of this machine, got 0\.0\.0\.0/],
  [{ token: 'a', tokenFile: '/run/token' }, /not written to a file/],
  [{ token: 'a', requireToken: false }, /no token is required, and one is given/],
]
for (const [given, expected] of configs)
  test(`the options ${JSON.stringify(given)} are ${expected ? 'refused' : 'taken'}`, () => {
    const message = checkApiDelivery(configured(given))[0]?.message
    if (expected === undefined) assert.equal(message, undefined)
    else assert.match(String(message), expected)
  })
