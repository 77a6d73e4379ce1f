// Injection beside other webhooks, which see the same pods before it, after it or in between.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { inject, uninject } from '../../src/injection/kubernetes/inject.ts'
import type { JsonObject } from '../../src/manifests/json.ts'
import { applyPatch } from '../../src/wire/json-patch/patch.ts'
import { foreignWebhooks, mutateAll } from './foreign-webhooks.ts'
import { askingTemplate } from './generated-pods.ts'
import { assertUntouched, same } from './lawful.ts'
import { sidecars } from './sidecars.ts'

describe('injection', () => {
  it('comes to the same in whatever order it and other webhooks see a pod', () => {
    const pod = askingTemplate.map(template => ({ apiVersion: 'v1', kind: 'Pod', ...template }) as JsonObject)
    fc.assert(
      fc.property(pod, foreignWebhooks, fc.nat(), (before, webhooks, cut) => {
        const early = webhooks.slice(0, cut % (webhooks.length + 1))
        const late = webhooks.slice(early.length)
        const first = once(mutateAll(before, early))
        const between = mutateAll(first, late)
        const done = once(between)
        assert.deepEqual(inject(done, sidecars).patch, [])
        assertUntouched(withoutStatus(between), withoutStatus(done))
        const alone = mutateAll(before, webhooks)
        same(applyPatch(done, uninject(done).patch), alone)
        if (!same(first, mutateAll(before, early), false)) assert.deepEqual(keys(done), keys(once(alone)))
      }),
      { numRuns: 1500 },
    )
  })
})

function once(pod: JsonObject): JsonObject {
  return applyPatch(pod, inject(pod, sidecars).patch) as JsonObject
}

function withoutStatus(pod: JsonObject): JsonObject {
  const copy = structuredClone(pod) as { metadata: { annotations?: Record<string, unknown> } }
  delete copy.metadata.annotations?.['outrigger.dev/status']
  return copy as unknown as JsonObject
}

/** Names of everything in the lists of a pod, whatever their order. */
function keys(pod: JsonObject): unknown {
  const of = (list: unknown, key: string, more: (item: JsonObject) => unknown = () => 0): unknown =>
    (Array.isArray(list) ? (list as JsonObject[]) : [])
      .map(item => [String(item[key]), more(item)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
  const spec = pod['spec'] as JsonObject
  const ours = new Set<unknown>(
    sidecars.entries.flatMap(entry => entry.containers.map(each => each.container['name'])),
  )
  const inside = (container: JsonObject): unknown =>
    !ours.has(container['name']) && [of(container['volumeMounts'], 'mountPath'), of(container['env'], 'name')]
  return {
    initContainers: of(spec['initContainers'], 'name'),
    containers: of(spec['containers'], 'name', inside),
    volumes: of(spec['volumes'], 'name'),
  }
}
