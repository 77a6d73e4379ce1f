// Manifests as people have them, with the catalogue that comes with the product.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { inject } from '../../src/injection/kubernetes/inject.ts'
import type { InjectionContext } from '../../src/injection/kubernetes/injection.ts'
import { at, type Json, type JsonObject } from '../../src/manifests/json.ts'
import { readManifests } from '../../src/manifests/read.ts'
import { containersOf, workloads } from '../../src/manifests/workload.ts'
import { applyPatch } from '../../src/wire/json-patch/patch.ts'
import { assertLawful } from './lawful.ts'
import { NEEDED } from './needed.ts'
import { ownCatalogue } from './own-catalogue.ts'
import { podProblems } from './pod-schema.ts'

const folder = join(import.meta.dirname, '../golden/injection')
const catalogue = ownCatalogue()
const CONTEXTS: readonly (readonly [string, InjectionContext])[] = [
  ['on a new cluster', {}],
  ['on an old cluster', { kubernetes: { major: 1, minor: 28 } }],
  ['on OpenShift', { openshift: true }],
]

function read(file: string): Json[] {
  const { documents, problems } = readManifests(file, readFileSync(join(folder, file), 'utf8'))
  assert.deepEqual(problems, [])
  return documents.map(({ value }) => value)
}

describe('the laws hold for', () => {
  for (const file of readdirSync(folder).filter(name => !name.endsWith('.txt')))
    for (const [where, context] of CONTEXTS)
      it(`${file} ${where}`, () => {
        const injected = read(file).filter(document => assertLawful(document, catalogue, context))
        assert.ok(injected.length > 0, 'nothing was injected')
      })
})

describe('every sidecar of the catalogue', () => {
  for (const { name } of catalogue.entries)
    it(`${name} gives a pod that an API server takes`, () => {
      const settings = NEEDED[name] ?? {}
      const app = { name: 'app', image: 'app:1', ports: [{ containerPort: 8080 }] }
      const annotations = { 'outrigger.dev/inject': name }
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'a', annotations },
        spec: { containers: [app] },
      }
      assert.deepEqual(
        inject(pod, catalogue, { settings }).findings.filter(each => each.severity === 'error'),
        [],
      )
      assert.ok(assertLawful(pod, catalogue, { settings }))
    })
})

describe('the application with a log collector beside it', () => {
  const [byHand] = read('sidecar-pattern-by-hand.txt')
  const [asking] = read('sidecar-pattern.yaml')

  /** What the collector has of the application, and what bounds it. */
  function collector(document: Json): unknown {
    const pod = at(document, workloads(document)[0]!.template)
    assert.deepEqual(podProblems(pod), [])
    const containers = containersOf(pod)
    const [app, ...more] = containers.filter(({ name }) => name === 'webapp')
    const [sidecar, ...others] = containers.filter(({ name }) => name !== 'webapp')
    assert.deepEqual([more.length, others.length], [0, 0])
    const volumes = at(pod, ['spec', 'volumes']) as JsonObject[]
    const mounts = sidecar!.container['volumeMounts'] as JsonObject[]
    const volumeAt = (path: RegExp): JsonObject | undefined => {
      const name = mounts.find(({ mountPath }) => path.test(String(mountPath)))?.['name']
      return volumes.find(each => each['name'] === name)
    }
    const limits = at(sidecar!.container, ['resources', 'limits']) as JsonObject
    return {
      application: app!.container,
      logs: mounts.filter(({ mountPath }) => mountPath === '/var/log/app'),
      logsVolume: volumes.find(({ name }) => name === 'shared-logs'),
      configured: volumeAt(/\/etc(\/|$)/) !== undefined,
      limited: Object.keys(limits).sort(),
    }
  }

  it('is what one annotation gives', () => {
    const { patch, findings } = inject(asking!, catalogue)
    assert.deepEqual(findings, [])
    assert.deepEqual(collector(applyPatch(asking, patch) as Json), collector(byHand!))
  })

  it('is what one annotation gives where even the volume has to be made', () => {
    const without = applyPatch(asking, [
      { op: 'remove', path: '/spec/template/spec/volumes' },
      { op: 'remove', path: '/spec/template/spec/containers/0/volumeMounts' },
    ]) as Json
    const after = applyPatch(without, inject(without, catalogue).patch) as Json
    const { logs, application } = collector(after) as { logs: JsonObject[]; application: JsonObject }
    const [own] = application['volumeMounts'] as JsonObject[]
    assert.deepEqual(logs, [{ name: own!['name'], mountPath: '/var/log/app', readOnly: true }])
    assert.deepEqual(own, { name: own!['name'], mountPath: '/var/log/app' })
  })
})
