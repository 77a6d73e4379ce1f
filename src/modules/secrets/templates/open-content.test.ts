import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { SecretValue } from '../secret/value.ts'
import type { ContentConfig } from './config.ts'
import { checkContent } from './config.ts'
import type { Asking } from './content.ts'
import { openContent } from './open-content.ts'

const NOTHING: Asking = {
  secret: () => undefined,
  list: () => undefined,
  file: () => 'text of a file',
  program: () => undefined,
  later: () => undefined,
  before: () => undefined,
  write: () => {},
}

async function made(template: string, options: Partial<ContentConfig> = {}): Promise<string> {
  const content = await openContent(
    { template, missingKey: 'error', maxSizeBytes: 1024, ...options } as ContentConfig,
    'a.conf',
    { sources: [], env: { HOME: '/root' }, now: () => 0 },
  )
  return Buffer.from(content.make(NOTHING)).toString()
}

test('a template has the functions of sprig under their names of consul-template', async () => {
  assert.equal(await made('{{ sprig_upper "a" }}{{ sprig_list 1 2 | sprig_join "-" }}'), 'A1-2')
  await assert.rejects(made('{{ sprig_env "HOME" }}'), /function "sprig_env" not defined/)
})

const DENIED: readonly (readonly [string, readonly string[]])[] = [
  ['{{ file "/etc/hosts" }}', ['file']],
  ['{{ env "HOME" }}', ['env']],
  ['{{ mustEnv "HOME" }}', ['*nv*']],
  ['{{ sprig_genPrivateKey "ecdsa" }}', ['sprig_gen*']],
  ['{{ printf "%d" 1 }}', ['print*']],
  ['{{ define "x" }}{{ file "y" }}{{ end }}{{ executeTemplate "x" }}', ['file']],
  ['{{ executeTemplate "x" }}', ['*']],
]

for (const [template, functionDenylist] of DENIED)
  test(`${template} cannot be called with ${functionDenylist} on the denylist`, () =>
    assert.rejects(made(template, { functionDenylist }), /is not available: it is on the function denylist/))

test('a name on the denylist is the whole name', async () => {
  assert.equal(await made('{{ env "HOME" }}', { functionDenylist: ['en', 'nv', 'mustEnv'] }), '/root')
  assert.equal(await made('{{ if and true (eq 1 1) }}yes{{ end }}', { functionDenylist: ['file'] }), 'yes')
})

test('programs are started only where that is said', async () => {
  await assert.rejects(made('{{ plugin "true" }}'), /may start no programs; say programs: true/)
  assert.equal(await made('{{ plugin "true" }}.', { programs: true }), '.')
  await assert.rejects(
    made('{{ plugin "true" }}', { programs: true, functionDenylist: ['plugin'] }),
    /function denylist/,
  )
})

test('a denylist without a template is a mistake', () => {
  const [problem] = checkContent({
    secret: 'a#b',
    functionDenylist: ['file'],
    missingKey: 'error',
    programs: false,
    maxSizeBytes: 1,
  } as ContentConfig)
  assert.deepEqual(problem?.path, ['functionDenylist'])
})

test('what a template sets in a secret is not seen by others', async () => {
  const document = new Map([['data', new Map([['password', 'good']])]])
  const value = { document, data: document, answer: {}, timing: { kind: 'static' } } as unknown as SecretValue
  const content = await openContent(
    {
      template: '{{ with secret "a" }}{{ (sprig_set .Data.data "password" "other").password }}{{ end }}',
      missingKey: 'error',
      maxSizeBytes: 1024,
    } as ContentConfig,
    'a.conf',
    { sources: [], env: {}, now: () => 0 },
  )
  assert.equal(Buffer.from(content.make({ ...NOTHING, secret: () => value })).toString(), 'other')
  assert.equal(document.get('data')?.get('password'), 'good')
})

test('files that a template reads lie in its sandbox, also behind links', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-sandbox-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  await mkdir(join(folder, 'in'))
  await writeFile(join(folder, 'in/file'), 'x')
  await writeFile(join(folder, 'in..out'), 'x')
  await symlink('/etc/hosts', join(folder, 'in/link'))
  const options = { sandbox: join(folder, 'in') }
  assert.equal(await made(`{{ file "${folder}/in/file" }}`, options), 'text of a file')
  for (const outside of ['in/link', 'in/../in..out', 'in..out', 'in/none'])
    await assert.rejects(
      made(`{{ file "${folder}/${outside}" }}`, options),
      /outside of the sandbox|no such file/,
    )
})
