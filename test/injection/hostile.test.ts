// Documents in which anything may stand anywhere.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { inject, statusOf, uninject } from '../../src/injection/kubernetes/inject.ts'
import type { Json, JsonObject } from '../../src/manifests/json.ts'
import { applyPatch } from '../../src/wire/json-patch/patch.ts'
import { askingTemplate, documentOf, hostile, replaceAt } from './generated-pods.ts'
import { sidecars } from './sidecars.ts'

const asking = documentOf(askingTemplate)

describe('injection', () => {
  it('says what is wrong with whatever it is given, and throws for nothing', () => {
    fc.assert(
      fc.property(hostile(asking), fc.boolean(), (document, adopt) => {
        const { patch, findings, status } = inject(document, sidecars, { adopt })
        for (const { outcome, reason } of status) assert.equal(outcome === 'injected', reason === undefined)
        if (status.some(({ outcome }) => outcome === 'failed'))
          assert.ok(findings.some(({ severity }) => severity === 'error'))
        const after = applyPatch(document, patch) as Json
        assert.deepEqual(inject(after, sidecars, { adopt }).patch, [])
        uninject(document)
        statusOf(document, sidecars)
        statusOf(after, sidecars)
      }),
      { numRuns: 2500 },
    )
  })

  it('trusts no status, whatever stands in it and whatever has become of the pod since', () => {
    const injected = asking.map(
      document => applyPatch(document, inject(document, sidecars).patch) as JsonObject,
    )
    fc.assert(
      fc.property(hostile(injected), fc.nat(), fc.json(), (pod, where, value) => {
        const document = withStatus(pod, status => replaceAt(status, where, JSON.parse(value) as Json))
        const { patch } = inject(document, sidecars)
        const after = applyPatch(document, patch) as Json
        assert.deepEqual(inject(after, sidecars).patch, [])
        applyPatch(document, uninject(document).patch)
        statusOf(document, sidecars)
      }),
      { numRuns: 1500 },
    )
  })
})

/** With every status annotation edited from the inside. */
function withStatus(value: Json, edit: (status: Json) => Json): Json {
  if (Array.isArray(value)) return value.map(item => withStatus(item, edit))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === 'outrigger.dev/status' && typeof member === 'string'
        ? editJson(member, edit)
        : withStatus(member, edit),
    ]),
  )
}

/** The text of `edit` of the JSON in `text`; `text` itself when that is no JSON. */
function editJson(text: string, edit: (value: Json) => Json): string {
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch {
    return text
  }
  return JSON.stringify(edit(value))
}
