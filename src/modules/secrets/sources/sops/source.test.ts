import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { fakeHost } from '../../../../kernel/host-fake.ts'
import { plainJson } from '../../../../wire/json/lossless.ts'
import type { DocumentData } from '../document.ts'
import type { SourceHost } from '../host.ts'
import { checkSopsSource, sopsSourceConfig } from './config.ts'
import { openSopsSource } from './source.ts'

/** What the program sops has encrypted with a key that exists for these tests alone. */
const fixtures = join(import.meta.dirname, 'fixtures')
const keyFile = join(fixtures, 'key.txt')
let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-sops-'))
})
afterEach(() => rm(folder, { recursive: true, maxRetries: 9 }))

function source(given: Readonly<Record<string, unknown>>, env: Readonly<Record<string, string>> = {}) {
  const decoded = sopsSourceConfig.decode(given)
  assert.ok(decoded.ok)
  return openSopsSource(decoded.value, { ...fakeHost({ env }), bases: new Map() } as unknown as SourceHost)
}

async function all(given: Readonly<Record<string, unknown>>, env?: Readonly<Record<string, string>>) {
  return plainJson((await source(given, env).fetch({ path: 'all' })).data as DocumentData)
}

const SHOP = {
  'app/db': {
    user: 'app',
    password: 'planted-one',
    port: 5432,
    ratio: 0.25,
    big: 1e21,
    tls: true,
    off: false,
    empty: '',
    nothing: null,
    note_unencrypted: 'seen by all',
    since_unencrypted: 3,
    hosts: ['a.example', 'b.example', { name: 'c' }],
  },
  '10': { z: 'last' },
  '9': 'single',
}

const files: [string, unknown][] = [
  ['all.yaml', SHOP],
  ['some.yaml', SHOP],
  ['mac-only.yaml', SHOP],
  ['comments.yaml', { a: 'plain', b: 'planted-two', c: { d: 1 } }],
  [
    'all.json',
    {
      b: { '10': 'x', '9': [1, 2.5, 1000, true, null, 'x'], '2': 12345678901 },
      a: 'planted-three',
      f_unencrypted: 1.5,
      g_unencrypted: 1000,
    },
  ],
  ['all.env', { USER: 'app', PASSWORD: 'planted\nfour', PLAIN_unencrypted: 'x=y', EMPTY: '' }],
]
for (const [name, expected] of files)
  test(`${name} has the values that were encrypted`, async () =>
    assert.deepEqual(await all({ path: join(fixtures, name), keyFile }), expected))

test('a secret lies at its path', async () => {
  const { data } = await source({ path: join(fixtures, 'all.yaml'), keyFile }).fetch({ path: 'app/db' })
  assert.equal(data.get('password'), 'planted-one')
  assert.equal(String(data.get('port')), '5432')
})

test('keys are found where SOPS looks for them', async () => {
  const path = join(fixtures, 'comments.yaml')
  const key = await readFile(keyFile, 'utf8')
  await mkdir(join(folder, '.config/sops/age'), { recursive: true })
  await writeFile(join(folder, '.config/sops/age/keys.txt'), key)
  const environments = [{ SOPS_AGE_KEY: key }, { SOPS_AGE_KEY_FILE: keyFile }, { HOME: folder }]
  for (const env of [...environments, { XDG_CONFIG_HOME: join(folder, '.config') }]) await all({ path }, env)
  await all({ path, key })
  await assert.rejects(
    all({ path }, { HOME: '/nowhere' }),
    /the key file \/nowhere\/\.config\/sops\/age\/keys\.txt cannot be used/,
  )
})

const changes: [string, string, (text: string) => string, RegExp][] = [
  [
    'another value that was not encrypted',
    'some.yaml',
    text => text.replace('port: 5432', 'port: 5433'),
    /its MAC does not fit/,
  ],
  [
    'an entry that was taken away',
    'some.yaml',
    text => text.replace(/ +port: .*\n/, ''),
    /its MAC does not fit/,
  ],
  [
    'an entry that was put in',
    'some.yaml',
    text => text.replace(/( +)port/, '$1evil: 1\n$1port'),
    /its MAC does not fit/,
  ],
  [
    'another encrypted value',
    'all.yaml',
    text => text.replace(/(password: ENC\[AES256_GCM,data:)../, '$1AA'),
    /app\/db\.password was changed after/,
  ],
  [
    'a value at the place of another',
    'all.yaml',
    text => text.replace(/user: ENC.*/, /password: (ENC.*)/.exec(text)![1]!.replace(/^/, 'user: ')),
    /app\/db\.user was changed/,
  ],
  [
    'a plain value in place of an encrypted one',
    'all.yaml',
    text => text.replace(/password: ENC.*/, 'password: PLANTED'),
    /app\/db\.password is to be encrypted, and is not/,
  ],
  [
    'a kind of value that is not known',
    'all.yaml',
    text => text.replace(/(password: .*)type:str/, '$1type:other'),
    /is of the kind "other"/,
  ],
  [
    'another time',
    'all.yaml',
    text => text.replace(/lastmodified: "20../, 'lastmodified: "1999'),
    /its MAC does not fit/,
  ],
  ['no MAC', 'all.yaml', text => text.replace(/ +mac: .*\n/, ''), /its MAC does not fit/],
  [
    'no end',
    'all.yaml',
    text => text.replace(/^sops:[\s\S]*/m, ''),
    /it is not encrypted: what SOPS writes at its end is missing/,
  ],
  [
    'no end in a list of variables',
    'all.env',
    text => text.replace(/^sops_.*\n/gm, ''),
    /it is not encrypted/,
  ],
  [
    'damaged keys',
    'all.yaml',
    text => text.replaceAll('BEGIN AGE', 'BEGIN EGA'),
    /none of our keys of age opens it/,
  ],
  [
    'shared keys',
    'all.yaml',
    text => text.replace(/^sops:/m, 'sops:\n  key_groups: [{age: []}]'),
    /made for shares of 1 groups? of keys, and ours open 0/,
  ],
  [
    'a pattern that cannot be used',
    'some.yaml',
    text => text.replace(/encrypted_regex: .*/, 'encrypted_regex: "(a"'),
    /its pattern of keys cannot be used/,
  ],
  ['broken YAML', 'all.yaml', text => `PLANTED: [\n${text}`, /no valid YAML at line \d+, column \d+/],
]
for (const [what, name, change, message] of changes)
  test(`${what}: the file is refused, and no value is shown`, async () => {
    const path = join(folder, name)
    const text = await readFile(join(fixtures, name), 'utf8')
    const changed = change(text)
    assert.notEqual(changed, text)
    await writeFile(path, changed)
    await assert.rejects(all({ path, keyFile }), (error: Error) => {
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /PLANTED|planted/)
      return true
    })
  })

test('a file for other kinds of keys says so', async () => {
  const path = join(folder, 'kms.yaml')
  await writeFile(
    path,
    'a: ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]\nsops: {kms: [{arn: x}], pgp: [], mac: x}\n',
  )
  await assert.rejects(all({ path, keyFile }), /its key of AWS KMS has no ARN/)
})

test('one place of keys is given at most', () => {
  const decoded = sopsSourceConfig.decode({ path: 'a', key: 'k', keyFile: 'f' })
  assert.ok(decoded.ok)
  assert.match(checkSopsSource(decoded.value)[0]!.message, /there is keyFile too/)
})
