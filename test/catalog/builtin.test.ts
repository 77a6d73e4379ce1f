import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { renderReport } from '../../src/kernel/config/report.ts'
import { at, type Json } from '../../src/manifests/json.ts'
import { parseQuantity } from '../../src/manifests/quantity.ts'
import { entries, entryNamed, FACTS, files, reading, rendered, textsOf } from './entries.ts'

test('every entry that comes with the product is without a mistake', () => {
  const report = renderReport(
    reading.problems,
    files.map(({ name }) => name),
  )
  assert.equal(reading.problems.length, 0, report)
  assert.equal(entries.length, files.length)
})

test('all that was promised is there', () => {
  const names = entries.map(({ name }) => name)
  const promised = [
    'outrigger',
    'fluent-bit',
    'envoy',
    'vault-agent',
    'opa',
    'dapr',
    'otel-collector',
    'statsd-exporter',
    'redis-exporter',
    'postgres-exporter',
    'nginx-exporter',
    'cloud-sql-proxy',
    'pgbouncer',
    'database-proxy',
    'git-sync',
    'oauth2-proxy',
    'tls-proxy',
  ]
  assert.deepEqual(
    promised.filter(name => !names.includes(name)),
    [],
  )
})

test('our own image is that of this version', () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'))
  const { containers, initContainers, compose } = rendered(entryNamed('outrigger'), {
    modules: 'proxy',
    'proxy.capture': 'true',
  })
  const images = [...containers, ...initContainers].map(({ container }) => container['image'])
  for (const image of [...images, compose?.service['image']])
    assert.equal(image, `outrigger/outrigger:${version}`)
})

for (const entry of entries) {
  describe(entry.name, () => {
    test('is what a cluster takes, for whatever a pod asks of it', () => {
      fc.assert(
        fc.property(textsOf(entry), texts => {
          const result = rendered(entry, texts)
          assert.ok(result.containers.length > 0)
          for (const { container } of [...result.containers, ...result.initContainers]) {
            for (const name of ['cpu', 'memory']) {
              const request = parseQuantity(at(container, ['resources', 'requests', name]))!
              const limit = parseQuantity(at(container, ['resources', 'limits', name]))!
              assert.ok(request > 0 && request <= limit, `${name}: ${request} of ${limit}`)
            }
            const mounts = (at(container, ['volumeMounts']) ?? []) as { name: string }[]
            const volumes = new Set(result.volumes.map(volume => volume['name']))
            assert.deepEqual(
              mounts.filter(({ name }) => !volumes.has(name)),
              [],
            )
            assert.deepEqual(emptyVariables(container), [])
            const ports = ((at(container, ['ports']) ?? []) as { containerPort: number }[]).map(
              each => each.containerPort,
            )
            assert.ok(ports.every(port => Number.isInteger(port)))
          }
          assert.deepEqual(templateWords(result as unknown as Json), [])
        }),
        { numRuns: 60 },
      )
    })

    test('is the same bytes for the same values', () => {
      fc.assert(
        fc.property(textsOf(entry), texts =>
          assert.deepEqual(rendered(entry, texts), rendered(entry, texts)),
        ),
        { numRuns: 5 },
      )
    })

    if (entry.compose !== undefined)
      test('has a form in Compose without leftovers of a template', () => {
        fc.assert(
          fc.property(textsOf(entry), texts => {
            const { compose } = rendered(entry, texts, { ...FACTS, target: 'compose' })
            assert.ok(['network', 'pause', 'none', undefined].includes(compose!.mode))
            assert.deepEqual(templateWords(compose as unknown as Json), [])
          }),
          { numRuns: 20 },
        )
      })
  })
}

/** Variables that lost their value: an empty one would be something else. */
function emptyVariables(container: Json): Json[] {
  const variables = (at(container, ['env']) ?? []) as { value?: Json; valueFrom?: Json }[]
  return variables.filter(({ value, valueFrom }) => value === undefined && valueFrom === undefined) as Json[]
}

/** `$when` and the like where they should have been used up. */
function templateWords(value: Json): string[] {
  if (typeof value !== 'object' || value === null) return []
  const own = Array.isArray(value) ? [] : Object.keys(value).filter(key => key.startsWith('$'))
  return [...own, ...Object.values(value).flatMap(templateWords)]
}
