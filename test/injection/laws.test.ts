// The laws of injection (docs/injection.md) over 5,000 generated pods; laws-of-others.test.ts has as many.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import type { InjectionContext } from '../../src/injection/kubernetes/injection.ts'
import { askingTemplate, documentOf } from './generated-pods.ts'
import { assertLawful } from './lawful.ts'
import { sidecars } from './sidecars.ts'

const contexts = fc.constantFrom<InjectionContext>(
  {},
  {},
  { kubernetes: { major: 1, minor: 33 }, openshift: true },
  { namespace: { name: 'shop', annotations: { 'outrigger.dev/logs.path': '/tmp' } } },
)

it('injection is done once, can be undone value for value, touches nothing and leaves valid pods valid', () => {
  let injected = 0
  fc.assert(
    fc.property(documentOf(askingTemplate), contexts, (document, context) => {
      if (assertLawful(document, sidecars, context)) injected++
    }),
    { numRuns: 5000 },
  )
  assert.ok(injected > 3000, `only ${injected} of 5,000 were injected`)
})
