// Every method by which we log in, at a real server: the token it gives is used, renewed and replaced.
import assert from 'node:assert/strict'
import { createSign, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { TlsConfig } from '../../src/backends/http/tls-files.ts'
import type { LoginConfig } from '../../src/backends/vault/auth/config.ts'
import { systemClock } from '../../src/kernel/clock/system.ts'
import { Secret } from '../../src/kernel/config/secret.ts'
import { fakeHost } from '../../src/kernel/host-fake.ts'
import { openVaultSource } from '../../src/modules/secrets/sources/vault/source.ts'
import { Authority } from '../fakes/certificates.ts'
import { freePort } from '../fakes/free-port.ts'
import { type OpenBao, startOpenBao } from '../fakes/openbao.ts'
import { missing } from '../fakes/programs.ts'

const skip = missing('bao')
const TOKEN = { token_ttl: '60s', token_max_ttl: '120s', token_policies: ['app'] }
const SECRET_ID_PATH = 'auth/approle/role/app/secret-id'

async function server(
  t: TestContext,
  args: readonly string[] = [],
): Promise<{ bao: OpenBao; file(name: string, text: string): Promise<string> }> {
  const bao = await startOpenBao({ args })
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-vault-auth-'))
  t.after(async () => {
    await bao.kill()
    await rm(folder, { recursive: true, force: true })
  })
  await bao.request('PUT', 'sys/policies/acl/app', {
    policy: 'path "secret/data/app" { capabilities = ["read"] }',
  })
  await bao.request('PUT', 'secret/data/app', { data: { password: 'of-the-app' } })
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }
  return { bao, file }
}

async function open(
  t: TestContext,
  bao: Pick<OpenBao, 'url'>,
  auth: LoginConfig,
  namespace?: string,
  tls?: TlsConfig,
) {
  const host = fakeHost({ clock: systemClock() })
  t.after(() => host.close())
  return await openVaultSource(
    {
      address: bao.url,
      ...(namespace !== undefined && { namespace }),
      ...(tls !== undefined && { tls }),
      auth,
      timeoutMs: 20_000,
      loginBackoff: { minMs: 100, maxMs: 1000 },
      limit: { requestsPerSecond: 1000, burst: 1000, connections: 4 },
    },
    {
      ...host,
      name: 'vault',
      key: 'vault',
      random: Math.random,
      bases: new Map(),
      measure: { login: () => {} },
    },
  )
}

const signal = () => AbortSignal.timeout(20_000)

type Prepare = (bao: OpenBao, file: (name: string, text: string) => Promise<string>) => Promise<LoginConfig>

const methods: Readonly<Record<string, Prepare>> = {
  approle: async (bao, file) => {
    const roleId = await approle(bao)
    const { data } = await bao.request('PUT', SECRET_ID_PATH, {})
    const secretIdFile = await file('secret', data.secret_id)
    return { kind: 'approle', config: { roleId, secretIdFile, removeSecretIdFile: true, mount: 'approle' } }
  },
  'approle with a wrapped secret id': async (bao, file) => {
    const roleId = await approle(bao)
    const { wrap_info } = await bao.request('PUT', SECRET_ID_PATH, {}, { 'x-vault-wrap-ttl': '60s' })
    const config = {
      roleId,
      secretIdFile: await file('secret', wrap_info.token),
      removeSecretIdFile: true,
      wrappingPath: SECRET_ID_PATH,
      mount: 'approle',
    }
    return { kind: 'approle', config }
  },
  userpass: async (bao, file) => {
    await bao.request('PUT', 'sys/auth/people', { type: 'userpass' })
    await bao.request('PUT', 'auth/people/users/joe', { password: 'of joe', ...TOKEN })
    const config = {
      username: 'joe',
      passwordFile: await file('password', 'of joe'),
      removePasswordFile: true,
      followLinks: false,
      mount: 'people',
    }
    return { kind: 'userpass', config }
  },
  jwt: async (bao, file) => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    await bao.request('PUT', 'sys/auth/jwt', { type: 'jwt' })
    await bao.request('PUT', 'auth/jwt/config', {
      jwt_validation_pubkeys: [publicKey.export({ type: 'spki', format: 'pem' })],
    })
    await bao.request('PUT', 'auth/jwt/role/app', {
      role_type: 'jwt',
      user_claim: 'sub',
      bound_audiences: ['vault'],
      ...TOKEN,
    })
    const now = Math.floor(Date.now() / 1000)
    const parts = [
      { alg: 'RS256', typ: 'JWT' },
      { sub: 'app', aud: 'vault', iat: now, nbf: now - 60, exp: now + 600 },
    ].map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    const signature = createSign('sha256').update(parts.join('.')).sign(privateKey, 'base64url')
    const path = await file('jwt', [...parts, signature].join('.'))
    return {
      kind: 'jwt',
      config: { role: 'app', file: path, removeFile: false, followLinks: false, mount: 'jwt' },
    }
  },
  tokenFile: async (bao, file) => {
    const { auth } = await bao.request('PUT', 'auth/token/create', { policies: ['app'], ttl: '60s' })
    return { kind: 'tokenFile', config: { path: await file('token', `${auth.client_token}\n`) } }
  },
  'a batch token': async bao => {
    const { auth } = await bao.request('PUT', 'auth/token/create', {
      policies: ['app'],
      ttl: '60s',
      type: 'batch',
    })
    return { kind: 'token', config: { token: new Secret(auth.client_token) } }
  },
}

