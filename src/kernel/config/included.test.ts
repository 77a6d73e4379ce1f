import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { modules } from '../../modules/registry.ts'
import { type Loaded, loadConfiguration } from './load.ts'
import { noteText } from './report.ts'

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
  t.after(() => rm(cwd, { recursive: true, maxRetries: 9 }))
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

  const fromCluster = `apiVersion: v1
kind: List
metadata: {resourceVersion: ""}
items:
- apiVersion: v1
  kind: Service
  metadata: {name: one, namespace: shop}
- ${route('one')
    .trim()
    .replaceAll('\n', '\n  ')
    .replace(
      '{name: one}',
      `
    name: one
    annotations: {a: "1"}
    labels: {b: "2"}
    creationTimestamp: "2026-01-01T00:00:00Z"
    generation: 2
    resourceVersion: "7"
    uid: 0b0c
    finalizers: [x/y]
    ownerReferences: [{apiVersion: v1, kind: Deployment, name: d, uid: u}]
    managedFields: [{manager: kubectl, operation: Update, fieldsV1: {"f:spec": {}}}]`,
    )}
  status: {parents: [{controllerName: example.com/c, conditions: [{type: Accepted}]}]}
`

  test('are taken as a cluster prints them, and what is no route is noted with its place', async t => {
    const loaded = await load(t, { 'a.yaml': fromCluster })
    assert.ok(loaded.ok, JSON.stringify(loaded))
    const { config, fingerprint } = loaded.configuration.modules.get('proxy')!
    assert.equal((config as { routes: unknown[] }).routes.length, 1)
    assert.deepEqual(loaded.configuration.notes.map(noteText), [
      'routes/a.yaml:5:3  Service shop/one is skipped: upstreams are those of proxy.upstreams',
    ])
    const later = await load(t, {
      'a.yaml': fromCluster.replace('Accepted', 'Programmed').replace('"7"', '"8"'),
    })
    assert.ok(later.ok)
    assert.equal(later.configuration.modules.get('proxy')!.fingerprint, fingerprint)
  })

  test('are noted when the configuration has no use for them, whatever they ask for', async t => {
    const edge = route('web')
      .replace('{kind: Service, name: web}', '{name: edge}')
      .replace('name: back}', 'name: elsewhere, filters: [{type: ExtensionRef}]}')
    const loaded = await load(t, { 'a.yaml': `${route('one')}---\n${edge}` })
    assert.ok(loaded.ok, JSON.stringify(loaded))
    const { config } = loaded.configuration.modules.get('proxy')!
    assert.equal((config as { routes: unknown[] }).routes.length, 1)
    assert.deepEqual(loaded.configuration.notes.map(noteText), [
      'routes/a.yaml:8:1  HTTPRoute web is skipped: no listener is routed by Gateway default/edge',
    ])
    const inline = edge.trim().split('\n')
    const spec = inline.slice(4).map(line => line.trim())
    const own = `[{${inline.slice(0, 3).join(', ')}, spec: {${spec.join(', ')}}}]`
    const refused = await load(t, {}, main(own.replace(', filters: [{type: ExtensionRef}]', '')))
    assert.ok(!refused.ok)
    assert.match(refused.report, /the route has no effect: no listener is routed by Gateway default\/edge/)
  })

  test('of a list are told with their place in it', async t => {
    const loaded = await load(t, { 'a.yaml': fromCluster.replace('name: back', 'name: bakc') })
    assert.ok(!loaded.ok)
    assert.match(
      loaded.report,
      /^routes\/a\.yaml:23:\d+ +proxy\.routes\[0\]\.spec\.rules\[0\]\.backendRefs\[0\]\.name\n +there is no upstream "bakc"/m,
    )
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
