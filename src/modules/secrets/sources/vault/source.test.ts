import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Refusal } from '../../../../../test/fakes/vault/answers.ts'
import { startFakeVault, type VaultFault } from '../../../../../test/fakes/vault/server.ts'
import type { TokenSpec } from '../../../../../test/fakes/vault/tokens.ts'
import { turn } from '../../../../../test/fakes/vault/turning.ts'
import { Secret } from '../../../../kernel/config/secret.ts'
import { fakeHost } from '../../../../kernel/host-fake.ts'
import { Secrets } from '../../secret/secrets.ts'
import { type FailureReason, SourceFailure } from '../source.ts'
import { openVaultSource } from './source.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const MARK = 'marked-value'

async function world(
  t: TestContext,
  given: { token?: TokenSpec; namespace?: string; perSecond?: number } = {},
) {
  const host = fakeHost()
  const vault = await startFakeVault(host.clock)
  t.after(async () => {
    await host.close()
    await vault.close()
  })
  const { state } = vault
  state.logins.user('joe', 'password', { policies: ['root'], ttl: 3600, ...given.token })
  const source = await openVaultSource(
    {
      address: vault.url,
      ...(given.namespace !== undefined && { namespace: given.namespace }),
      auth: {
        kind: 'userpass',
        config: {
          username: 'joe',
          password: new Secret('password'),
          mount: 'userpass',
          removePasswordFile: false,
          followLinks: false,
        },
      },
      timeoutMs: 60_000,
      loginBackoff: { minMs: SECOND, maxMs: 5 * MINUTE },
      limit: { requestsPerSecond: given.perSecond ?? 20, burst: 100, connections: 4 },
    },
    {
      ...host,
      name: 'vault',
      key: 'secrets.sources[0].vault',
      random: () => 0.5,
      bases: new Map(),
      measure: { login: () => {} },
    },
  )
  let random = 1
  const secrets = new Secrets({
    clock: host.clock,
    random: () => (random = (random * 16807) % 2147483647) / 2147483647,
    signal: host.signal,
    intervalMs: 5 * MINUTE,
    threshold: 0.9,
    maxSecrets: 1000,
    maxRequests: 8,
    onOutcome: () => {},
  })
  host.scope.use(secrets)
  const pass = (ms: number) => turn(host.clock, ms, vault)
  await pass(1)
  const { signal } = new AbortController()
  /** An operation whose pauses are those of the fake clock. */
  const done = async <T>(operation: Promise<T>): Promise<T> => {
    let isOver = false
    operation.then(
      () => (isOver = true),
      () => (isOver = true),
    )
    for (let tries = 0; tries < 200 && !isOver; tries++) await pass(SECOND)
    return operation
  }
  const fetch = (path: string, version?: number) =>
    done(source.fetch({ path, ...(version !== undefined && { version }) }, signal))
  const failure = async (operation: Promise<unknown>): Promise<SourceFailure> => {
    const error = await operation.then(
      () => undefined,
      (error: unknown) => error,
    )
    assert.ok(error instanceof SourceFailure, String(error))
    return error
  }
  return { host, vault, state, source, secrets, pass, done, fetch, failure, signal }
}

test('a secret of KV version 2 is found without data/ in its path, by the mount that is asked for once', async t => {
  const { state, vault, fetch } = await world(t)
  state.kv().put('app/db', { password: MARK, port: 5432 })
  state.kv().put('app/db', { password: `${MARK}-2` })
  const value = await fetch('secret/app/db')
  assert.equal(value.data.get('password'), `${MARK}-2`)
  assert.equal(value.version, '2')
  assert.deepEqual([...value.document.keys()], ['data', 'metadata'])
  assert.equal((await fetch('secret/data/app/db', 1)).data.get('password'), MARK)
  assert.equal((await fetch('secret/app/db?version=1')).data.get('password'), MARK)
  assert.equal(vault.counts.get('mounts'), 1)
})

test('names are listed, folders with their slash; of nothing there are none', async t => {
  const { state, source, done, signal } = await world(t)
  for (const path of ['app/db', 'app/more/a', 'other']) state.kv().put(path, {})
  assert.deepEqual(await done(source.list('secret/app', signal)), ['db', 'more/'])
  assert.deepEqual(await done(source.list('secret/', signal)), ['app/', 'other'])
  assert.deepEqual(await done(source.list('secret/nothing', signal)), [])
})

test('a namespace sees its own secrets only', async t => {
  const { state, fetch, vault, pass } = await world(t, { namespace: 'team-a' })
  state.kv('team-a').put('app', { password: 'of the team' })
  state.kv().put('app', { password: 'of all' })
  // The first login was for a namespace that was not there yet.
  state.namespaces.add('team-a')
  await pass(10 * SECOND)
  assert.equal((await fetch('secret/app')).data.get('password'), 'of the team')
  assert.equal(vault.lastHeaders['x-vault-namespace'], 'team-a')
})

