// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are places of templates
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import type { Json } from '../../manifests/json.ts'
import type { Facts } from './catalogue.ts'
import type { Entry } from './entry.ts'
import { render } from './render.ts'
import { TooLarge } from './values.ts'

const FACTS: Facts = {
  app: { container: 'web', port: 8080, ports: [8080] },
  workload: { kind: 'Deployment', name: 'web' },
  namespace: 'shop',
  target: 'kubernetes',
}

function entry(fields: Partial<Entry>): Entry {
  const lists = {
    containers: [],
    initContainers: [],
    volumes: [],
    shared: [],
    files: [],
    application: [],
    waivers: [],
  }
  const head = { name: 'e', version: '1.0.0', hash: '', purpose: '', owner: '', required: false, order: 50 }
  return {
    ...head,
    requires: [],
    conflicts: [],
    replaces: [],
    aliases: {},
    parameters: {},
    ...lists,
    pod: {},
    ...fields,
  }
}

function fileText(
  format: 'yaml' | 'json' | 'text',
  content: Json,
  values: Readonly<Record<string, Json>> = {},
): string {
  return render(entry({ files: [{ path: '/etc/e/e.conf', format, content }] }), values, FACTS).files[0]!.text
}

describe('an entry for one pod', () => {
  test('has its places filled with parameters and facts', () => {
    const { containers, volumes, shared, pod } = render(
      entry({
        containers: [{ form: 'auto', container: { name: 'e', args: ['--port=${app.port}', '${level}'] } }],
        volumes: [{ $when: 'cache', name: 'cache', emptyDir: {} }],
        shared: [{ name: 'logs', path: '${path}', sidecar: 'read', application: 'write', sizeLimit: '1Mi' }],
        pod: { labels: { app: '${workload.name}' } },
      }),
      { level: 'info', path: '/logs' },
      FACTS,
    )
    assert.deepEqual(containers[0]?.container, { name: 'e', args: ['--port=8080', 'info'] })
    assert.deepEqual(volumes, [])
    assert.deepEqual([shared[0]?.path, shared[0]?.sidecarPath], ['/logs', '/logs'])
    assert.deepEqual(pod, { labels: { app: 'web' } })
  })

  test('has only the containers and files whose conditions hold', () => {
    const template = entry({
      initContainers: [{ $when: 'setup', form: 'auto', container: { name: 'setup' } }],
      files: [{ $when: '!setup', path: '/etc/e/a.txt', format: 'text', content: ['a'] }],
    })
    const [yes, no] = [true, false].map(setup => render(template, { setup }, FACTS))
    assert.deepEqual([yes?.initContainers.length, yes?.files.length], [1, 0])
    assert.deepEqual([no?.initContainers.length, no?.files.length], [0, 1])
    assert.equal('$when' in (yes?.initContainers[0] ?? {}), false)
  })

  test('is refused when values would make it larger than a pod may be', () => {
    const list = Array.from({ length: 60_000 }, () => 'x')
    assert.throws(() => fileText('text', [{ $each: 'list', $item: '${item}' }], { list }), TooLarge)
  })
})

describe('a generated file', () => {
  test('of lines has a line feed at its end', () => {
    assert.equal(fileText('text', ['a ${x}', { $when: 'no', $value: 'b' }, 'c'], { x: 1 }), 'a 1\nc\n')
  })

  test('of JSON is JSON', () => {
    assert.deepEqual(JSON.parse(fileText('json', { a: '${x}' }, { x: ['"', '\n'] })), { a: ['"', '\n'] })
  })

  for (const text of [
    'on',
    'yes',
    'NO',
    '1:30',
    '0777',
    '1e3',
    '~',
    'null',
    '2026-01-01',
    '=',
    '<<',
    '!!x',
    '*a',
    '&a',
    '%a',
  ])
    test(`of YAML keeps the text ${text} a text, for readers of YAML 1.1 and 1.2`, () => {
      const yaml = fileText('yaml', { a: '${x}', b: [text] }, { x: text })
      for (const version of ['1.1', '1.2'] as const)
        assert.deepEqual(parse(yaml, { version }), { a: text, b: [text] })
    })

  test('of YAML gives any value back', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.string({ unit: 'binary' }), (given, text) => {
        const value = { given: given as Json, text }
        const yaml = fileText('yaml', { value: '${value}' }, { value })
        assert.deepEqual(JSON.parse(JSON.stringify(parse(yaml))), JSON.parse(JSON.stringify({ value })))
      }),
    )
  })
})
