import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ownCatalogue } from '../../../../test/injection/own-catalogue.ts'
import { at, type Json, type JsonObject } from '../../../manifests/json.ts'
import { applyPatch } from '../../../wire/json-patch/patch.ts'
import { catalogueOf } from '../../catalogue/find.ts'
import { inject } from '../inject.ts'
import type { InjectionContext } from '../injection.ts'
import { pod } from '../pod-fake.ts'

const catalogue = ownCatalogue()
/** What Dapr's own injector finds by itself. */
const COMPONENTS = { 'outrigger.dev/dapr.components': 'components' }

function adopted(annotations: JsonObject, context: InjectionContext = {}, metadata: JsonObject = {}) {
  const document = pod(annotations, {}, metadata)
  const result = inject(document, catalogue, { adopt: true, ...context })
  const after = applyPatch(document, result.patch) as Json
  const entries = result.status[0]?.status?.entries.map(({ name }) => name)
  const untold = result.findings.filter(({ code }) => code === 'not-adopted').map(({ path }) => path.at(-1))
  return { ...result, after, entries, untold }
}

describe('annotations of another injector', () => {
  const asks: readonly (readonly [
    what: string,
    run: () => ReturnType<typeof adopted>,
    entry: string | undefined,
  ])[] = [
    ['of Istio', () => adopted({ 'sidecar.istio.io/inject': 'true' }), 'outrigger'],
    [
      'of Istio as a label',
      () => adopted({}, {}, { labels: { 'sidecar.istio.io/inject': 'true' } }),
      'outrigger',
    ],
    [
      'of Istio for the namespace',
      () => adopted({}, { namespace: { name: 'a', labels: { 'istio-injection': 'enabled' } } }),
      'outrigger',
    ],
    [
      'of Istio against the namespace',
      () =>
        adopted(
          { 'sidecar.istio.io/inject': 'false' },
          { namespace: { name: 'a', labels: { 'istio-injection': 'enabled' } } },
        ),
      undefined,
    ],
    ['of Linkerd', () => adopted({ 'linkerd.io/inject': 'enabled' }), 'outrigger'],
    ['of Linkerd that says no', () => adopted({ 'linkerd.io/inject': 'disabled' }), undefined],
    [
      'of Dapr',
      () => adopted({ 'dapr.io/enabled': 'true', 'dapr.io/app-id': 'shop', ...COMPONENTS }),
      'dapr',
    ],
    [
      'of Vault',
      () =>
        adopted({
          'vault.hashicorp.com/agent-inject': 'true',
          'vault.hashicorp.com/service': 'https://vault:8200',
          'vault.hashicorp.com/role': 'shop',
          'vault.hashicorp.com/agent-inject-secret-db': 'secret/data/db',
        }),
      'vault-agent',
    ],
    [
      'of OpenTelemetry',
      () =>
        adopted({
          'sidecar.opentelemetry.io/inject': 'true',
          'outrigger.dev/otel-collector.endpoint': 'http://collector:4317',
        }),
      'otel-collector',
    ],
  ]
  for (const [what, run, entry] of asks)
    it(`${what} ${entry === undefined ? 'asks for nothing' : `asks for ${entry}`}`, () => {
      const { entries, findings } = run()
      assert.deepEqual(entries, entry === undefined ? undefined : [entry], JSON.stringify(findings))
      if (entry !== undefined) assert.ok(findings.some(({ code }) => code === 'adopted'))
    })

  it('sets what it sets there', () => {
    const { after } = adopted({
      'dapr.io/enabled': 'true',
      'dapr.io/app-id': 'shop',
      ...COMPONENTS,
      'dapr.io/app-port': '8081',
      'dapr.io/sidecar-memory-limit': '300Mi',
    })
    const container = at(after, ['spec', 'initContainers', 0])
    assert.match(JSON.stringify(container), /--app-id=shop/)
    assert.match(JSON.stringify(container), /--app-port=8081/)
    assert.equal(at(container, ['resources', 'limits', 'memory']), '300Mi')
  })

  it('names the secrets to fetch', () => {
    const { after, findings } = adopted({
      'vault.hashicorp.com/agent-inject': 'true',
      'vault.hashicorp.com/service': 'https://vault:8200',
      'vault.hashicorp.com/role': 'shop',
      'vault.hashicorp.com/agent-inject-secret-DB': 'secret/data/db',
      'vault.hashicorp.com/agent-inject-file-DB': 'db.json',
      'vault.hashicorp.com/agent-inject-secret-Creds': 'database/creds/shop',
    })
    const text = JSON.stringify(at(after, ['metadata', 'annotations']))
    assert.match(text, /db\.json/, JSON.stringify(findings))
    assert.match(text, /database\/creds\/shop/)
  })

  it('that has no counterpart is told by name', () => {
    const { untold } = adopted({
      'linkerd.io/inject': 'enabled',
      'config.linkerd.io/proxy-cpu-request': '30m',
      'config.linkerd.io/opaque-ports': '3306',
      'prometheus.io/scrape': 'true',
    })
    assert.deepEqual(untold, ['config.linkerd.io/opaque-ports'])
  })

  it('counts less than ours', () => {
    const { after } = adopted({
      'dapr.io/enabled': 'true',
      'dapr.io/app-id': 'theirs',
      ...COMPONENTS,
      'outrigger.dev/dapr.appId': 'ours',
    })
    assert.match(JSON.stringify(at(after, ['spec'])), /--app-id=ours/)
  })

  it('for a sidecar that the catalogue lacks is told', () => {
    const { findings } = inject(pod({ 'dapr.io/enabled': 'true' }), catalogueOf([]), { adopt: true })
    assert.ok(findings.some(({ code }) => code === 'not-adopted'))
  })

  it("is nobody's business without --adopt", () => {
    const { status, findings } = inject(pod({ 'dapr.io/enabled': 'true', 'dapr.io/app-id': 'a' }), catalogue)
    assert.equal(status[0]?.reason, 'not_asked')
    assert.deepEqual(findings, [])
  })
})
