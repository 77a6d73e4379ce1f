// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references of the configuration, not templates
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { SecretLookUp } from './environment.ts'
import { type AnyModule, loadConfiguration } from './load.ts'
import { s } from './schema.ts'

const start = async () => ({ offer: undefined, health: () => ({ ready: true, state: 'ok' as const }) })
const module = (name: string): AnyModule => ({
  name,
  config: s.object(
    {
      password: s.secret({ about: 'A secret.', optional: true }),
      text: s.string({ about: 'A text.', optional: true }),
      count: s.integer({ about: 'A number.', optional: true, max: 9 }),
    },
    { about: 'A module.' },
  ),
  check: ({ text }: { text?: string }) => (text === 'bad' ? [{ path: ['text'], message: 'is bad' }] : []),
  start,
})
const modules = Object.fromEntries(['secrets', 'one', 'two'].map(name => [name, async () => module(name)]))

async function load(t: TestContext, yaml: string, values: Readonly<Record<string, string>> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-leaves-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  await writeFile(join(folder, 'outrigger.yaml'), yaml)
  const secrets: SecretLookUp = reference => values[reference]
  return await loadConfiguration({
    files: ['outrigger.yaml'],
    environment: {},
    modules,
    cwd: folder,
    secrets,
  })
}

async function configuration(...args: Parameters<typeof load>) {
  const loaded = await load(...args)
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.report)
  return loaded.configuration
}

const yaml = `secrets: {}
one: { password: 'x-\${secret:app/db#password}', count: '\${secret:app#count}' }
two: { text: hello }
`

test('a module waits for its secrets, and the others do not', async t => {
  const { modules, pending, secrets } = await configuration(t, yaml)
  assert.deepEqual([...modules.keys()], ['secrets', 'two'])
  assert.deepEqual([...pending], [['one', ['app/db#password', 'app#count']]])
  assert.deepEqual([...secrets.keys()], ['app/db#password', 'app#count'])
})

test('a secret that is known is part of its leaf, and of the fingerprint, and nobody sees it', async t => {
  const values = { 'app/db#password': 'hunter2!', 'app#count': '7' }
  const first = await configuration(t, yaml, values)
  const other = await configuration(t, yaml, { ...values, 'app/db#password': 'other' })
  const one = first.modules.get('one')!
  assert.equal((one.config as { password: { reveal(): string } }).password.reveal(), 'x-hunter2!')
  assert.equal((one.config as { count: number }).count, 7)
  assert.notEqual(one.fingerprint, other.modules.get('one')!.fingerprint)
  assert.equal(first.modules.get('two')!.fingerprint, other.modules.get('two')!.fingerprint)
  assert.equal(first.hash, other.hash)
  assert.deepEqual(first.effective()['one'], { password: '<redacted>', count: '${secret:app#count}' })
  assert.ok(!JSON.stringify(first.effective()).includes('hunter2'))
})

test('what is wrong otherwise is told while a secret is unknown', async t => {
  const loaded = await load(t, `secrets: {}\none: { password: '\${secret:a#b}', nothing: 1 }\n`)
  assert.ok(!loaded.ok)
  assert.match(loaded.report, /nothing/)
  assert.equal(loaded.problems.length, 1)
})

test('a secret of the wrong form is told by what is written, never by its value', async t => {
  const loaded = await load(t, `secrets: {}\none: { count: '\${secret:a#b}' }\n`, { 'a#b': 'hunter2' })
  assert.ok(!loaded.ok)
  assert.match(loaded.report, /got the value of \$\{secret:a#b\}/)
  assert.ok(!loaded.report.includes('hunter2'))
})

test('a secret is refused where it could never come', async t => {
  for (const [yaml, words] of [
    ["one: { text: '${secret:a#b}' }\n", /there is no module to get it from/],
    ["secrets: { text: '${secret:a#b}' }\n", /cannot wait for itself/],
    ["secrets: {}\ndataDir: '${secret:a#b}'\n", /options of the sidecar itself cannot wait/],
    ["secrets: {}\none: { text: '${secret:}' }\n", /is no reference/],
  ] as const) {
    const loaded = await load(t, yaml)
    assert.ok(!loaded.ok, yaml)
    assert.match(loaded.report, words)
  }
})