const REFUSALS: readonly [path: string, reason: FailureReason, message: RegExp, version?: number][] = [
  ['secret/nothing', 'missing', /secret\/data\/nothing.*404.*no such secret/],
  ['secret/gone', 'missing', /secret\/data\/gone.*this version was deleted at 2026/],
  ['secret/destroyed', 'missing', /was destroyed and cannot come back/],
  ['secret/app', 'missing', /404/, 9],
  ['nowhere/app', 'missing', /no handler for route.*nothing is mounted there/],
  ['database/creds/nobody', 'invalid', /unknown role: nobody/],
]

for (const [path, reason, message, version] of REFUSALS)
  test(`${path}${version ?? ''} is ${reason}, in words that help`, async t => {
    const { state, fetch, failure } = await world(t)
    state.kv().put('app', { password: MARK })
    for (const name of ['gone', 'destroyed']) state.kv().put(name, { password: MARK })
    const write = (method: 'DELETE' | 'PUT', at: string, versions: readonly number[]) =>
      state.kv().answer(method, at, new URLSearchParams(), { versions })
    write('DELETE', 'data/gone', [])
    write('PUT', 'destroy/destroyed', [1])
    const error = await failure(fetch(path, version))
    assert.equal(error.reason, reason, error.message)
    assert.match(error.message, message)
    assert.doesNotMatch(error.message, new RegExp(MARK))
  })

test('a path that the policies do not allow is told with the policy that would; nobody logs in for it', async t => {
  const { state, vault, fetch, failure } = await world(t, { token: { policies: ['default', 'app'] } })
  state.policies.set('app', { 'secret/data/app/*': ['read'] })
  const error = await failure(fetch('secret/other'))
  assert.equal(error.reason, 'forbidden')
  assert.match(error.message, /path "secret\/data\/other" \{ capabilities = \["read"\] \}/)
  assert.equal(vault.counts.get('login'), 1)
})

test('where mounts may not be asked for, a path of KV version 2 is explained', async t => {
  const { state, fetch, failure, vault } = await world(t)
  state.kv().put('app', { password: MARK })
  vault.fail('mounts', { kind: 'refuse', refusal: new Refusal(403, ['permission denied']) }, 9)
  const error = await failure(fetch('secret/app'))
  assert.equal(error.reason, 'missing')
  assert.match(error.message, /KV version 2.*data\/ behind the mount/)
})

const FAULTS: Readonly<Record<string, readonly [VaultFault, FailureReason, RegExp]>> = {
  'an error': [
    { kind: 'status', status: 500, body: '{"errors":["internal"]}' },
    'unavailable',
    /internal \(500\)/,
  ],
  'a reset': [{ kind: 'reset' }, 'unavailable', /closed the connection/],
  'a cut answer': [{ kind: 'cut' }, 'unavailable', /closed the connection/],
  'an endless answer': [{ kind: 'endless' }, 'unavailable', /larger|too|longer|MiB|bytes/],
  'no answer': [{ kind: 'hang' }, 'unavailable', /60000 ms/],
  'a page': [{ kind: 'text', body: '<html>' }, 'unavailable', /does not answer as a Vault does/],
  'a tower': [{ kind: 'text', body: '['.repeat(300_000) }, 'unavailable', /does not answer as a Vault does/],
  'a standby that lags': [
    { kind: 'status', status: 412, body: '{"errors":["required index"]}' },
    'unavailable',
    /412/,
  ],
  'a replica': [{ kind: 'status', status: 473, body: '' }, 'unavailable', /473/],
}

for (const [name, [fault, reason, message]] of Object.entries(FAULTS))
  test(`${name} is ${reason} and asked for again by others, not by the source`, async t => {
    const { state, fetch, failure, vault } = await world(t)
    state.kv().put('app', { password: MARK })
    await fetch('secret/app')
    vault.forget()
    vault.fail('read', fault, 9)
    const error = await failure(fetch('secret/app'))
    assert.equal(error.reason, reason)
    assert.match(error.message, message)
    assert.doesNotMatch(error.message, new RegExp(MARK))
    // A connection that broke before anything came is tried once more, on a new one.
    assert.ok(vault.counts.get('read')! <= 2)
  })

test('a quota says when to come back', async t => {
  const { state, fetch, failure, vault } = await world(t)
  state.kv().put('app', {})
  await fetch('secret/app')
  const refusal = new Refusal(429, ['rate limit quota exceeded'], { headers: { 'retry-after': '17' } })
  vault.fail('read', { kind: 'refuse', refusal })
  const error = await failure(fetch('secret/app'))
  assert.deepEqual([error.reason, error.retryAfterMs], ['unavailable', 17_000])
})

