import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { logsAndProxy, sidecars } from '../../../test/injection/sidecars.ts'
import { at, type Json, type JsonObject } from '../../manifests/json.ts'
import { applyPatch } from '../../wire/json-patch/patch.ts'
import { catalogueOf } from '../catalogue/find.ts'
import { inject, uninject } from './inject.ts'
import type { InjectionContext } from './injection.ts'
import { asking, injected, names, OLD, pod } from './pod-fake.ts'

describe('what a pod gets', () => {
  const outcomes: readonly (readonly [
    what: string,
    document: Json,
    context: InjectionContext,
    outcome: string,
    reason: string | undefined,
  ])[] = [
    ['nothing that it does not ask for', pod({}), {}, 'unchanged', 'not_asked'],
    [
      'what its namespace asks for',
      pod({}),
      { namespace: { name: 'a', annotations: { 'outrigger.dev/inject': 'logs' } } },
      'injected',
      undefined,
    ],
    ['what the caller asks for', pod({}), { inject: 'logs' }, 'injected', undefined],
    [
      'nothing that it does not want',
      pod({ 'outrigger.dev/skip': 'migration' }),
      { inject: 'logs' },
      'skipped',
      'skip_annotation',
    ],
    [
      'nothing that its namespace does not want',
      pod({}),
      { inject: 'logs', namespace: { name: 'a', annotations: { 'outrigger.dev/skip': 'x' } } },
      'skipped',
      'skip_annotation',
    ],
    [
      'what it asks for itself, whatever its namespace wants',
      asking('logs'),
      { namespace: { name: 'a', annotations: { 'outrigger.dev/skip': 'x' } } },
      'injected',
      undefined,
    ],
    ['nothing unknown', asking('logs,lgos'), {}, 'failed', 'unknown_entry'],
    ['no version that is not there', asking('outrigger@7'), {}, 'failed', 'unknown_entry'],
    ['no two versions', asking('outrigger@1.0.0,exporter@9'), {}, 'failed', 'unknown_entry'],
    ['nothing by an empty list', asking(''), {}, 'failed', 'invalid_annotation'],
    ['nothing by a list with a hole', asking('logs,,proxy'), {}, 'failed', 'invalid_annotation'],
    [
      'nothing by a list that is one',
      pod({ 'outrigger.dev/inject': ['logs'] }),
      {},
      'failed',
      'invalid_annotation',
    ],
    ['nothing by a list that is endless', asking('logs,'.repeat(1000)), {}, 'failed', 'invalid_annotation'],
    [
      'nothing with a setting that is misspelt',
      pod({ 'outrigger.dev/inject': 'logs', 'outrigger.dev/logs.paht': '/a' }),
      {},
      'failed',
      'invalid_parameter',
    ],
    [
      'nothing with a setting that is wrong',
      pod({ 'outrigger.dev/inject': 'logs', 'outrigger.dev/logs.path': 'relative' }),
      {},
      'failed',
      'invalid_parameter',
    ],
    [
      'nothing with a setting that is no text',
      pod({ 'outrigger.dev/inject': 'logs', 'outrigger.dev/logs.path': 7 }),
      {},
      'failed',
      'invalid_annotation',
    ],
    [
      "nothing with a caller's setting that is misspelt",
      asking('logs'),
      { settings: { 'logs.paht': '/a' } },
      'failed',
      'invalid_parameter',
    ],
    ['nothing as a mirror', asking('logs', {}, {}), {}, 'injected', undefined],
    [
      'nothing on the network of its node',
      asking('logs', { hostNetwork: true }),
      {},
      'skipped',
      'host_network',
    ],
    [
      'logs on the network of its node if it says so',
      pod({ 'outrigger.dev/inject': 'logs', 'outrigger.dev/host-network': 'allow' }, { hostNetwork: true }),
      {},
      'injected',
      undefined,
    ],
    [
      'never a proxy on the network of its node',
      pod({ 'outrigger.dev/inject': 'proxy', 'outrigger.dev/host-network': 'allow' }, { hostNetwork: true }),
      {},
      'skipped',
      'host_network',
    ],
    ['nothing on Windows', asking('logs', { os: { name: 'windows' } }), {}, 'skipped', 'windows_pod'],
    [
      'nothing where a container has the name',
      asking('logs', { initContainers: [{ name: 'outrigger', image: 'mine' }] }),
      {},
      'skipped',
      'container_exists',
    ],
    [
      'nothing where ports meet',
      asking('exporter', { containers: [{ name: 'web', ports: [{ containerPort: 9102 }] }] }),
      {},
      'failed',
      'port_collision',
    ],
    [
      'what listens beside another protocol',
      asking('exporter', {
        containers: [{ name: 'web', ports: [{ containerPort: 9102, protocol: 'UDP' }] }],
      }),
      {},
      'injected',
      undefined,
    ],
    ['nothing native where the cluster has it not', asking('secrets'), OLD, 'failed', 'native_unsupported'],
    ['nothing without containers', asking('logs', { containers: [] }), {}, 'failed', 'invalid_pod'],
    [
      'nothing with two containers of a name',
      asking('logs', { containers: [{ name: 'a' }, { name: 'a' }] }),
      {},
      'failed',
      'invalid_pod',
    ],
    [
      'nothing with too many containers',
      asking('logs', { containers: Array.from({ length: 600 }, (_, i) => ({ name: `c${i}` })) }),
      {},
      'failed',
      'pod_too_large',
    ],
    [
      'nothing for a container that is not there',
      pod({ 'outrigger.dev/inject': 'logs', 'outrigger.dev/app': 'wbe' }),
      {},
      'failed',
      'invalid_annotation',
    ],
    [
      'nothing with a place that is none',
      pod({ 'outrigger.dev/inject': 'logs', 'outrigger.dev/place': 'middle' }),
      {},
      'failed',
      'invalid_annotation',
    ],
    [
      'nothing with a status that is none',
      pod({ 'outrigger.dev/inject': 'logs', 'outrigger.dev/status': '{"v":1}' }),
      {},
      'failed',
      'unreadable_status',
    ],
    [
      'nothing with a status of the future',
      pod({ 'outrigger.dev/inject': 'logs', 'outrigger.dev/status': '{"v":2}' }),
      {},
      'failed',
      'unreadable_status',
    ],
    [
      'nothing with annotations that are too large',
      pod({ 'outrigger.dev/inject': 'logs', a: 'ä'.repeat(131_072) }),
      {},
      'failed',
      'annotations_too_large',
    ],
    [
      'nothing where a folder cannot be followed',
      asking('logs', {
        containers: [
          { name: 'web', volumeMounts: [{ name: 'v', mountPath: '/var/log', subPathExpr: '$(A)' }] },
        ],
        volumes: [{ name: 'v', emptyDir: {} }],
      }),
      {},
      'failed',
      'shared_folder',
    ],
  ]
  for (const [what, document, context, outcome, reason] of outcomes.filter(
    ([what]) => what !== 'nothing as a mirror',
  ))
    it(what, () => {
      const { patch, status, findings } = inject(document, sidecars, context)
      assert.deepEqual([status[0]?.outcome, status[0]?.reason], [outcome, reason], JSON.stringify(findings))
      assert.equal(patch.length > 0, outcome === 'injected')
      const told = findings.find(({ code }) => code === reason)
      if (outcome === 'failed') assert.equal(told?.severity, 'error')
      if (outcome === 'skipped') assert.ok(told)
    })

  const owned: readonly (readonly [string, JsonObject, string])[] = [
    ['the mirror of a static pod', { annotations: { 'kubernetes.io/config.mirror': 'x' } }, 'mirror_pod'],
    ['a static pod', { annotations: { 'kubernetes.io/config.source': 'file' } }, 'static_pod'],
    ['a pod of a node', { ownerReferences: [{ kind: 'Node', name: 'a' }] }, 'static_pod'],
  ]
  for (const [what, metadata, reason] of owned)
    it(`nothing if it is ${what}`, () => {
      const document = { ...pod({}), metadata }
      assert.equal(inject(document, sidecars, { inject: 'logs' }).status[0]?.reason, reason)
    })
})

