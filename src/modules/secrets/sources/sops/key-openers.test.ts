import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parse, stringify } from 'yaml'
import { type FakeKms, startFakeKms } from '../../../../../test/fakes/aws/kms.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { fakeHost } from '../../../../kernel/host-fake.ts'
import { decryptAge } from '../../age/decrypt.ts'
import { parseIdentities } from '../../age/identity.ts'
import { SecretValue } from '../../secret/value.ts'
import { type SecretSource, SourceFailure } from '../source.ts'
import { sopsSourceConfig } from './config.ts'
import { openSopsSource } from './source.ts'

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name)
const ARN = 'arn:aws:kms:eu-north-1:111122223333:key/1234'
const never = new AbortController().signal

/** A file of the program sops, whose key is there for other kinds of keys instead. The MAC is of the values alone. */
async function fileFor(t: TestContext, keys: (dataKey: Buffer) => object | Promise<object>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-sops-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const { sops, ...values } = parse(await readFile(fixture('comments.yaml'), 'utf8'))
  const identities = parseIdentities(await readFile(fixture('key.txt'), 'utf8'))
  const dataKey = await decryptAge(Buffer.from(sops.age[0].enc), identities)
  const { age: _, ...rest } = sops
  // The order of the values is part of what was signed: their text stays.
  const text = (await readFile(fixture('comments.yaml'), 'utf8')).replace(/^sops:[\s\S]*/m, '')
  assert.ok(Object.keys(values).length > 0)
  const path = join(folder, 'secrets.yaml')
  await writeFile(path, text + stringify({ sops: { ...rest, ...(await keys(dataKey)) } }))
  return path
}

function open(t: TestContext, options: object, server?: SecretSource, env = {}) {
  const decoded = sopsSourceConfig.decode(options)
  assert.ok(decoded.ok, JSON.stringify(decoded))
  const host = fakeHost({ clock: systemClock(), env })
  t.after(() => host.close())
  return openSopsSource(decoded.value, {
    ...host,
    name: 'sops',
    key: 'secrets.sources[0].sops',
    bases: new Map(server === undefined ? [] : [['source', server]]),
    random: () => 0.5,
    measure: { login: () => {} },
  })
}

async function kms(t: TestContext): Promise<FakeKms> {
  const fake = await startFakeKms('eu-north-1')
  t.after(() => fake.close())
  return fake
}

const as = ({ url }: FakeKms) => ({
  endpoint: url,
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'secret',
})

const passwordOf = async (source: SecretSource) => (await source.fetch({ path: 'all' }, never)).data.get('b')

test('a file for a key of AWS KMS is opened in the region of the key, with its context', async t => {
  const fake = await kms(t)
  const context = { stage: 'prod', app: 'shop' }
  const path = await fileFor(t, key => ({
    kms: [{ arn: ARN, enc: fake.encrypt(ARN, key, context), context }],
  }))
  assert.equal(await passwordOf(open(t, { path, aws: as(fake) })), 'planted-two')
  assert.deepEqual(fake.actions, ['TrentService.Decrypt'])
})

const refusals: [string, string, RegExp][] = [
  ['AccessDeniedException', 'forbidden', /Decrypt of arn:aws:kms:.*: AccessDeniedException/],
  ['KMSInternalException', 'unavailable', /KMSInternalException/],
  ['InvalidCiphertextException', 'forbidden', /InvalidCiphertextException/],
]
for (const [refusal, reason, message] of refusals)
  test(`KMS says ${refusal}: the secret is ${reason}`, async t => {
    const fake = await kms(t)
    fake.refusal = refusal
    const path = await fileFor(t, key => ({ kms: [{ arn: ARN, enc: fake.encrypt(ARN, key) }] }))
    await assert.rejects(passwordOf(open(t, { path, aws: as(fake) })), { reason, message })
  })

test('what is no ARN of a key asks nobody', async t => {
  const fake = await kms(t)
  for (const arn of ['', 'arn:aws:kms:evil.example/x:1:key/a', 'arn:aws:s3:::bucket']) {
    const path = await fileFor(t, key => ({ kms: [{ arn, enc: fake.encrypt(arn, key) }] }))
    await assert.rejects(passwordOf(open(t, { path, aws: as(fake) })), /its key of AWS KMS has no ARN/)
  }
  assert.deepEqual(fake.actions, [])
})

/** A server that opens what it is asked by a table of its own. */
function serverWith(opened: ReadonlyMap<string, Uint8Array>, paths: string[] = []): SecretSource {
  return {
    fetch: async ({ path, write }) => {
      paths.push(path)
      const [item] = write!.get('batch_input') as ReadonlyMap<string, string>[]
      const bytes = opened.get(item!.get('ciphertext')!)
      const result =
        bytes === undefined
          ? ['error', 'no such ciphertext']
          : ['plaintext', Buffer.from(bytes).toString('base64')]
      return new SecretValue({
        data: new Map([['batch_results', [new Map([result as [string, string]])]]]),
        timing: { kind: 'static' },
      })
    },
    health: () => ({ ready: true, state: 'ok' }),
  }
}

