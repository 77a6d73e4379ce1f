import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { entry, exporter, logsAndProxy, secrets, sidecars } from '../../../test/injection/sidecars.ts'
import type { Json } from '../../manifests/json.ts'
import { catalogueOf } from '../catalogue/find.ts'
import { inject } from './inject.ts'
import type { InjectionContext } from './injection.ts'
import { asking, OLD, pod } from './pod-fake.ts'

describe('what is told besides', () => {
  const guaranteed = {
    resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } },
  }
  const told: readonly (readonly [code: string, document: Json, context: InjectionContext])[] = [
    ['qos-demoted', asking('logs', { containers: [{ name: 'web', ...guaranteed }] }), {}],
    ['pod-level-resources', asking('logs', { resources: { requests: { cpu: '2' } } }), {}],
    [
      'init-peak',
      asking('secrets', { initContainers: [{ name: 'big', resources: { requests: { cpu: '4' } } }] }),
      {},
    ],
    [
      'job-never-completes',
      asking('logs', {}, { ownerReferences: [{ kind: 'Job', name: 'j', controller: true }] }),
      OLD,
    ],
    [
      'pod-security',
      asking('weak'),
      { namespace: { name: 'a', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } },
    ],
    ['no-resources', asking('weak'), {}],
    [
      'host-network-ports',
      pod({ 'outrigger.dev/inject': 'logs', 'outrigger.dev/host-network': 'allow' }, { hostNetwork: true }),
      {},
    ],
    ['image-pull-secret', asking('secrets'), {}],
    [
      'variable-exists',
      asking('logs', { containers: [{ name: 'web', env: [{ name: 'OUTRIGGER', value: 'x' }] }] }),
      {},
    ],
    [
      'mount-exists',
      asking('secrets', {
        containers: [{ name: 'web', volumeMounts: [{ name: 'v', mountPath: '/var/run/secrets/app' }] }],
        volumes: [{ name: 'v' }],
      }),
      {},
    ],
    [
      'own-file',
      pod({ 'outrigger.dev/inject': 'logs', 'outrigger.dev/file.outrigger.outrigger.yaml': 'a: 1' }),
      {},
    ],
    ['two-injectors', pod({ 'outrigger.dev/inject': 'proxy', 'linkerd.io/inject': 'enabled' }), {}],
    ['replaced-container', asking('weak', { containers: [{ name: 'web' }, { name: 'old-collector' }] }), {}],
    ['deprecated-entry', asking('weak'), {}],
  ]
  const weak = entry('weak', {
    containers: [{ form: 'auto', container: { name: 'weak', image: 'weak:1' } }],
    replaces: ['old-collector'],
    deprecated: { reason: 'it is weak', use: 'secrets' },
  })
  const catalogue = catalogueOf([exporter, logsAndProxy, secrets, weak])
  for (const [code, document, context] of told)
    it(`is ${code}`, () => {
      const { findings } = inject(document, catalogue, context)
      assert.ok(
        findings.some(each => each.code === code),
        JSON.stringify(findings),
      )
      const quiet = inject(asking('exporter'), catalogue).findings
      assert.ok(!quiet.some(each => each.code === code))
    })

  it('is nothing for an ordinary pod', () => {
    assert.deepEqual(inject(asking('logs'), sidecars).findings, [])
  })
})
