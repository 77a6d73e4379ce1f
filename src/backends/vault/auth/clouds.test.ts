import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startCloudMetadata } from '../../../../test/fakes/cloud-metadata.ts'
import { startFakeVault } from '../../../../test/fakes/vault/server.ts'
import { systemClock } from '../../../kernel/clock/system.ts'
import { fakeHost } from '../../../kernel/host-fake.ts'
import { VaultClient } from '../client.ts'
import { azureMethod } from './azure.ts'
import { gcpMethod } from './gcp.ts'

async function world(t: TestContext, env: Record<string, string> = {}) {
  const host = fakeHost({ clock: systemClock(), env })
  const vault = await startFakeVault(host.clock)
  const metadata = await startCloudMetadata()
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-clouds-'))
  t.after(async () => {
    await host.close()
    await vault.close()
    await metadata[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
  const limit = { requestsPerSecond: 1000, burst: 1000 }
  const client = new VaultClient(
    {
      address: vault.url,
      namespace: undefined,
      tls: undefined,
      timeoutMs: 10_000,
      maxConnections: 4,
      limit,
      key: 'vault',
    },
    host,
  )
  const { signal } = new AbortController()
  return { host, vault, metadata, client, signal, file: (name: string) => join(folder, name) }
}

const AZURE = { role: 'app', resource: 'https://vault.test', fromEnvironment: false, mount: 'azure' }

test('azure: the identity of the machine, and which machine that is', async t => {
  const { host, vault, metadata, client, signal } = await world(t)
  vault.state.logins.gate('azure', 'app', { ttl: 60 }, body => ({
    jwt: body['jwt'] === metadata.azureToken,
    machine:
      [body['vm_name'], body['resource_group_name'], body['subscription_id'], body['vmss_name']].join() ===
      'vm-1,group-1,subscription-1,',
  }))
  const method = azureMethod({ ...AZURE, clientId: 'client-1', metadataUrl: metadata.url }, host)
  assert.ok((await method.login(client, signal)).renewable)
})

test('azure: an identity that is not there, and a service that is not well, are told with their words', async t => {
  const { host, metadata, client, signal } = await world(t)
  const method = (clientId: string) => azureMethod({ ...AZURE, clientId, metadataUrl: metadata.url }, host)
  await assert.rejects(method('other').login(client, signal), {
    failure: 'invalid',
    message: /^the metadata service of Azure answered 400: .*Identity not found/,
  })
  metadata.fail(500)
  await assert.rejects(method('client-1').login(client, signal), /invalid role name|no such/i)
  assert.deepEqual(
    metadata.asked.slice(-3),
    ['/identity/oauth2/token', '/identity/oauth2/token', '/instance'].map(path => `GET /metadata${path}`),
    'it was asked once more',
  )
})

for (const [name, env] of [
  ['a workload identity', { AZURE_FEDERATED_TOKEN_FILE: '' }],
  ['a service principal', { AZURE_CLIENT_SECRET: 'a secret' }],
] as const)
  test(`azure: ${name} of the environment`, async t => {
    const all: Record<string, string> = { AZURE_TENANT_ID: 'tenant-1', AZURE_CLIENT_ID: 'client-1', ...env }
    const { host, vault, metadata, client, signal, file } = await world(t, all)
    all['AZURE_AUTHORITY_HOST'] = metadata.url
    if ('AZURE_FEDERATED_TOKEN_FILE' in env) {
      all['AZURE_FEDERATED_TOKEN_FILE'] = file('federated')
      await writeFile(file('federated'), 'federated\n')
    }
    vault.state.logins.gate('azure', 'app', { ttl: 60 }, body => ({
      jwt: body['jwt'] === metadata.azureToken,
    }))
    const method = azureMethod({ ...AZURE, fromEnvironment: true, metadataUrl: metadata.url }, host)
    assert.ok((await method.login(client, signal)).renewable)
  })

test('azure: what the environment does not have is named', async t => {
  const { host, metadata, client, signal } = await world(t, {
    AZURE_CLIENT_ID: 'x',
    AZURE_CLIENT_SECRET: 'y',
  })
  const method = azureMethod({ ...AZURE, fromEnvironment: true, metadataUrl: metadata.url }, host)
  await assert.rejects(method.login(client, signal), /the variable AZURE_TENANT_ID is not set/)
})

const GCP = { role: 'app', lifetimeMs: 900_000, mount: 'gcp' }

/** The claims of a token that this key has signed. */
function claims(jwt: unknown, key: KeyObject): Record<string, unknown> {
  const [head, body, signature] = String(jwt).split('.')
  assert.ok(verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature!, 'base64url')))
  return JSON.parse(Buffer.from(body!, 'base64url').toString()) as Record<string, unknown>
}

test('gcp: the identity of the machine, for the role', async t => {
  const { host, vault, metadata, client, signal } = await world(t)
  vault.state.logins.gate('gcp', 'app', { ttl: 60 }, body => {
    const { aud, format } = claims(body['jwt'], metadata.googleKey)
    return { audience: aud === 'http://vault/app', full: format === 'full' }
  })
  const method = gcpMethod({ ...GCP, metadataUrl: metadata.url }, host)
  assert.ok((await method.login(client, signal)).renewable)
})

test('gcp: a token that is signed with the key of a service account, and good for as long as is said', async t => {
  const { host, vault, metadata, client, signal, file } = await world(t)
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = {
    client_email: 'app@project.iam.gserviceaccount.com',
    private_key_id: 'key-1',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  }
  await writeFile(file('key.json'), JSON.stringify(key))
  vault.state.logins.gate('gcp', 'app', { ttl: 60 }, body => {
    const { aud, sub, exp } = claims(body['jwt'], publicKey)
    const left = Number(exp) - Date.now() / 1000
    const head = JSON.parse(Buffer.from(String(body['jwt']).split('.')[0]!, 'base64url').toString())
    return {
      audience: aud === 'vault/app',
      account: sub === key.client_email,
      key: head.kid === 'key-1',
      lifetime: left > 800 && left <= 900,
    }
  })
  const method = gcpMethod({ ...GCP, credentialsFile: file('key.json'), metadataUrl: metadata.url }, host)
  assert.ok((await method.login(client, signal)).renewable)
  assert.deepEqual(metadata.asked, [])
})

test('gcp: credentials that are no key of a service account are told, and nothing of them is shown', async t => {
  const { host, metadata, client, signal, file } = await world(t)
  const method = gcpMethod({ ...GCP, credentialsFile: file('key.json'), metadataUrl: metadata.url }, host)
  await assert.rejects(method.login(client, signal), /credentialsFile .*there is no such file/)
  for (const [text, words] of [
    ['MARKED', /gave no JSON/],
    ['{"client_email":"MARKED"}', /gave no private_key_id/],
    ['{"client_email":"a","private_key_id":"b","private_key":"MARKED"}', /private_key is no key in PEM form/],
  ] as const) {
    await writeFile(file('key.json'), text)
    await assert.rejects(method.login(client, signal), (error: Error) => {
      assert.match(error.message, words)
      assert.doesNotMatch(error.message, /MARKED/)
      return true
    })
  }
})
