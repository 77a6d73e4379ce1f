import assert from 'node:assert/strict'
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startFakeVault } from '../../../../test/fakes/vault/server.ts'
import { systemClock } from '../../../kernel/clock/system.ts'
import { fakeHost } from '../../../kernel/host-fake.ts'
import { VaultClient } from '../client.ts'
import { approleMethod } from './approle.ts'
import { jwtMethod } from './jwt.ts'
import { kubernetesMethod } from './kubernetes.ts'
import { tokenFileMethod } from './token.ts'
import { userpassMethod } from './userpass.ts'

const WRAPPING_PATH = 'auth/approle/role/app/secret-id'

async function world(t: TestContext) {
  const host = fakeHost({ clock: systemClock() })
  const vault = await startFakeVault(host.clock)
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-vault-auth-'))
  t.after(async () => {
    await host.close()
    await vault.close()
    await rm(folder, { recursive: true, force: true })
  })
  const client = new VaultClient(
    {
      address: vault.url,
      namespace: undefined,
      tls: undefined,
      timeoutMs: 10_000,
      maxConnections: 4,
      limit: { requestsPerSecond: 1000, burst: 1000 },
      key: 'vault',
    },
    host,
  )
  const file = (name: string) => join(folder, name)
  const isThere = (name: string) =>
    access(file(name)).then(
      () => true,
      () => false,
    )
  const { signal } = new AbortController()
  const wrapped = async () => {
    const answer = await client.request(
      { method: 'PUT', path: WRAPPING_PATH, token: vault.state.root.id, wrapTtl: '60s' },
      signal,
    )
    return (answer.get('wrap_info') as ReadonlyMap<string, string>).get('token')!
  }
  return { vault, client, file, isThere, signal, wrapped }
}

test('approle: a secret id is removed once it was read, and serves later logins until another one is put there', async t => {
  const { vault, client, file, isThere, signal } = await world(t)
  const role = vault.state.logins.role('app', { ttl: 60 })
  await writeFile(file('role'), `${role.roleId}\n`)
  await writeFile(file('secret'), role.secretId())
  const method = approleMethod({
    roleIdFile: file('role'),
    secretIdFile: file('secret'),
    removeSecretIdFile: true,
    mount: 'approle',
  })
  assert.equal((await method.login(client, signal)).ttlMs, 60_000)
  assert.equal(await isThere('secret'), false)
  assert.ok(await method.login(client, signal))
  await writeFile(file('secret'), 'another')
  await assert.rejects(method.login(client, signal), /invalid role or secret ID/)
})

test('approle: a wrapped secret id is opened once and kept, also when the login after it fails', async t => {
  const { vault, client, file, isThere, signal, wrapped } = await world(t)
  const { roleId } = vault.state.logins.role('app', { ttl: 60 })
  await writeFile(file('secret'), await wrapped())
  const method = approleMethod({
    roleId,
    secretIdFile: file('secret'),
    removeSecretIdFile: true,
    wrappingPath: WRAPPING_PATH,
    mount: 'approle',
  })
  vault.fail('login', { kind: 'reset' }, 1)
  await assert.rejects(method.login(client, signal))
  assert.equal(await isThere('secret'), false)
  assert.ok(await method.login(client, signal))
  assert.equal(vault.seen.filter(each => each === 'PUT sys/wrapping/unwrap').length, 1)
})

test('approle: a wrapping token that somebody else made, or has opened, is refused with a warning', async t => {
  const { vault, client, file, isThere, signal, wrapped } = await world(t)
  const { roleId } = vault.state.logins.role('app', { ttl: 60 })
  const method = (wrappingPath: string) =>
    approleMethod({
      roleId,
      secretIdFile: file('secret'),
      removeSecretIdFile: true,
      wrappingPath,
      mount: 'approle',
    })
  await writeFile(file('secret'), await wrapped())
  await assert.rejects(
    method('auth/approle/role/other/secret-id').login(client, signal),
    /somebody may have put it there/,
  )
  assert.equal(await isThere('secret'), true)
  const token = await wrapped()
  await client.request({ method: 'PUT', path: 'sys/wrapping/unwrap', token }, signal)
  await writeFile(file('secret'), token)
  await assert.rejects(method(WRAPPING_PATH).login(client, signal), /opened already.*somebody else/)
})

test('jwt: the file is removed after a login that worked, and only then', async t => {
  const { vault, client, file, isThere, signal } = await world(t)
  vault.state.logins.bearer('jwt', 'app', 'a.b.c', { ttl: 60 })
  await writeFile(file('jwt'), 'wrong')
  const method = jwtMethod({
    role: 'app',
    file: file('jwt'),
    removeFile: true,
    followLinks: false,
    mount: 'jwt',
  })
  await assert.rejects(method.login(client, signal), /permission denied \(403\): .*option mount/)
  assert.equal(await isThere('jwt'), true)
  await writeFile(file('jwt'), 'a.b.c')
  await method.login(client, signal)
  assert.equal(await isThere('jwt'), false)
  await assert.rejects(method.login(client, signal), /auth\.jwt\.file .*there is no such file/)
})

test('userpass: a file that is to be removed is removed after a login that worked, and its password kept', async t => {
  const { vault, client, file, isThere, signal } = await world(t)
  vault.state.logins.user('joe', 'good', { ttl: 60 })
  await writeFile(file('password'), 'wrong')
  const method = userpassMethod({
    username: 'joe',
    passwordFile: file('password'),
    removePasswordFile: true,
    followLinks: false,
    mount: 'userpass',
  })
  await assert.rejects(method.login(client, signal), /invalid username or password/)
  assert.equal(await isThere('password'), true)
  await writeFile(file('password'), 'good\n')
  await method.login(client, signal)
  assert.equal(await isThere('password'), false)
  await method.login(client, signal)
})

test('kubernetes: the token of the service account is read anew for every login', async t => {
  const { vault, client, file, signal } = await world(t)
  const method = kubernetesMethod({ role: 'app', tokenFile: file('token'), mount: 'kubernetes' })
  for (const jwt of ['first.a.b', 'second.a.b']) {
    vault.state.logins.bearer('kubernetes', 'app', jwt, { ttl: 60 })
    await writeFile(file('token'), jwt)
    assert.ok((await method.login(client, signal)).renewable)
  }
})

test('tokenFile: the token is asked for what it is; one that is not known, or no token at all, is told', async t => {
  const { vault, client, file, signal } = await world(t)
  const method = tokenFileMethod({ path: file('token') })
  await assert.rejects(method.login(client, signal), /auth\.tokenFile\.path .*there is no such file/)
  await writeFile(file('token'), ' \n')
  await assert.rejects(method.login(client, signal), /is empty/)
  await writeFile(file('token'), 's.nobodyKnowsThisOne')
  await assert.rejects(method.login(client, signal), /permission denied/)
  await writeFile(file('token'), 'two\nlines')
  await assert.rejects(method.login(client, signal), /does not hold one line/)
  await writeFile(file('token'), vault.state.tokens.create({ ttl: 60, uses: 3 }).id)
  assert.equal((await method.login(client, signal)).uses, 2)
})
