// Documents in which anything may stand anywhere.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { inject, statusOf, uninject } from '../../src/injection/kubernetes/inject.ts'
import type { Json } from '../../src/manifests/json.ts'
import { applyPatch } from '../../src/wire/json-patch/patch.ts'
import { hostileDocument } from './generated-pods.ts'
import { sidecars } from './sidecars.ts'

describe('injection', () => {
  it('says what is wrong with whatever it is given, and throws for nothing', () => {
    fc.assert(
      fc.property(hostileDocument, fc.boolean(), (document, adopt) => {
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
      { numRuns: 3000 },
    )
  })
})