test('a sealed server is told as such, and everything goes on once it is unsealed', async t => {
  const { state, secrets, source, pass, fetch, failure } = await world(t)
  state.database.role('app', { ttl: 3600, maxTtl: 0 })
  const { secret } = secrets.want('vault', source, { path: 'database/creds/app' }, () => {})
  await pass(MINUTE)
  const before = secret.value
  state.isSealed = true
  const error = await failure(fetch('secret/app'))
  assert.deepEqual([error.reason, /sealed; it answers again/.test(error.message)], ['sealed', true])
  await pass(50 * MINUTE)
  assert.equal(secret.state, 'fresh')
  state.isSealed = false
  await pass(10 * MINUTE)
  assert.equal(secret.value, before)
  assert.equal(state.leases.lost, 0)
})

test('a database password of a static role is fetched a second after its rotation', async t => {
  const { state, secrets, source, pass } = await world(t)
  state.database.staticRole('app', 60)
  const { secret } = secrets.want('vault', source, { path: 'database/static-creds/app' }, () => {})
  await pass(5 * SECOND)
  const first = secret.value!.data.get('password')
  await pass(50 * SECOND)
  assert.equal(secret.value!.data.get('password'), first)
  await pass(8 * SECOND)
  assert.notEqual(secret.value!.data.get('password'), first)
})

test('a lease is renewed to its greatest time and replaced before; it is revoked when asked to', async t => {
  const { state, secrets, source, pass, done, signal, vault } = await world(t)
  state.database.role('app', { ttl: 600, maxTtl: 1800 })
  const { secret } = secrets.want('vault', source, { path: 'database/creds/app' }, () => {})
  for (let minute = 0; minute < 240; minute++) {
    await pass(MINUTE)
    assert.ok(state.leases.find(secret.lease!.id), 'what is held is there')
  }
  assert.ok(vault.counts.get('lease renew')! < 60, `${vault.counts.get('lease renew')} renewals`)
  await done(source.revoke(secret.lease!, signal))
  assert.equal(state.leases.find(secret.lease!.id), undefined)
})

test('a token that comes to its greatest time takes its leases with it: they are replaced before, while they are good', async t => {
  const { state, secrets, source, pass } = await world(t, { token: { ttl: 1200, maxTtl: 3600 } })
  state.database.role('app', { ttl: 86_400, maxTtl: 0 })
  const wanted = Array.from({ length: 20 }, (_, n) =>
    secrets.want('vault', source, { path: 'database/creds/app', version: n }, () => {}),
  )
  await pass(MINUTE)
  for (let minute = 0; minute < 300; minute++) {
    await pass(MINUTE)
    for (const { secret } of wanted) assert.ok(state.leases.find(secret.lease!.id), `minute ${minute}`)
  }
})

test('one hour’s outage under 200 leases: none is lost, and no storm follows', async t => {
  const { state, vault, secrets, source, pass } = await world(t, { token: { ttl: 8 * 3600 } })
  state.database.role('app', { ttl: 4 * 3600, maxTtl: 0 })
  const wanted = Array.from({ length: 200 }, (_, n) =>
    secrets.want('vault', source, { path: 'database/creds/app', version: n }, () => {}),
  )
  await pass(2 * HOUR)
  const values = wanted.map(({ secret }) => secret.value)
  assert.ok(values.every(value => value !== undefined))
  vault.isAway = true
  await pass(HOUR)
  vault.forget()
  vault.isAway = false
  await pass(HOUR)
  assert.deepEqual(
    wanted.map(({ secret }) => secret.value),
    values,
  )
  assert.deepEqual(
    [state.leases.lost, vault.counts.get('read') ?? 0, vault.counts.get('login') ?? 0],
    [0, 0, 0],
  )
  assert.ok(vault.total <= 420, `${vault.total} requests afterwards`)
  t.diagnostic(
    `200 leases, one hour away: ${vault.total} requests in the hour afterwards, ${state.leases.lost} leases lost`,
  )
})

test('a clock that differs from the server’s is named', async t => {
  const { host, fetch, failure, vault } = await world(t)
  await fetch('secret/app').catch(() => {})
  vault.fail('read', {
    kind: 'status',
    status: 400,
    headers: { date: new Date(host.clock.now() - 3 * HOUR).toUTCString() },
    body: '{"errors":["token not valid yet"]}',
  })
  assert.match((await failure(fetch('secret/app'))).message, /its clock is 1\d{4} s behind ours/)
})