async function approle(bao: OpenBao): Promise<string> {
  await bao.request('PUT', 'sys/auth/approle', { type: 'approle' })
  await bao.request('PUT', 'auth/approle/role/app', TOKEN)
  return (await bao.request('GET', 'auth/approle/role/app/role-id')).data.role_id
}

for (const [name, prepare] of Object.entries(methods))
  test(`${name}: the login gives a token that reads what it may, and no more`, { skip }, async t => {
    const { bao, file } = await server(t)
    const source = await open(t, bao, await prepare(bao, file))
    const value = await source.fetch({ path: 'secret/app' }, signal())
    assert.equal(value.data.get('password'), 'of-the-app')
    // A token that is given has lived for a moment already.
    const ttlMs = source.server.login.held!.ttlMs
    assert.ok(ttlMs > 30_000 && ttlMs <= 60_000, `${ttlMs}`)
    await assert.rejects(source.fetch({ path: 'secret/other' }, signal()), { reason: 'forbidden' })
    assert.equal(source.server.login.problem, undefined)
  })

test('a token that was revoked is replaced by the next request, which does not notice', { skip }, async t => {
  const { bao, file } = await server(t)
  const source = await open(t, bao, await methods['userpass']!(bao, file))
  await source.fetch({ path: 'secret/app' }, signal())
  const { token } = source.server.login.held!
  await bao.request('PUT', 'auth/token/revoke', { token })
  const value = await source.fetch({ path: 'secret/app' }, signal())
  assert.equal(value.data.get('password'), 'of-the-app')
  assert.notEqual(source.server.login.held?.token, token)
})

test('a namespace has its own methods and secrets', { skip }, async t => {
  const { bao, file } = await server(t)
  await bao.request('PUT', 'sys/namespaces/team', {})
  const inTeam = { 'x-vault-namespace': 'team' }
  const request: OpenBao['request'] = (method, path, body) => bao.request(method, path, body, inTeam)
  await request('PUT', 'sys/mounts/secret', { type: 'kv', options: { version: '2' } })
  await request('PUT', 'sys/policies/acl/app', {
    policy: 'path "secret/data/app" { capabilities = ["read"] }',
  })
  const source = await open(t, bao, await methods['userpass']!({ ...bao, request }, file), 'team')
  const write = () => request('PUT', 'secret/data/app', { data: { password: 'of-the-team' } })
  // A new engine of version 2 needs a moment to be ready.
  for (let tries = 0; ; tries++) {
    const error = await write().then(
      () => undefined,
      (error: unknown) => error,
    )
    if (error === undefined) break
    if (tries === 200) throw error
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  const value = await source.fetch({ path: 'secret/app' }, signal())
  assert.equal(value.data.get('password'), 'of-the-team')
})

/** Another listener of the same server, with TLS; it asks for a certificate, and takes it when there is none. */
async function tlsListener(folder: string, authority: Authority) {
  const port = await freePort()
  const { cert, key } = authority.issue('bao', ['127.0.0.1'])
  await writeFile(join(folder, 'bao.crt'), cert)
  await writeFile(join(folder, 'bao.key'), key)
  await writeFile(
    join(folder, 'bao.hcl'),
    `listener "tcp" {
  address       = "127.0.0.1:${port}"
  tls_cert_file = "${folder}/bao.crt"
  tls_key_file  = "${folder}/bao.key"
}
`,
  )
  return { url: `https://127.0.0.1:${port}`, args: [`-config=${folder}/bao.hcl`] }
}

test('cert: the certificate of the connection gives a token; another authority’s gives none', {
  skip,
}, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-vault-cert-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const authority = new Authority('the authority')
  const { url, args } = await tlsListener(folder, authority)
  const { bao } = await server(t, args)
  await bao.request('PUT', 'sys/auth/cert', { type: 'cert' })
  await bao.request('PUT', 'auth/cert/certs/app', {
    certificate: authority.cert,
    allowed_common_names: ['app'],
    ...TOKEN,
  })
  await writeFile(join(folder, 'ca.crt'), authority.cert)
  const tlsOf = async (issuer: Authority, name: string) => {
    const { cert, key } = issuer.issue(name)
    await writeFile(join(folder, 'client.crt'), cert)
    await writeFile(join(folder, 'client.key'), key)
    const [ca, crt, pem] = ['ca.crt', 'client.crt', 'client.key'].map(file => join(folder, file))
    return { verify: true, ca: ca!, cert: crt!, key: pem! }
  }
  const openAs = async (issuer: Authority, name: string) =>
    open(
      t,
      { ...bao, url },
      { kind: 'cert', config: { role: 'app', mount: 'cert' } },
      undefined,
      await tlsOf(issuer, name),
    )
  const source = await openAs(authority, 'app')
  assert.equal((await source.fetch({ path: 'secret/app' }, signal())).data.get('password'), 'of-the-app')
  assert.ok(source.server.login.held!.ttlMs > 30_000)
  for (const [issuer, name] of [
    [new Authority('a stranger'), 'app'],
    [authority, 'other'],
  ] as const) {
    const refused = await openAs(issuer, name)
    await assert.rejects(
      refused.fetch({ path: 'secret/app' }, signal()),
      /invalid certificate|no chain matching/,
    )
    assert.equal(refused.server.login.held, undefined)
  }
})
