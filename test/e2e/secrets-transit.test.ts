/** Values that a real OpenBao has encrypted, in files and variables beside a real sidecar. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type OpenBao, startOpenBao } from '../fakes/openbao.ts'
import { missing } from '../fakes/programs.ts'
import { spawnSidecar } from '../fakes/sidecar.ts'

const skip = missing('bao')

async function world(t: TestContext) {
  const bao = await startOpenBao()
  t.after(() => bao.kill())
  await bao.request('POST', 'sys/mounts/transit', { type: 'transit' })
  await bao.request('POST', 'transit/keys/shop', {})
  await bao.request('PUT', 'sys/policies/acl/shop', {
    policy: 'path "transit/decrypt/shop" { capabilities = ["update"] }',
  })
  const { auth } = await bao.request('PUT', 'auth/token/create', { policies: ['shop'], ttl: '1h' })
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-transit-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  return { bao, folder, token: auth.client_token as string }
}

async function encrypt(bao: OpenBao, text: string): Promise<string> {
  const plaintext = Buffer.from(text).toString('base64')
  return (await bao.request('POST', 'transit/encrypt/shop', { plaintext })).data.ciphertext
}

const text = (path: string) => readFile(path, 'utf8').catch(() => '')

async function replace(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content)
  await rename(`${path}.new`, path)
}

test('a template decrypts by what it knows of the engine, at a real server', {
  skip,
  timeout: 120_000,
}, async t => {
  const { bao, folder, token } = await world(t)
  const ciphertext = await encrypt(bao, 'of-the-template')
  await using sidecar = await spawnSidecar(
    `secrets:
  sources:
    - vault: { address: '${bao.url}', auth: { token: { token: ${token} } } }
  deliveries:
    - file:
        path: '@FOLDER@/password'
        template: '{{ with secret "transit/decrypt/shop" "ciphertext=${ciphertext}" }}{{ .Data.plaintext | base64Decode }}{{ end }}'
`,
    { folder },
  )
  await sidecar.until(
    'the password',
    async () => (await text(join(folder, 'password'))) === 'of-the-template',
  )
  assert.equal(await sidecar.end(), 0)
})

test('a file and variables of ciphertexts are secrets; a rotated key goes on; what cannot be decrypted leaves the last good', {
  skip,
  timeout: 120_000,
}, async t => {
  const { bao, folder, token } = await world(t)
  const file = join(folder, 'secrets.enc.yaml')
  const first = await encrypt(bao, 'first')
  await writeFile(
    file,
    `app: { user: joe, password: '${first}' }\nother: { key: '${await encrypt(bao, 'k')}' }\n`,
  )
  await using sidecar = await spawnSidecar(
    `secrets:
  sources:
    - transit: { key: shop, path: secrets.enc.yaml }
    - vault: { address: '${bao.url}', timeout: 5s, auth: { token: { token: ${token} } } }
    - transit: { name: sealed, key: shop, from: environment }
    - environment: { prefix: SHOP_ }
  deliveries:
    - file: { path: '@FOLDER@/app.json', secret: 'transit-1:app' }
    - file: { path: '@FOLDER@/api-key', secret: 'sealed:mail#api_key' }
`,
    { folder, env: { SHOP_MAIL_API_KEY: await encrypt(bao, 'of-the-variable') } },
  )
  const app = join(folder, 'app.json')
  const isApp = (password: string) => async () => {
    const found = await text(app)
    return found !== '' && JSON.parse(found).password === password
  }
  await sidecar.until('the first', isApp('first'))
  await sidecar.until('the variable', async () => (await text(join(folder, 'api-key'))) === 'of-the-variable')

  await bao.request('POST', 'transit/keys/shop/rotate')
  const second = await encrypt(bao, 'second')
  assert.match(second, /^vault:v2:/)
  await replace(file, `app: { user: '${first}', password: '${second}' }\n`)
  await sidecar.until('the second', isApp('second'))
  assert.deepEqual(JSON.parse(await text(app)), { user: 'first', password: 'second' })

  await bao.request('POST', 'transit/keys/shop/config', { min_decryption_version: 2 })
  await replace(file, `app: { password: '${await encrypt(bao, 'third')}', old: '${first}' }\n`)
  await sidecar.until('the refusal', () => /does not decrypt app\.old \(/.test(sidecar.output()))
  assert.deepEqual(JSON.parse(await text(app)), { user: 'first', password: 'second' })
  assert.doesNotMatch(sidecar.output(), /"(?:first|second|third)"|vault:v\d/)

  await replace(file, `app: { password: '${await encrypt(bao, 'third')}' }\n`)
  await sidecar.until('the third', isApp('third'))

  const fourth = await encrypt(bao, 'fourth')
  await bao.kill()
  await replace(file, `app: { password: '${fourth}' }\n`)
  await sidecar.until('that the server is away', () =>
    /"?reason"?[=:]\s*"?unavailable/.test(sidecar.output()),
  )
  assert.deepEqual(JSON.parse(await text(app)), { password: 'third' })
  assert.equal(await sidecar.end(), 0)
})