const forVault = (enc: string, more: object = {}) => ({
  hc_vault: [
    { vault_address: 'https://evil.example', engine_path: 'transit', key_name: 'sops', enc, ...more },
  ],
})

test('a file for a transit key is opened by the server that is configured, whatever address it names', async t => {
  const table = new Map<string, Uint8Array>()
  const path = await fileFor(t, key => {
    table.set('vault:v1:key', key)
    return forVault('vault:v1:key')
  })
  const paths: string[] = []
  assert.equal(await passwordOf(open(t, { path }, serverWith(table, paths))), 'planted-two')
  assert.deepEqual(paths, ['transit/decrypt/sops'])
  await assert.rejects(
    passwordOf(open(t, { path })),
    /is made for the key sops of a Vault: add a source of the kind vault/,
  )
  await assert.rejects(passwordOf(open(t, { path }, serverWith(new Map()))), {
    reason: 'forbidden',
    message: /the key sops of transit does not open it: no such ciphertext/,
  })
})

for (const more of [
  { engine_path: '../sys' },
  { engine_path: 'a//b' },
  { key_name: 'a?b' },
  { key_name: '..' },
])
  test(`a file that names ${JSON.stringify(more)} sends our token nowhere`, async t => {
    const path = await fileFor(t, () => forVault('vault:v1:key', more))
    const paths: string[] = []
    await assert.rejects(passwordOf(open(t, { path }, serverWith(new Map(), paths))), /names no transit key/)
    assert.deepEqual(paths, [])
  })

test('the first of several keys that opens is enough; a server that is away is asked again', async t => {
  const fake = await kms(t)
  const away: SecretSource = {
    ...serverWith(new Map()),
    fetch: async () => {
      throw new SourceFailure('unavailable', 'nobody there')
    },
  }
  const both = (arn: string) => (key: Buffer) => ({
    ...forVault('vault:v1:x'),
    kms: [{ arn, enc: fake.encrypt(ARN, key) }],
  })
  assert.equal(
    await passwordOf(open(t, { path: await fileFor(t, both(ARN)), aws: as(fake) }, away)),
    'planted-two',
  )
  await assert.rejects(passwordOf(open(t, { path: await fileFor(t, both('none')), aws: as(fake) }, away)), {
    reason: 'unavailable',
    message: /nobody there; its key of AWS KMS has no ARN/,
  })
})

for (const [kind, name] of [
  ['pgp', 'PGP'],
  ['gcp_kms', 'Google Cloud KMS'],
  ['azure_kv', 'Azure Key Vault'],
  ['hckms', 'Huawei Cloud KMS'],
] as const)
  test(`a file for ${name} alone says what to do`, async t => {
    const path = await fileFor(t, () => ({ [kind]: [{ enc: 'x' }] }))
    await assert.rejects(
      passwordOf(open(t, { path })),
      new RegExp(`keys of ${name} are not read here: add one of age.*sops rotate`),
    )
  })

const groups: [string, string, readonly string[], RegExp | undefined][] = [
  ['two of three groups', 'two-of-three.yaml', ['key.txt', 'third-key.txt'], undefined],
  ['two other groups', 'two-of-three.yaml', ['third-key.txt', 'second-key.txt'], undefined],
  ['all of them', 'two-of-three.yaml', ['key.txt', 'second-key.txt', 'third-key.txt'], undefined],
  [
    'one of two groups',
    'two-of-three.yaml',
    ['second-key.txt'],
    /shares of 2 groups of keys, and ours open 1/,
  ],
  ['both groups of a list of variables', 'groups.env', ['key.txt', 'second-key.txt'], undefined],
  ['one of both groups', 'groups.env', ['key.txt'], /shares of 2 groups of keys, and ours open 1/],
]
for (const [what, file, names, message] of groups)
  test(`keys of ${what}: ${message === undefined ? 'the file is open' : 'it stays closed'}`, async t => {
    const key = (await Promise.all(names.map(name => readFile(fixture(name), 'utf8')))).join('\n')
    const fetching = open(t, { path: fixture(file), key }).fetch({
      path: file === 'groups.env' ? 'all' : 'app',
    })
    if (message !== undefined) return assert.rejects(fetching, { reason: 'forbidden', message })
    const { data } = await fetching
    assert.deepEqual(
      Object.fromEntries(data),
      file === 'groups.env' ? { A: 'planted' } : { password: 'planted-groups' },
    )
  })