describe('settings', () => {
  const pathOf = (document: Json): unknown =>
    /path: (\S+)/.exec(
      String(
        (at(document, ['metadata', 'annotations']) as JsonObject)[
          'outrigger.dev/file.outrigger.outrigger.yaml'
        ],
      ),
    )?.[1]
  const own = { 'outrigger.dev/inject': 'logs', 'outrigger.dev/logs.path': '/own' }
  const namespace = { name: 'a', annotations: { 'outrigger.dev/logs.path': '/namespace' } }

  it("of the pod count more than the caller's, these more than the namespace's, these more than the default", () => {
    const caller = { settings: { 'logs.path': '/caller' } }
    assert.equal(pathOf(injected(pod(own), { ...caller, namespace })), '/own')
    assert.equal(pathOf(injected(asking('logs'), { ...caller, namespace })), '/caller')
    assert.equal(pathOf(injected(asking('logs'), { namespace })), '/namespace')
    assert.equal(pathOf(injected(asking('logs'))), '/var/log/app')
  })

  it('may be written with the name of the entry', () => {
    assert.equal(
      pathOf(injected(pod({ 'outrigger.dev/inject': 'logs', 'outrigger.dev/outrigger.logs.path': '/b' }))),
      '/b',
    )
  })

  it('of several names of one entry come to one container', () => {
    const after = injected(asking('logs,proxy'))
    assert.deepEqual(names(after, 'initContainers'), ['outrigger'])
    const [variable] = at(after, ['spec', 'initContainers', 0, 'env']) as JsonObject[]
    assert.equal(variable!['value'], 'with logs,proxy')
  })

  it('that are hostile stay what they are: text in its place', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: what somebody may hope to be evaluated
    const value = '/a\'"}\\n{{x}}${app.container}$(id)`id`'
    const after = injected(pod({ 'outrigger.dev/inject': 'logs', 'outrigger.dev/logs.path': value }))
    const text = (at(after, ['metadata', 'annotations']) as JsonObject)[
      'outrigger.dev/file.outrigger.outrigger.yaml'
    ]
    assert.ok(!String(text).includes('web\n  path'))
    assert.deepEqual(
      applyPatch(after, uninject(after).patch),
      pod({ 'outrigger.dev/inject': 'logs', 'outrigger.dev/logs.path': value }),
    )
  })
})

