/** Credentials that OpenBao makes at a real PostgreSQL: an application that logs in with what the file says is never refused. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { generateKey } from '../../src/modules/secrets/store/key-sources.ts'
import { type OpenBao, startOpenBao } from '../fakes/openbao.ts'
import {
  type Postgres,
  postgresOwner,
  postgresPrograms,
  startPostgres,
  urlTemplate,
} from '../fakes/postgres.ts'
import { missing } from '../fakes/programs.ts'
import { spawnSidecar } from '../fakes/sidecar.ts'
import { startVault } from './vault-agent-process.ts'

const skip = missing('bao') || (postgresPrograms() === undefined && 'not installed: postgresql')
const TTL_SECONDS = 6
const MAX_TTL_SECONDS = 15

interface World {
  readonly bao: OpenBao
  readonly postgres: Postgres
  readonly folder: string
}

/** A server with the database engine at a PostgreSQL: the role `app` (leased), and the static role `shop`. */
async function world(t: TestContext): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-database-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const postgres = await startPostgres()
  t.after(() => postgres.stop())
  const bao = await startOpenBao()
  t.after(() => bao.stop())
  await bao.request('POST', 'sys/mounts/database', { type: 'database' })
  await bao.request('POST', 'database/config/main', {
    plugin_name: 'postgresql-database-plugin',
    connection_url: urlTemplate(postgres),
    username: postgresOwner.user,
    password: postgresOwner.password,
    allowed_roles: ['*'],
  })
  await bao.request('POST', 'database/roles/app', {
    db_name: 'main',
    creation_statements: [
      `CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`,
    ],
    // What has sessions open cannot be dropped; that it gets in no more is what counts.
    revocation_statements: [`ALTER ROLE "{{name}}" NOLOGIN`],
    default_ttl: `${TTL_SECONDS}s`,
    max_ttl: `${MAX_TTL_SECONDS}s`,
  })
  await postgres.run(`CREATE ROLE shop WITH LOGIN PASSWORD 'first'`)
  return { bao, postgres, folder }
}

const source = (bao: OpenBao) => `
    - vault: { address: '${bao.url}', interval: 1s, auth: { token: { token: ${bao.rootToken} } } }`

async function access(
  path: string,
): Promise<{ readonly username: string; readonly password: string } | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : JSON.parse(text)
}

