// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references of the configuration, not templates
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fakeModules } from '../../../test/golden/config/modules-fake.ts'
import { type Configuration, type Loaded, loadConfiguration, type ModuleTable } from './load.ts'

async function folder(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'outrigger-load-'))
  t.after(() => rm(cwd, { recursive: true, force: true, maxRetries: 9 }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, name)), { recursive: true })
    await writeFile(join(cwd, name), text)
  }
  return cwd
}

function load(
  cwd: string,
  files: string[],
  environment = {},
  modules: ModuleTable = fakeModules,
): Promise<Loaded> {
  return loadConfiguration({ files, environment, modules, cwd })
}

async function loaded(t: TestContext, text: string, environment = {}): Promise<Configuration> {
  const result = await load(await folder(t, { 'a.yaml': text }), ['a.yaml'], environment)
  assert.ok(result.ok, JSON.stringify(result))
  return result.configuration
}

test('loads only the modules that the file names, in its order', async t => {
  const asked: string[] = []
  const table = Object.fromEntries(
    Object.entries(fakeModules).map(([name, module]) => [
      name,
      () => {
        asked.push(name)
        return module()
      },
    ]),
  )
  const cwd = await folder(t, {
    'a.yaml': 'proxy: {}',
    'b.yaml': 'proxy:\nlogs: { inputs: [syslog: {}], outputs: [stdout: {}] }',
  })
  assert.ok((await load(cwd, ['a.yaml'], {}, table)).ok)
  assert.deepEqual(asked, ['proxy'])
  const both = await load(cwd, ['b.yaml'], {}, table)
  assert.ok(both.ok)
  assert.deepEqual([...both.configuration.modules.keys()], ['proxy', 'logs'])
})

test('gives modules their decoded configuration', async t => {
  const { modules, admin, app } = await loaded(t, 'proxy: { timeout: 2s }\nadmin: { public: "[::]:4601" }')
  assert.deepEqual(modules.get('proxy')?.config, {
    listen: { host: '127.0.0.1', port: 8080 },
    timeoutMs: 2000,
    retries: 1,
  })
  assert.deepEqual(admin, {
    listen: { host: '127.0.0.1', port: 4600 },
    hosts: [],
    public: { host: '::', port: 4601 },
  })
  assert.deepEqual(app, { env: {}, stopGraceMs: 20_000, shutdownMs: 28_000 })
})

test('names all that must be watched, folders included', async t => {
  const cwd = await folder(t, {
    'a.yaml': 'proxy: {}',
    'more/b.yaml': 'log: {}',
    'more/c.yml': 'dataDir: /x',
    'more/d.txt': '',
  })
  const result = await load(cwd, ['a.yaml', 'more'])
  assert.ok(result.ok)
  const expected = ['a.yaml', 'more', 'more/b.yaml', 'more/c.yml'].map(name => join(cwd, name))
  assert.deepEqual(result.configuration.files, expected)
})

test('the hash knows effective values only: neither order nor notation nor secrets', async t => {
  const hash = async (text: string, environment = {}) => (await loaded(t, text, environment)).hash
  const first = await hash('proxy: { timeout: 15s, retries: 2 }')
  assert.match(first, /^[0-9a-f]{12}$/)
  assert.equal(await hash('# a comment\nproxy:\n  retries: "${N}"\n', { N: '2' }), first)
  assert.notEqual(await hash('proxy: { retries: 3 }'), first)
  const secret = (key: string) =>
    `logs: { inputs: [syslog: {}], outputs: [elasticsearch: { url: "http://a", apiKey: "${key}" }] }`
  assert.equal(await hash(secret('hunter2hunter2')), await hash(secret('another secret')))
})

test('the fingerprint of a module changes with its configuration, secrets included, and with nothing else', async t => {
  const print = async (text: string) => (await loaded(t, text)).modules.get('logs')!.fingerprint
  const logs = (key: string) =>
    `logs: { inputs: [syslog: {}], outputs: [elasticsearch: { url: "http://a", apiKey: "${key}" }] }`
  const first = await print(logs('hunter2'))
  assert.equal(await print(`${logs('hunter2')}\nproxy: {}\nlog: { level: debug }`), first)
  assert.notEqual(await print(logs('hunter3')), first)
})

test('the effective configuration can be loaded again and is the same', async t => {
  const first = await loaded(
    t,
    'app: { command: [a, b] }\nproxy: { timeout: 90s }\nlogs: { inputs: [tail: { paths: [/a] }], outputs: [stdout: ] }',
  )
  const again = await loaded(t, JSON.stringify(first.effective()))
  assert.deepEqual(again.effective(), first.effective())
  assert.equal(again.hash, first.hash)
})

const unreadable: [string, Readonly<Record<string, string>>, RegExp][] = [
  [
    'a file that does not exist',
    {},
    /^a\.yaml\n {4}cannot be read: there is no such file\n {4}hint: check the path given to -c\n1 problem/,
  ],
  [
    'a folder without files',
    { 'a.yaml/b.txt': '' },
    /^a\.yaml\n {4}the folder has no \*\.yaml or \*\.yml file\n/,
  ],
  [
    'a file that is too large',
    { 'a.yaml': `# ${'x'.repeat(1024 * 1024)}` },
    /^a\.yaml\n {4}the file is larger than 1 MiB\n/,
  ],
]

for (const [name, files, report] of unreadable) {
  test(`${name} is reported`, async t => {
    const result = await load(await folder(t, files), ['a.yaml'])
    assert.ok(!result.ok)
    assert.match(result.report, report)
  })
}

test('options from elsewhere are stronger than the file, mapping by mapping', async t => {
  const cwd = await folder(t, { 'a.yaml': 'log: { level: warn, format: json }\ndataDir: /a\n' })
  const load = (overrides: Record<string, unknown>, files = ['a.yaml']) =>
    loadConfiguration({ files, environment: {}, modules: fakeModules, cwd, overrides })
  const result = await load({ log: { level: 'debug' } })
  assert.ok(result.ok)
  const { log, dataDir } = result.configuration
  assert.deepEqual([log.level, log.format, dataDir], ['debug', 'json', '/a'])
  const alone = await load({ dataDir: '/b' }, [])
  assert.ok(alone.ok)
  assert.equal(alone.configuration.dataDir, '/b')
  const wrong = await load({ log: { level: 'loud' } }, [])
  assert.match(wrong.ok ? '' : wrong.report, /log\.level/)
})
