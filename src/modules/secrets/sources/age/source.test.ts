import assert from 'node:assert/strict'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { fakeHost } from '../../../../kernel/host-fake.ts'
import type { SourceHost } from '../host.ts'
import { ageSourceConfig, checkAgeSource } from './config.ts'
import { openAgeSource } from './source.ts'

let folder = ''
const host = fakeHost()
const fixtures = join(import.meta.dirname, '../../age/fixtures')
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-age-'))
  await cp(join(fixtures, 'passphrase.yaml.age'), join(folder, 'app.yaml.age'))
})
afterEach(() => rm(folder, { recursive: true, maxRetries: 9 }))

function source(given: Readonly<Record<string, unknown>>) {
  const decoded = ageSourceConfig.decode({ path: join(folder, 'app.yaml.age'), ...given })
  assert.ok(decoded.ok)
  return openAgeSource(decoded.value, host as unknown as SourceHost)
}

test('the name of the file says what is in it', async () => {
  const { data } = await source({ passphrase: 'correct horse' }).fetch({ path: 'all' })
  assert.deepEqual(Object.fromEntries(data), { user: 'app', password: 'planted' })
})

test('an option says so too', async () => {
  const { data } = await source({ passphrase: 'correct horse', format: 'text' }).fetch({ path: 'value' })
  assert.equal(data.get('value'), 'user: app\npassword: planted\n')
})

const failures: [string, () => Promise<Record<string, unknown>>, RegExp][] = [
  [
    'a wrong passphrase',
    async () => ({ passphrase: 'x' }),
    /app\.yaml\.age cannot be read: it was made for a passphrase/,
  ],
  [
    'no key file',
    async () => ({ keyFile: '/nowhere/key' }),
    /the key file \/nowhere\/key cannot be used: there is no such file/,
  ],
  [
    'a key file without keys',
    async () => {
      await writeFile(join(folder, 'key'), '# none\n')
      return { keyFile: join(folder, 'key') }
    },
    /the key file .*key cannot be used: there is no AGE-SECRET-KEY-1…/,
  ],
  ['a key that is none', async () => ({ key: 'PLANTED' }), /line 1 of the keys is no AGE-SECRET-KEY-1…/],
  [
    'a file of something else',
    async () => {
      await writeFile(join(folder, 'app.yaml.age'), 'PLANTED: x\n')
      return { passphrase: 'x' }
    },
    /it is no file of age/,
  ],
]
for (const [what, prepare, message] of failures)
  test(`${what} is told, and nothing is shown`, async () => {
    await assert.rejects(source(await prepare()).fetch({ path: 'all' }), (error: Error) => {
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /PLANTED/)
      return true
    })
  })

test('exactly one kind of key is given', () => {
  for (const [given, expected] of [
    [{ key: 'a' }, undefined],
    [{}, /got none/],
    [{ key: 'a', passphrase: 'b' }, /got 2/],
  ] as const) {
    const decoded = ageSourceConfig.decode({ path: 'a', ...given })
    assert.ok(decoded.ok)
    const message = checkAgeSource(decoded.value)[0]?.message
    if (expected === undefined) assert.equal(message, undefined)
    else assert.match(String(message), expected)
  }
})
