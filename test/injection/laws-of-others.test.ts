// The laws of injection over pods that say nothing of it themselves, and over pods with fields that nobody knows.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import type { InjectionContext } from '../../src/injection/kubernetes/injection.ts'
import { askingTemplate, bareTemplate, documentOf, withUnknownField } from './generated-pods.ts'
import { assertLawful } from './lawful.ts'
import { sidecars } from './sidecars.ts'

const callers = fc.constantFrom<InjectionContext>(
  { inject: 'logs,proxy,secrets' },
  { inject: 'logs', settings: { 'logs.path': '/data' } },
)

for (const [what, documents, contexts] of [
  ['that the caller asks for', documentOf(bareTemplate), callers],
  ['with unknown fields', withUnknownField(documentOf(askingTemplate)), fc.constant<InjectionContext>({})],
] as const)
  it(`injection into pods ${what} is done once and can be undone, and touches nothing`, () => {
    let injected = 0
    fc.assert(
      fc.property(documents, contexts, (document, context) => {
        if (assertLawful(document, sidecars, context)) injected++
      }),
      { numRuns: 2500 },
    )
    assert.ok(injected > 1000, `only ${injected} of 2,500 were injected`)
  })