test('an application that logs in with what its file says is never refused, while leases are renewed and replaced', {
  skip,
  timeout: 120_000,
}, async t => {
  const { bao, postgres } = await world(t)
  await using sidecar = await spawnSidecar(`secrets:
  sources: ${source(bao)}
  deliveries: [file: { path: '@FOLDER@/access', secret: database/creds/app }]
`)
  const file = join(sidecar.folder, 'access')
  await sidecar.until('the first access', async () => (await access(file)) !== undefined)
  const users = new Set<string>()
  let logins = 0
  let refused = 0
  const until = Date.now() + 2.2 * MAX_TTL_SECONDS * 1000
  while (Date.now() < until) {
    const { username, password } = (await access(file))!
    users.add(username)
    logins++
    // A login that takes seconds, on a machine that is busy, may be with what the file said before.
    const isIn = await postgres.letsIn(username, password)
    if (!isIn && (await access(file))!.username === username) refused++
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  t.diagnostic(`logins ${logins}, refused ${refused}, users ${users.size}`)
  assert.equal(refused, 0)
  assert.ok(users.size >= 3 && users.size <= 8, `${users.size} users`)
  assert.equal(await sidecar.end(), 0)
})

test('a sidecar that starts anew goes on with the lease of the one before; a lease that somebody revokes is replaced', {
  skip,
  timeout: 120_000,
}, async t => {
  const { bao, postgres, folder } = await world(t)
  await bao.request('POST', 'database/roles/long', {
    db_name: 'main',
    creation_statements: [
      `CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`,
    ],
    revocation_statements: [`ALTER ROLE "{{name}}" NOLOGIN`],
    default_ttl: '20s',
    max_ttl: '1h',
  })
  await writeFile(join(folder, 'key'), generateKey(), { mode: 0o600 })
  const configuration = `secrets:
  sources: ${source(bao)}
  deliveries: [file: { path: '${folder}/access', secret: database/creds/long }]
  lastGood: { keyFile: '${folder}/key' }
`
  const first = await spawnSidecar(configuration, { folder })
  await first.until('the access', async () => (await access(join(folder, 'access'))) !== undefined)
  const before = (await access(join(folder, 'access')))!
  assert.equal(await first.end(), 0)
  await rm(join(folder, 'access'))
  await using second = await spawnSidecar(configuration, { folder })
  await second.until('the access again', async () => (await access(join(folder, 'access'))) !== undefined)
  assert.deepEqual(await access(join(folder, 'access')), before)
  assert.equal((await postgres.run(`select count(*) from pg_roles where rolname like 'v-%'`)).trim(), '1')
  await bao.request('PUT', 'sys/leases/revoke-prefix/database/creds/long')
  await second.until(
    'another user',
    async () => (await access(join(folder, 'access')))!.username !== before.username,
  )
  const after = (await access(join(folder, 'access')))!
  assert.equal(await postgres.letsIn(after.username, after.password), true)
  assert.equal(await postgres.letsIn(before.username, before.password), false)
  await second.end()
})

test('a sidecar as vault agent goes on with the lease of its init container, which it finds in cache.persist', {
  skip,
  timeout: 120_000,
}, async t => {
  const { bao, postgres, folder } = await world(t)
  await bao.request('POST', 'database/roles/long', {
    db_name: 'main',
    creation_statements: [
      `CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`,
    ],
    default_ttl: '10m',
    max_ttl: '1h',
  })
  await bao.request('POST', 'sys/auth/approle', { type: 'approle' })
  await bao.request('PUT', 'sys/policies/acl/app', {
    policy: 'path "database/creds/long" { capabilities = ["read"] }',
  })
  await bao.request('POST', 'auth/approle/role/app', {
    token_policies: 'app',
    token_ttl: '1h',
    bind_secret_id: true,
  })
  const { data: role } = await bao.request('GET', 'auth/approle/role/app/role-id')
  const { data: secret } = await bao.request('POST', 'auth/approle/role/app/secret-id')
  await writeFile(join(folder, 'role-id'), role.role_id)
  await writeFile(join(folder, 'secret-id'), secret.secret_id)
  await writeFile(
    join(folder, 'agent.hcl'),
    `vault { address = "${bao.url}" }
     auto_auth {
       method "approle" {
         config = {
           role_id_file_path = "role-id", secret_id_file_path = "secret-id"
           remove_secret_id_file_after_reading = false
         }
       }
     }
     cache { persist "kubernetes" { path = "kept" } }
     template { contents = "{{ with secret \\"database/creds/long\\" }}{{ .Data.username }}{{ end }}" destination = "user" }`,
  )
  const file = join(folder, 'user')
  const init = await startVault(t, ['agent', '-config=agent.hcl', '-exit-after-auth'], { folder })
  assert.equal(await init.ended(), 0, init.output())
  const user = await readFile(file, 'utf8')
  await rm(file)
  const sidecar = await startVault(t, ['agent', '-config=agent.hcl'], { folder })
  await sidecar.until(/rendered .* => "user"/)
  assert.equal(await readFile(file, 'utf8'), user)
  assert.equal((await postgres.run(`select count(*) from pg_roles where rolname like 'v-%'`)).trim(), '1')
  assert.equal((await stat(join(folder, 'kept/outrigger.key'))).mode & 0o777, 0o600)
  assert.equal(await sidecar.end(), 0)
})

test('a static role is followed through its rotations', { skip, timeout: 120_000 }, async t => {
  const { bao, postgres } = await world(t)
  await bao.request('POST', 'database/static-roles/shop', {
    db_name: 'main',
    username: 'shop',
    rotation_period: '5s',
    rotation_statements: [`ALTER USER "{{name}}" WITH PASSWORD '{{password}}'`],
  })
  await using sidecar = await spawnSidecar(`secrets:
  sources: ${source(bao)}
  deliveries: [file: { path: '@FOLDER@/password', secret: 'database/static-creds/shop#password' }]
`)
  const file = join(sidecar.folder, 'password')
  const passwords = new Set<string>()
  for (let n = 0; n < 3; n++) {
    await sidecar.until(`password ${n + 1}`, async () => {
      const password = await readFile(file, 'utf8').catch(() => '')
      return password !== '' && !passwords.has(password) && (await postgres.letsIn('shop', password))
    })
    passwords.add(await readFile(file, 'utf8'))
  }
  assert.equal(passwords.size, 3)
  assert.equal(await sidecar.end(), 0)
})
