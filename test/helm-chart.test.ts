// The chart gives what `outrigger install` prints; rendered by Helm where there is one.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it, test } from 'node:test'
import { parse, parseAllDocuments, stringify } from 'yaml'
import packageFile from '../package.json' with { type: 'json' }
import { installObjects } from '../src/injection/install/install.ts'
import { DEFAULT_INSTALL, type InstallOptions } from '../src/injection/install/options.ts'
import { isOnPath } from './fakes/programs.ts'

const chart = join(dirname(import.meta.dirname), 'deploy/helm/outrigger')
const templates = globSync('templates/*', { cwd: chart }).map(name => ({
  name,
  text: readFileSync(join(chart, name), 'utf8'),
}))

test('the chart is of this version', () => {
  const { version, appVersion } = parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8'))
  assert.deepEqual([version, appVersion], [packageFile.version, packageFile.version])
})

describe('the templates of the chart', () => {
  const values = parse(readFileSync(join(chart, 'values.yaml'), 'utf8'))
  for (const { name, text } of templates) {
    it(`${name} names only values that there are`, () => {
      for (const [reference, path] of text.matchAll(/\.Values\.([A-Za-z.]+)/g)) {
        let here = values
        for (const step of path!.split('.')) {
          assert.ok(Object.hasOwn(here, step), reference)
          here = here[step]
        }
      }
    })

    it(`${name} ends every block that it begins, and includes only parts that there are`, () => {
      const actions = [...text.matchAll(/\{\{-?\s*(?:\/\*[\s\S]*?\*\/|(\w+))?[\s\S]*?-?\}\}/g)].map(
        ([, word]) => word,
      )
      const opened = actions.filter(word => ['if', 'range', 'with', 'define'].includes(word ?? '')).length
      assert.equal(actions.filter(word => word === 'end').length, opened)
      const parts = templates.flatMap(each =>
        [...each.text.matchAll(/define "([^"]+)"/g)].map(([, part]) => part),
      )
      for (const [, part] of text.matchAll(/include "([^"]+)"/g)) assert.ok(parts.includes(part), part)
    })
  }

  it('use every value', () => {
    const all = templates.map(({ text }) => text).join('\n')
    for (const key of Object.keys(values)) assert.ok(all.includes(`.Values.${key}`), key)
  })
})

const variants: readonly (readonly [string, object, Partial<InstallOptions>])[] = [
  ['as it comes', {}, {}],
  [
    'with cert-manager',
    { certificates: { kind: 'cert-manager' } },
    { certificates: { kind: 'cert-manager' } },
  ],
  [
    'with an issuer of cert-manager',
    { certificates: { kind: 'cert-manager', issuer: 'ours' } },
    { certificates: { kind: 'cert-manager', issuer: 'ours' } },
  ],
  [
    'with files',
    { certificates: { kind: 'files', secret: 'tls', authority: 'PEM\n' } },
    { certificates: { kind: 'files', secret: 'tls', authority: 'PEM\n' } },
  ],
  [
    'with everything',
    {
      ...{ required: ['vault-agent', 'a.b'], networkPolicy: true, mesh: 'example.org', evict: true },
      ...{ failClosed: true, adopt: true, warnAll: true, catalog: { 'a.yaml': 'name: "a"\n# {{ b }}\n' } },
      ...{ replicas: 3, port: 8443, timeoutSeconds: 5, image: { repository: 'here/outrigger', tag: '2' } },
    },
    {
      ...{ required: ['vault-agent', 'a.b'], networkPolicy: true, mesh: 'example.org', evict: true },
      ...{
        failClosed: true,
        adopt: true,
        warnAll: true,
        catalogue: [{ name: 'a.yaml', text: 'name: "a"\n# {{ b }}\n' }],
      },
      ...{ replicas: 3, port: 8443, timeoutSeconds: 5, image: 'here/outrigger:2' },
    },
  ],
]

if (isOnPath('helm'))
  for (const [what, values, options] of variants)
    test(`the chart, ${what}, is what outrigger install prints but for the namespace`, async t => {
      const folder = await mkdtemp(join(tmpdir(), 'outrigger-chart-'))
      t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
      await writeFile(join(folder, 'values.yaml'), stringify(values))
      const call = [
        'template',
        'outrigger',
        chart,
        '-n',
        'outrigger-system',
        '--kube-version',
        '1.33.0',
        '-f',
        join(folder, 'values.yaml'),
      ]
      const rendered = execFileSync('helm', call, { encoding: 'utf8', env: { ...process.env, HOME: folder } })
      const image = `outrigger/outrigger:${packageFile.version}`
      const objects = installObjects({ ...DEFAULT_INSTALL, image, required: [], ...options })
      assert.deepEqual(
        comparable(parseAllDocuments(rendered).map(document => document.toJS())),
        comparable(objects.filter(({ kind }) => kind !== 'Namespace')),
      )
    })

interface Named {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly data?: Readonly<Record<string, string>>
}

/** By kind and name; the controller's file by what it says, for one writes it by hand. */
function comparable(objects: readonly unknown[]): Record<string, unknown> {
  const named = (JSON.parse(JSON.stringify(objects)) as (Named | null)[]).filter(object => object !== null)
  return Object.fromEntries(
    named.map(object => {
      const file = object.data?.['controller.yaml']
      const data = file === undefined ? {} : { data: { 'controller.yaml': parse(file) } }
      return [`${object.kind} ${object.metadata.name}`, { ...object, ...data }]
    }),
  )
}
