import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { container, entry, exporter, logsAndProxy, secrets } from '../../../test/injection/sidecars.ts'
import type { Json } from '../../manifests/json.ts'
import { catalogueOf } from '../catalogue/find.ts'
import { inject } from './inject.ts'
import type { InjectionContext } from './injection.ts'
import { asking } from './pod-fake.ts'

describe('entries that belong together', () => {
  const needy = entry('needy', { requires: ['logs'] })
  const rival = entry('rival', { conflicts: ['exporter', 'mesh'] })
  const better = entry('better', { replaces: ['exporter'] })
  const modern = entry('modern', { kubernetes: '>=1.30' })
  const plain = entry('plain', {
    volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
  })
  const twin = entry('twin', { containers: [{ form: 'auto', container: container('exporter') }] })
  const catalogue = catalogueOf([exporter, logsAndProxy, secrets, needy, rival, better, modern, plain, twin])
  const cases: readonly (readonly [
    what: string,
    document: Json,
    context: InjectionContext,
    reason: string | undefined,
  ])[] = [
    ['fail without what they require', asking('needy'), {}, 'missing_requirement'],
    ['are injected with what they require', asking('needy,logs'), {}, undefined],
    ['fail beside what they conflict with', asking('rival,exporter'), {}, 'conflict'],
    [
      'fail beside a container that they conflict with',
      asking('rival', { containers: [{ name: 'mesh' }] }),
      {},
      'conflict',
    ],
    ['fail with containers of one name', asking('twin,exporter'), {}, 'conflict'],
    [
      'fail on a cluster that is too old',
      asking('modern'),
      { kubernetes: { major: 1, minor: 29 } },
      'kubernetes_version',
    ],
    [
      'are injected on one that is new enough',
      asking('modern'),
      { kubernetes: { major: 1, minor: 30 } },
      undefined,
    ],
    [
      'fail when they need a token that the pod does not want',
      asking('plain', { automountServiceAccountToken: false }),
      {},
      'service_account_token',
    ],
    [
      'are injected with a token of their own',
      asking('secrets', { automountServiceAccountToken: false }),
      {},
      undefined,
    ],
  ]
  for (const [what, document, context, reason] of cases)
    it(what, () => assert.equal(inject(document, catalogue, context).status[0]?.reason, reason))

  it('take the place of those that they replace', () => {
    const result = inject(asking('better,exporter'), catalogue)
    assert.deepEqual(
      result.status[0]?.status?.entries.map(({ name }) => name),
      ['better'],
    )
    assert.ok(result.findings.some(({ code }) => code === 'replaced-entry'))
  })
})
