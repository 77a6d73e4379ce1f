// What the engines of a real server give, and until when we hold it to be good.
import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import type { Timing } from '../../src/modules/secrets/secret/value.ts'
import type { SecretSource } from '../../src/modules/secrets/sources/source.ts'
import { type OpenBao, startOpenBao } from '../fakes/openbao.ts'
import { missing } from '../fakes/programs.ts'
import { open } from './secret-sources.ts'

const signal = () => AbortSignal.timeout(20_000)
const seconds = (ms: number) => Math.round(ms / 1000)

describe('engines of a real server', { skip: missing('bao') }, () => {
  let bao: OpenBao
  before(async () => {
    bao = await startOpenBao()
  })
  after(() => bao.kill())

  const source = (t: TestContext): Promise<SecretSource> =>
    open(t, { vault: { address: bao.url, auth: { token: { token: bao.rootToken } } } })

  test('KV of version 1: the path is as it is written, its names are listed, and it is asked for by the interval', async t => {
    await bao.request('POST', 'sys/mounts/old', { type: 'kv', options: { version: '1' } })
    await bao.request('PUT', 'old/team/app', { password: 'planted' })
    const vault = await source(t)
    const { data, document, timing } = await vault.fetch({ path: 'old/team/app' }, signal())
    assert.equal(data.get('password'), 'planted')
    assert.equal(document, data)
    assert.deepEqual(timing, { kind: 'static' })
    assert.deepEqual(await vault.list!('old', signal()), ['team/'])
    await assert.rejects(vault.fetch({ path: 'old/team/other' }, signal()), { reason: 'missing' })
  })

  test('a secret of KV version 1 with a ttl is asked for that often', async t => {
    await bao.request('POST', 'sys/mounts/timed', { type: 'kv', options: { version: '1' } })
    await bao.request('PUT', 'timed/app', { password: 'planted', ttl: '30s' })
    const { timing } = await (await source(t)).fetch({ path: 'timed/app' }, signal())
    assert.deepEqual(timing, { kind: 'static', askAfterMs: 30_000 })
  })

  const issue = new Map([
    ['common_name', 'app.test'],
    ['ttl', '10m'],
  ])
  const leftSeconds = (timing: Timing): number => {
    if (timing.kind === 'leased')
      return seconds(timing.lease.grantedAtMs + timing.lease.durationMs - Date.now())
    return 'atMs' in timing ? seconds(timing.atMs - Date.now()) : Number.POSITIVE_INFINITY
  }
  for (const withLease of [false, true])
    test(`a certificate ${withLease ? 'with' : 'without'} a lease is good for as long as it says`, async t => {
      const mount = `pki-${withLease}`
      await bao.request('POST', `sys/mounts/${mount}`, { type: 'pki' })
      await bao.request('POST', `${mount}/root/generate/internal`, { common_name: 'test', ttl: '24h' })
      await bao.request('POST', `${mount}/roles/app`, {
        allow_any_name: true,
        max_ttl: '1h',
        generate_lease: withLease,
      })
      const vault = await source(t)
      const { data, timing } = await vault.fetch({ path: `${mount}/issue/app`, write: issue }, signal())
      assert.match(String(data.get('certificate')), /BEGIN CERTIFICATE/)
      assert.equal(timing.kind, withLease ? 'leased' : 'expires')
      const left = leftSeconds(timing)
      assert.ok(left > 300 && left <= 601, `${left} s`)
      if (timing.kind !== 'leased') return
      assert.equal(timing.lease.renewable, false)
      await vault.revoke!(timing.lease, signal())
      await assert.rejects(vault.renew!(timing.lease, signal()), { reason: 'lost' })
    })

  test('a wrapped answer is good for as long as its token, which opens it once', async t => {
    await bao.request('PUT', 'secret/data/wrapped', { data: { password: 'planted' } })
    const { wrap_info } = await bao.request('GET', 'secret/data/wrapped', undefined, {
      'x-vault-wrap-ttl': '60s',
    })
    const vault = await source(t)
    const write = new Map([['token', wrap_info.token as string]])
    const { data } = await vault.fetch({ path: 'sys/wrapping/unwrap', write }, signal())
    assert.equal((data.get('data') as ReadonlyMap<string, unknown>).get('password'), 'planted')
    await assert.rejects(vault.fetch({ path: 'sys/wrapping/unwrap', write }, signal()), { reason: 'invalid' })
    const wrapped = await vault.tokens!.wrap('s.of-somebody', 60_000, signal()).catch((error: Error) => error)
    assert.ok(wrapped instanceof Error, 'a token that is none wraps nothing')
    const own = await vault.tokens!.wrap(bao.rootToken, 60_000, signal())
    assert.equal(String(own.get('ttl')), '60')
    const opened = await vault.fetch(
      { path: 'sys/wrapping/unwrap', write: new Map([['token', own.get('token')!]]) },
      signal(),
    )
    assert.equal(opened.data.get('token'), bao.rootToken)
  })

  test('what is encrypted under a key that is derived needs its context', async t => {
    await bao.request('POST', 'sys/mounts/transit', { type: 'transit' })
    await bao.request('POST', 'transit/keys/derived', { derived: true })
    const context = Buffer.from('shop').toString('base64')
    const plaintext = Buffer.from('planted').toString('base64')
    const { data } = await bao.request('POST', 'transit/encrypt/derived', { plaintext, context })
    const vault = await source(t)
    const inner = await open(t, { environment: { prefix: 'APP_' } }, { APP_DB_PASSWORD: data.ciphertext })
    const bases = new Map([
      ['source', vault],
      ['from', inner],
    ])
    const opened = (options: object) =>
      open(t, { transit: { key: 'derived', from: 'environment', ...options } }, {}, bases)
    const value = await (await opened({ context })).fetch({ path: 'db' }, signal())
    assert.equal(value.data.get('password'), 'planted')
    await assert.rejects((await opened({})).fetch({ path: 'db' }, signal()), { reason: 'invalid' })
  })
})
