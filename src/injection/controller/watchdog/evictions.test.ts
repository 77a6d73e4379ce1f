import assert from 'node:assert/strict'
import { it } from 'node:test'
import { KubernetesError } from '../../../backends/kubernetes/error.ts'
import { RESOURCES } from '../../../backends/kubernetes/resources.ts'
import { fakeHost } from '../../../kernel/host-fake.ts'
import { Evictions } from './evictions.ts'

function setUp(answer: () => Promise<unknown> = async () => ({})) {
  const host = fakeHost({ name: 'watchdog' })
  const asked: unknown[] = []
  const client = {
    create: async (_: unknown, object: { metadata: { name: string } }, options: { subresource: string }) => {
      asked.push(`${object.metadata.name}/${options.subresource}`)
      return answer()
    },
  }
  const evictions = new Evictions({ client: client as never }, host, { perMinute: 2, perOwner: 3 })
  const outcome = (name: string) => host.metric('evictions_total', { outcome: name }) ?? 0
  return { host, asked, evictions, outcome }
}

const pod = (name: string, owner: string | undefined = 'web') => ({
  namespace: 'shop',
  name,
  record: {
    ...{ uid: name, createdMs: 0, inject: 'vault', entries: [] },
    owner: owner === undefined ? undefined : { kind: 'ReplicaSet', name: owner },
  },
})

it('evicts so many in a minute, and goes on in the next', async () => {
  const { asked, evictions, host } = setUp()
  await evictions.evict([pod('a', 'x'), pod('b', 'y'), pod('c', 'z')], () => true)
  assert.deepEqual(asked, ['a/eviction', 'b/eviction'])
  await host.clock.elapse(60_001)
  await evictions.evict([pod('c', 'z')], () => true)
  assert.equal(asked.length, 3)
  await host.close()
})

it('gives up on an owner whose pods come back without, and leaves a pod that nobody owns', async () => {
  const { asked, evictions, host, outcome } = setUp()
  for (let round = 0; round < 5; round++) {
    await evictions.evict([pod(`p${round}`)], () => true)
    await host.clock.elapse(60_001)
  }
  await evictions.evict([{ ...pod('bare'), record: { ...pod('bare').record, owner: undefined } }], () => true)
  assert.equal(asked.length, 3)
  assert.deepEqual([outcome('evicted'), outcome('gave_up'), outcome('no_owner')], [3, 2, 1])
  await host.close()
})

it('waits where a PodDisruptionBudget holds a pod, and stops when another leads', async () => {
  const attempt = { verb: 'create', type: RESOURCES.pods } as const
  const { asked, evictions, host, outcome } = setUp(async () => {
    throw new KubernetesError(attempt, 429, { message: 'the budget is used up' })
  })
  await evictions.evict([pod('a')], () => true)
  assert.equal(outcome('held_back'), 1)
  await evictions.evict([pod('a')], () => false)
  assert.equal(asked.length, 1)
  await host.close()
})