describe('a second round', () => {
  it('leaves an older version in its place, and says so', () => {
    const after = injected(asking('logs'))
    const newer = catalogueOf([{ ...logsAndProxy, version: '1.1.0', hash: 'sha256:11' }])
    const again = inject(after, newer)
    assert.deepEqual(again.patch, [])
    assert.ok(again.findings.some(({ code }) => code === 'outdated-sidecar'))
  })

  it('leaves a sidecar with other settings in its place, and says so', () => {
    const after = injected(asking('logs'))
    const changed = applyPatch(after, [
      { op: 'replace', path: '/metadata/annotations/outrigger.dev~1inject', value: 'logs,proxy' },
    ]) as Json
    const again = inject(changed, sidecars)
    assert.deepEqual(again.patch, [])
    assert.ok(again.findings.some(({ code }) => code === 'outdated-sidecar'))
  })

  it('adds what is asked for by then, and takes out everything at once', () => {
    const document = asking('logs')
    const after = injected(document)
    const wider = [
      { op: 'replace', path: '/metadata/annotations/outrigger.dev~1inject', value: 'logs,secrets' },
    ] as const
    const both = injected(applyPatch(after, wider) as Json)
    assert.deepEqual(names(both, 'initContainers'), ['secrets-init', 'secrets-agent', 'outrigger'])
    assert.deepEqual(applyPatch(both, uninject(both).patch), applyPatch(document, wider))
  })

  it('trusts no status whose containers are not there', () => {
    const status = (at(injected(asking('logs')), ['metadata', 'annotations']) as JsonObject)[
      'outrigger.dev/status'
    ]!
    const copied = pod({ 'outrigger.dev/inject': 'logs', 'outrigger.dev/status': status })
    assert.deepEqual(names(injected(copied), 'initContainers'), ['outrigger'])
  })

  it('puts back a container that somebody took out', () => {
    const after = injected(asking('logs'))
    const without = applyPatch(after, [{ op: 'remove', path: '/spec/initContainers/0' }]) as Json
    const again = injected(without)
    assert.deepEqual(again, applyPatch(after, []))
  })
})

describe('documents of other kinds', () => {
  const rollout = (annotations: JsonObject): JsonObject => ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    spec: { template: { metadata: { annotations }, spec: { containers: [{ name: 'web' }] } } },
  })

  it('stay as they are, and are told of where they ask for sidecars', () => {
    for (const document of [
      rollout({ 'outrigger.dev/inject': 'logs' }),
      { apiVersion: 'v1', kind: 'List', items: [pod({}), rollout({ 'outrigger.dev/inject': 'logs' })] },
    ]) {
      const { patch, findings } = inject(document, sidecars)
      assert.deepEqual(patch, [])
      assert.deepEqual(
        findings.map(({ code }) => code),
        ['unknown-kind'],
      )
    }
    assert.deepEqual(inject(rollout({}), sidecars).findings, [])
  })

  it('that are lists in lists without end are nothing', () => {
    let document: Json = pod({ 'outrigger.dev/inject': 'logs' })
    for (let depth = 0; depth < 10_000; depth++)
      document = { apiVersion: 'v1', kind: 'List', items: [document] }
    assert.deepEqual(inject(document, sidecars).patch, [])
  })
})
