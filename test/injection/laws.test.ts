// The laws of injection (docs/injection.md), each over generated pods.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { inject, uninject } from '../../src/injection/kubernetes/inject.ts'
import type { InjectionContext } from '../../src/injection/kubernetes/injection.ts'
import { at, type Json, type JsonObject, type Path } from '../../src/manifests/json.ts'
import { workloads } from '../../src/manifests/workload.ts'
import { applyPatch } from '../../src/wire/json-patch/patch.ts'

import { askingTemplate, bareTemplate, documentOf } from './generated-pods.ts'
import { podProblems } from './pod-schema.ts'
import { sidecars } from './sidecars.ts'

const RUNS = 10_000

const contexts = fc.constantFrom<InjectionContext>(
  {},
  {},
  { kubernetes: { major: 1, minor: 33 }, openshift: true },
  { namespace: { name: 'shop', annotations: { 'outrigger.dev/logs.path': '/tmp' } } },
)
const asking = fc.constantFrom<InjectionContext>(
  { inject: 'logs,proxy,secrets' },
  { inject: 'logs', settings: { 'logs.path': '/data' } },
)

describe(`over ${RUNS} generated pods`, () => {
  it('injection can be undone, value for value, and is done once', () => {
    let injected = 0
    fc.assert(
      fc.property(
        fc.oneof(fc.tuple(documentOf(askingTemplate), contexts), fc.tuple(documentOf(bareTemplate), asking)),
        ([document, context]) => {
          const { patch, status } = inject(document, sidecars, context)
          assert.deepEqual(inject(document, sidecars, context).patch, patch)
          if (patch.length === 0) return
          injected++
          const after = applyPatch(document, patch) as Json
          assert.deepEqual(inject(after, sidecars, context).patch, [])
          assert.deepEqual(inject(after, sidecars, context).status[0]?.reason, 'already_injected')
          assert.deepEqual(applyPatch(after, uninject(after).patch), document)
          assert.equal(status.at(-1)?.outcome, 'injected')
          assertTaken(document, after)
          assertUntouched(document, after)
        },
      ),
      { numRuns: RUNS },
    )
    assert.ok(injected > RUNS / 3, `only ${injected} were injected`)
  })
})

/** What an API server takes stays so. */
function assertTaken(before: Json, after: Json): void {
  for (const { template } of workloads(before)) {
    const problems = podProblems(templateAt(before, template))
    if (problems.length === 0) assert.deepEqual(podProblems(templateAt(after, template)), [])
  }
}

function templateAt(document: Json, path: Path): unknown {
  const { metadata, spec } = at(document, path) as JsonObject
  return { metadata, spec }
}

/** Every value of the document is found in the injected one: members by name, items of lists in their order. */
function assertUntouched(before: Json, after: Json, path = ''): void {
  if (before === null) return
  if (Array.isArray(before)) {
    assert.ok(Array.isArray(after), path)
    let from = 0
    for (const [index, item] of before.entries()) {
      const found = after.findIndex((each, place) => place >= from && contains(item, each))
      assert.ok(found >= 0, `${path}/${index} is not there any more`)
      from = found + 1
    }
  } else if (typeof before === 'object')
    for (const [key, value] of Object.entries(before))
      assertUntouched(value, (after as JsonObject)[key] as Json, `${path}/${key}`)
  else assert.equal(after, before, path)
}

function contains(before: Json, after: Json): boolean {
  try {
    assertUntouched(before, after)
    return true
  } catch {
    return false
  }
}
