import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { modules } from '../../modules/registry.ts'
import { type Loaded, loadConfiguration } from './load.ts'

const route = (name: string, more = '') => `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: ${name}}
spec:
  parentRefs: [{kind: Service, name: ${name}}]
  rules: [{backendRefs: [{kind: Cluster, name: back}]}]
${more}`

const main = (routes = '[]') => `proxy:
  listeners: [{listen: "127.0.0.1:1", routed: {}}]
  upstreams: {back: {endpoints: [{address: "127.0.0.1:2"}]}}
  routes: ${routes}
  routeFiles: [routes]
`

async function load(t: TestContext, files: Readonly<Record<string, string>>, file = main()): Promise<Loaded> {
  const cwd = await mkdtemp(join(tmpdir(), 'outrigger-included-'))
  t.after(() => rm(cwd, { recursive: true }))
  await mkdir(join(cwd, 'routes'))
  await writeFile(join(cwd, 'o.yaml'), file)
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, 'routes', name), text)
  return loadConfiguration({ files: ['o.yaml'], environment: {}, modules, cwd })
}

describe('documents in files of their own', () => {
  test('join those of the option, in the order of the files, and are watched', async t => {
    const inline = `[{${route('zero').trim().replaceAll('\n', ', ').replace('spec:,', 'spec: {')}}}]`
    const loaded = await load(
      t,
      { 'a.yaml': `---\n${route('one')}---\n---\n${route('two')}`, 'b.yaml': route('three') },
      main(inline.replaceAll(/ {2,}/g, ' ')),
    )
    assert.ok(loaded.ok, JSON.stringify(loaded))
    const { config, fingerprint } = loaded.configuration.modules.get('proxy')!
    const { routes } = config as { routes: { metadata: { name: string } }[] }
    assert.deepEqual(
      routes.map(({ metadata }) => metadata.name),
      ['zero', 'one', 'two', 'three'],
    )
    assert.deepEqual(
      loaded.configuration.files.map(path => path.split('/').slice(-1)[0]),
      ['o.yaml', 'routes', 'a.yaml', 'b.yaml'],
    )
    const changed = await load(t, { 'a.yaml': route('other') })
    assert.ok(changed.ok)
    assert.notEqual(changed.configuration.modules.get('proxy')!.fingerprint, fingerprint)
  })

  const mistakes: [what: string, text: string, told: RegExp][] = [
    [
      'an unknown option',
      `${route('one')}---\n${route('two', 'more: 1\n')}`,
      /^routes\/a\.yaml:14:1 +proxy\.routes\[1\]\.more\n +unknown option/m,
    ],
    [
      'a rule between options',
      route('one').replace('name: back', 'name: bakc'),
      /^routes\/a\.yaml:6:\d+ +proxy\.routes\[0\]\.spec\.rules\[0\]\.backendRefs\[0\]\.name\n +there is no upstream "bakc"/m,
    ],
    ['a key twice', 'kind: HTTPRoute\nkind: HTTPRoute\n', /^routes\/a\.yaml:2:1.*\n.*"kind" is given twice/m],
    ['no mapping', '- 1\n', /expected a mapping, got a list/],
    ['no YAML', 'a: [', /^routes\/a\.yaml:1:/m],
  ]
  for (const [what, text, told] of mistakes)
    test(`are told with file and place: ${what}`, async t => {
      const loaded = await load(t, { 'a.yaml': text, 'b.yaml': route('three') })
      assert.ok(!loaded.ok)
      assert.match(loaded.report, told)
    })

  test('that cannot be read are told', async t => {
    const loaded = await load(t, {}, main().replace('[routes]', '[nowhere.yaml]'))
    assert.ok(!loaded.ok)
    assert.match(
      loaded.report,
      /nowhere\.yaml[\s\S]*there is no such file\n +hint: it is named in routeFiles/,
    )
  })
})
