// One pod, all laws.
import assert from 'node:assert/strict'
import type { Catalogue } from '../../src/injection/catalogue/catalogue.ts'
import { inject, uninject } from '../../src/injection/kubernetes/inject.ts'
import type { InjectionContext } from '../../src/injection/kubernetes/injection.ts'
import { at, type Json, type JsonObject, type Path } from '../../src/manifests/json.ts'
import { workloads } from '../../src/manifests/workload.ts'
import { applyPatch, equal } from '../../src/wire/json-patch/patch.ts'
import { podProblems } from './pod-schema.ts'

/** Injects and holds the result to every law; whether anything was injected. */
export function assertLawful(document: Json, catalogue: Catalogue, context: InjectionContext = {}): boolean {
  const { patch } = inject(document, catalogue, context)
  assert.equal(
    JSON.stringify(inject(document, catalogue, context).patch),
    JSON.stringify(patch),
    'deterministic',
  )
  for (const { op } of patch) assert.equal(op, 'add')
  if (patch.length === 0) return false
  const after = applyPatch(document, patch) as Json
  const again = inject(after, catalogue, context)
  assert.deepEqual(again.patch, [], 'done once')
  assert.ok(again.status.some(({ reason }) => reason === 'already_injected'))
  same(applyPatch(after, uninject(after).patch), document)
  assertTaken(document, after)
  assertUntouched(document, after)
  return true
}

/** deepEqual is slow for what is equal, and `equal` says nothing of what is not. */
export function same(actual: unknown, expected: unknown, must = true): boolean {
  const is = equal(actual, expected)
  if (must && !is) assert.deepEqual(actual, expected)
  return is
}

/** What an API server takes stays so. */
function assertTaken(before: Json, after: Json): void {
  for (const { template } of workloads(before))
    if (podProblems(templateAt(before, template)).length === 0)
      assert.deepEqual(podProblems(templateAt(after, template)), [])
}

function templateAt(document: Json, path: Path): unknown {
  const { metadata, spec } = at(document, path) as JsonObject
  return { metadata, spec }
}

/** Every value of the document is found in the injected one: members by name, items of lists in their order. */
export function assertUntouched(before: Json, after: Json, path = ''): void {
  if (before === null) return
  if (Array.isArray(before)) {
    assert.ok(Array.isArray(after), path)
    let from = 0
    for (const [index, item] of before.entries()) {
      const found = after.findIndex((each, place) => place >= from && isWithin(item, each))
      assert.ok(found >= 0, `${path}/${index} is not there any more`)
      from = found + 1
    }
  } else if (typeof before === 'object')
    for (const [key, value] of Object.entries(before))
      assertUntouched(value, (after as JsonObject)[key] as Json, `${path}/${key}`)
  else assert.equal(after, before, path)
}

function isWithin(before: Json, after: Json): boolean {
  if (before === null || before === after) return true
  if (typeof before !== 'object' || typeof after !== 'object' || after === null) return false
  if (!Array.isArray(before))
    return Object.entries(before).every(([key, value]) =>
      isWithin(value, ((after as JsonObject)[key] ?? null) as Json),
    )
  if (!Array.isArray(after)) return false
  let from = 0
  return before.every(item => {
    const found = after.findIndex((each, place) => place >= from && isWithin(item, each))
    from = found + 1
    return found >= 0
  })
}
