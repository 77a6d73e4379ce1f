// What comes of Compose files with the catalogue that comes with the product: every entry with a form for Compose, in
// every mode, and the example.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it, test } from 'node:test'
import { stringify } from 'yaml'
import { fakeIo } from '../../src/cli/io-fake.ts'
import { main } from '../../src/cli/main.ts'
import { injectCompose } from '../../src/injection/compose/injector.ts'
import { uninjectCompose } from '../../src/injection/compose/uninject.ts'
import { checks } from '../../src/lint/checks/index.ts'
import { linted } from '../../src/lint/lint-fake.ts'
import { at, type JsonObject } from '../../src/manifests/json.ts'
import { readManifests } from '../../src/manifests/read.ts'
import { applyPatch } from '../../src/wire/json-patch/patch.ts'
import { entries, reading } from '../catalog/entries.ts'
import { buildLoader, verdicts } from './loader.ts'
import { composeViolations } from './schema.ts'

const root = dirname(dirname(import.meta.dirname))
const folder = await mkdtemp(join(tmpdir(), 'outrigger-compose-'))
const loader = await buildLoader(join(folder, 'loader'))
after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))

/** What an entry must be told before it can be injected. */
const SETTINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  envoy: { 'envoy.upstreams': '[{"name":"stock","port":15010,"host":"stock","hostPort":8080}]' },
  'database-proxy': { 'database-proxy.servers': 'db-1:5432,db-2:5432' },
  opa: { 'opa.policies.configMap': 'policies' },
  'otel-collector': { 'otel-collector.endpoint': 'otel:4317' },
  pgbouncer: { 'pgbouncer.host': 'db' },
}

function injected(document: JsonObject, settings: Readonly<Record<string, string>> = {}) {
  const result = injectCompose(document, reading.catalogue, { settings })
  return { ...result, file: applyPatch(document, result.patch) as JsonObject }
}

describe('an entry with a form for Compose', () => {
  for (const entry of entries.filter(({ compose }) => compose !== undefined))
    for (const mode of ['network', 'pause', 'none'])
      it(`${entry.name} goes into a file by mode ${mode}, which Compose takes and the checks find nothing in`, async () => {
        const document: JsonObject = {
          services: {
            web: {
              image: 'mycompany/webapp:v2.1',
              ports: ['8080:8080'],
              'x-outrigger': { inject: entry.name, 'compose.mode': mode },
            },
          },
        }
        const { file, findings, status } = injected(document, SETTINGS[entry.name])
        const wrong = findings.filter(({ severity }) => severity === 'error')
        assert.deepEqual(wrong, [])
        assert.equal(status[0]?.outcome, 'injected')
        assert.deepEqual(composeViolations(file), [])
        if (loader !== undefined) assert.deepEqual(await verdicts(loader, [file]), ['ok'])
        const found = linted(stringify(file), { checks: checks.filter(({ id }) => id > 'SC100') }).findings
        assert.deepEqual(
          found.map(({ check, message }) => `${check} ${message}`),
          [],
        )
        assert.deepEqual(applyPatch(file, uninjectCompose(file).patch), document)
      })
})

describe('examples/compose', () => {
  const text = readFileSync(join(root, 'examples/compose/compose.yaml'), 'utf8')
  const document = readManifests('compose.yaml', text).documents[0]!.value as JsonObject
  const { file, status } = injected(document)

  it('gets its sidecars, and they can be taken out again', () => {
    assert.deepEqual(
      status.map(({ workload, reason, outcome }) => `${workload.name}: ${reason ?? outcome}`),
      ['web: injected', 'api: injected', 'stock: not_asked', 'db: not_asked'],
    )
    assert.deepEqual(applyPatch(file, uninjectCompose(file).patch), document)
  })

  it('has sidecars whose configurations are valid', async () => {
    const configs = Object.entries(at(file, ['configs']) as Record<string, { content: string }>)
    assert.equal(configs.length, 2)
    for (const [name, { content }] of configs) {
      const path = join(folder, name)
      await writeFile(path, content.replaceAll('$$', '$'))
      const io = fakeIo({ cwd: folder })
      assert.equal(await main(['check', '-c', path], io), 0, `${io.stderr.text}\n${content}`)
    }
  })

  it('is given back by uninject as it was, but for the form of what had to change', async () => {
    const io = fakeIo({ cwd: root })
    await writeFile(join(folder, 'compose.yaml'), text)
    assert.equal(await main(['inject', join(folder, 'compose.yaml')], io), 0, io.stderr.text)
    await writeFile(join(folder, 'injected.yaml'), io.stdout.text)
    const back = fakeIo({ cwd: root })
    assert.equal(await main(['uninject', join(folder, 'injected.yaml')], back), 0, back.stderr.text)
    assert.equal(
      back.stdout.text.replace('depends_on:\n      - api\n', 'depends_on: [api]\n'),
      text,
      'all comments, and the bytes of everything else',
    )
  })
})

describe('docs/compose.md', () => {
  const page = readFileSync(join(root, 'docs/compose.md'), 'utf8')
  const blocks = [...page.matchAll(/^```yml\n([\s\S]*?)^```$/gm)].map(match => match[1]!)
  for (const [index, block] of blocks.entries())
    test(`file ${index + 1} can be injected into, and Compose takes what comes of it`, async () => {
      const { documents, problems } = readManifests('compose.yaml', block)
      assert.deepEqual(problems, [])
      const { file, findings, status } = injected(documents[0]!.value as JsonObject)
      assert.deepEqual(
        findings.filter(({ severity }) => severity === 'error'),
        [],
      )
      assert.ok(status.some(({ outcome }) => outcome === 'injected'))
      if (loader !== undefined) assert.deepEqual(await verdicts(loader, [file]), ['ok'])
    })
})
