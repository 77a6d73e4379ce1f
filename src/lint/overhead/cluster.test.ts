import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../../manifests/json.ts'
import { itemsOf, nodesOf, ofCluster } from './cluster.ts'

const owner = (kind: string, name: string) => [{ kind, name, controller: true }]
const pod = (name: string, metadata: object, spec: object = {}, phase = 'Running'): JsonObject =>
  ({
    kind: 'Pod',
    metadata: { name, namespace: 'shop', ...metadata },
    spec: { containers: [{ name: 'web', image: 'shop/web:1' }], ...spec },
    status: { phase },
  }) as JsonObject

describe('the pods of a cluster', () => {
  const makers: readonly (readonly [what: string, metadata: object, wanted: string])[] = [
    [
      'a Deployment, by the hash of its ReplicaSet',
      { ownerReferences: owner('ReplicaSet', 'web-5d4f'), labels: { 'pod-template-hash': '5d4f' } },
      'Deployment web',
    ],
    ['a ReplicaSet of its own', { ownerReferences: owner('ReplicaSet', 'web-5d4f') }, 'ReplicaSet web-5d4f'],
    ['a DaemonSet', { ownerReferences: owner('DaemonSet', 'agent') }, 'DaemonSet agent'],
    ['a Job', { ownerReferences: owner('Job', 'import-1') }, 'Job import-1'],
    ['a CronJob', { ownerReferences: owner('Job', 'nightly-28934230') }, 'CronJob nightly'],
    ['something unknown', { ownerReferences: owner('Rollout', 'web') }, 'Rollout web'],
    ['its node', { ownerReferences: owner('Node', 'n1') }, 'Pod p'],
    ['nobody', {}, 'Pod p'],
    ['an owner that does not control it', { ownerReferences: [{ kind: 'Job', name: 'x' }] }, 'Pod p'],
  ]
  for (const [what, metadata, wanted] of makers)
    it(`belong to ${what}`, () => {
      const [found] = ofCluster([pod('p', metadata)])
      assert.equal(`${found?.kind} ${found?.name}`, wanted)
    })

  it('are counted while they hold resources, and apart where they differ', () => {
    const set = { ownerReferences: owner('StatefulSet', 'db') }
    const injected = {
      initContainers: [{ name: 'istio-proxy', image: 'istio/proxyv2:1.25.0', restartPolicy: 'Always' }],
    }
    const subjects = ofCluster([
      pod('db-0', set),
      pod('db-1', set, injected),
      pod('db-2', set, injected, 'Pending'),
      pod('db-3', set, injected, 'Failed'),
      pod('db-4', set, injected, 'Succeeded'),
    ])
    assert.deepEqual(
      subjects.map(({ pods, podNames }) => [pods, [...podNames!]]),
      [
        [1, ['db-0']],
        [2, ['db-1', 'db-2']],
      ],
    )
  })

  it('may become as many as their autoscaler allows', () => {
    const scaler: JsonObject = {
      kind: 'HorizontalPodAutoscaler',
      metadata: { namespace: 'shop' },
      spec: { scaleTargetRef: { kind: 'StatefulSet', name: 'db' }, maxReplicas: 9 },
    }
    const [found] = ofCluster([pod('db-0', { ownerReferences: owner('StatefulSet', 'db') }), scaler])
    assert.deepEqual([found?.pods, found?.mostPods], [1, 9])
  })

  it('survive what is none', () => {
    assert.deepEqual(ofCluster([{}, { kind: 'Pod' }, { kind: 'Service' }]).length, 1)
    assert.throws(() => itemsOf({ kind: 'Status' }), /expected a List/)
  })
})

describe('the nodes of a cluster', () => {
  const node = (cpu: string, spec: object = {}): JsonObject =>
    ({ kind: 'Node', spec, status: { allocatable: { cpu, memory: '8Gi', pods: '110' } } }) as JsonObject

  it('are those that take pods, one of them on average', () => {
    const nodes = nodesOf([
      node('2'),
      node('4'),
      node('64', { unschedulable: true }),
      node('64', { taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] }),
    ])
    assert.deepEqual(nodes, { count: 2, cpu: 3, memory: 8 * 2 ** 30, maxPods: 110 })
  })

  it('are not known where there is none', () => {
    assert.equal(nodesOf([]), undefined)
    assert.equal(nodesOf([{ kind: 'Node' }]), undefined)
  })
})
