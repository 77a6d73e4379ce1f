// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of annotations
// What the entry `outrigger` generates is read by the program that it is for.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { loadConfiguration } from '../../src/kernel/config/load.ts'
import { at, type Json } from '../../src/manifests/json.ts'
import { modules } from '../../src/modules/registry.ts'
import { entryNamed, FACTS, fileOf, rendered, textsOf } from './entries.ts'

const entry = entryNamed('outrigger')
let folder = ''
let count = 0

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'outrigger-entry-'))
})
after(() => rmSync(folder, { recursive: true, maxRetries: 9 }))

/** The environment that the container gets. */
function environmentOf(container: Json): Record<string, string> {
  const variables = (at(container, ['env']) ?? []) as { name: string; value?: string }[]
  return Object.fromEntries(variables.map(({ name, value }) => [name, value ?? 'from-elsewhere']))
}

async function load(texts: Readonly<Record<string, string>>) {
  const result = rendered(entry, texts)
  const file = join(folder, `${++count}.yaml`)
  writeFileSync(file, fileOf(result, 'outrigger.yaml'))
  const environment = environmentOf(result.containers[0]!.container)
  const loaded = await loadConfiguration({ files: [file], environment, modules })
  if (!loaded.ok) throw new Error(`${loaded.report}\n${fileOf(result, 'outrigger.yaml')}`)
  return { configuration: loaded.configuration, result }
}

/** Ports that a pod asks for twice are its own mistake. */
function portsCollide(texts: Readonly<Record<string, string>>): boolean {
  const upstreams = JSON.parse(texts['proxy.upstreams'] ?? '[]') as { name: string; port: number }[]
  const ports = [
    ...[4600, 4601, 15001, 15006],
    Number(texts['proxy.inbound.port'] ?? 15080),
    Number(texts['proxy.services.port'] ?? 15000),
    Number(texts['proxy.forward.port'] ?? 0),
    ...upstreams.map(({ port }) => port),
  ]
  const names = [
    'services',
    'inbound',
    'forward',
    'captured-inbound',
    'captured-outbound',
    'application',
    ...upstreams.map(({ name }) => name),
  ]
  return new Set(ports).size < ports.length || new Set(names).size < names.length
}

describe('the configuration of our own sidecar', () => {
  test('is taken by outrigger check, for whatever a pod asks of it', { timeout: 120_000 }, async () => {
    const texts = textsOf(entry, ['logs.drop', 'logs.pattern'])
    const conditions = fc.constantFrom('status >= 500', 'path == "/healthz" and not exists(error)')
    const patterns = fc.constantFrom('^(?<level>\\w+) (?<message>.*)$', '^(?<all>.*)$')
    await fc.assert(
      fc.asyncProperty(texts, fc.option(conditions), patterns, async (given, drop, pattern) => {
        fc.pre(!portsCollide(given))
        await load({ ...given, 'logs.pattern': pattern, ...(drop !== null && { 'logs.drop': drop }) })
      }),
      { numRuns: 300 },
    )
  })

  test('has the modules that were asked for', async () => {
    for (const [asked, expected] of [
      ['logs', ['logs']],
      ['proxy', ['proxy']],
      ['logs,proxy', ['logs', 'proxy']],
    ] as const) {
      const { configuration } = await load({ modules: asked })
      assert.deepEqual([...configuration.modules.keys()], expected)
    }
  })

  test('takes credentials from a Secret and never from an annotation', async () => {
    const { result } = await load({
      'logs.output': 'elasticsearch',
      'logs.elasticsearch.url': 'https://es:9200',
      'logs.elasticsearch.auth': 'basic',
      'logs.elasticsearch.secret': 'es-user',
    })
    assert.match(fileOf(result, 'outrigger.yaml'), /password: \$\{ELASTICSEARCH_PASSWORD\}/)
    const variables = at(result.containers[0]!.container, ['env']) as unknown as {
      name: string
      valueFrom: Json
    }[]
    const password = variables.find(({ name }) => name === 'ELASTICSEARCH_PASSWORD')
    assert.deepEqual(password?.valueFrom, { secretKeyRef: { name: 'es-user', key: 'password' } })
  })

  test('cannot be made to read another variable of the sidecar', () => {
    for (const [name, text] of [
      ['logs.fields', '{"a": "${ELASTICSEARCH_PASSWORD}"}'],
      ['logs.drop', 'message == "${ELASTICSEARCH_PASSWORD}"'],
      ['logs.pattern', '${ELASTICSEARCH_PASSWORD}'],
      ['logs.path', '/${HOME}'],
    ] as const)
      assert.throws(() => rendered(entry, { [name]: text }), /expected/, name)
  })

  test('captures connections by an init container, only when asked', () => {
    assert.deepEqual(rendered(entry, { modules: 'proxy' }).initContainers, [])
    const { initContainers } = rendered(entry, {
      modules: 'proxy',
      'proxy.capture': 'true',
      'proxy.capture.excludeOutboundPorts': '5432',
    })
    assert.deepEqual(at(initContainers[0]!.container, ['args']), [
      'capture',
      'apply',
      '--exclude-uid=1337',
      '--exclude-inbound-ports=4601',
      '--exclude-outbound-ports=5432',
    ])
  })

  test('listens for kubelet where its probe asks', async () => {
    const { configuration, result } = await load({})
    const port = at(result.containers[0]!.container, ['startupProbe', 'httpGet', 'port'])
    assert.deepEqual(configuration.effective()['admin'], {
      listen: '127.0.0.1:4600',
      hosts: [],
      public: `0.0.0.0:${port}`,
    })
  })

  test('needs no downward API in Compose', () => {
    const { files } = rendered(entry, {}, { ...FACTS, target: 'compose' })
    assert.doesNotMatch(files[0]!.text, /POD_NAME/)
  })
})
