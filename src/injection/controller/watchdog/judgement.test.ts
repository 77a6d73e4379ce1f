import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fakeCatalogue, fakeEntry } from '../../webhook/review-fake.ts'
import { faultsOf } from './judgement.ts'
import { podRecord } from './pod-record.ts'

const catalogue = fakeCatalogue(
  fakeEntry('outrigger', { version: '1.1.0', hash: 'new', aliases: { logs: { about: '', set: {} } } }),
  fakeEntry('vault', { required: true }),
)
const entry = (hash: string, state: 'present' | 'changed' | 'missing', version = '1.1.0') => ({
  ...{ name: 'outrigger', version, hash, state },
})

describe('what is wrong with a pod', () => {
  const cases: readonly (readonly [string, string | undefined, ReturnType<typeof entry>[], string[]])[] = [
    ['it asks for nothing', undefined, [], []],
    ['it has what it asks for', 'logs', [entry('new', 'present')], []],
    ['it was started bare', 'logs', [], ['missing outrigger']],
    ['two names of one entry are one', 'logs,outrigger', [], ['missing outrigger']],
    ['it lacks what it must have', 'logs, vault@1', [entry('new', 'present')], ['required_missing vault']],
    ['its status was copied', 'logs', [entry('new', 'missing')], ['missing outrigger']],
    ['the catalogue has gone on', 'logs', [entry('old', 'present', '1.0.0')], ['outdated outrigger']],
    ['somebody has changed it', 'logs', [entry('new', 'changed')], ['changed outrigger']],
    ['a name that nobody knows is told at admission', 'other,,', [], []],
  ]
  for (const [what, inject, entries, faults] of cases)
    it(what, () =>
      assert.deepEqual(
        faultsOf({ entries }, inject, catalogue).map(({ problem, entry }) => `${problem} ${entry}`),
        faults,
      ),
    )
})

describe('what the watchdog keeps of a pod', () => {
  const pod = {
    metadata: {
      ...{ name: 'web-1', namespace: 'shop', uid: 'u1', creationTimestamp: '2026-01-01T00:00:00Z' },
      annotations: { 'outrigger.dev/inject': 'logs' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u0', controller: true },
      ],
    },
    spec: { containers: [{ name: 'app', image: 'app:1' }] },
    status: { phase: 'Running' },
  }

  it('is little', () =>
    assert.deepEqual(podRecord(pod), {
      uid: 'u1',
      createdMs: Date.UTC(2026, 0, 1),
      owner: { kind: 'ReplicaSet', name: 'web' },
      inject: 'logs',
      entries: [],
    }))

  it('is nothing of one that ends, has ended, or is told to skip', () => {
    const { metadata } = pod
    const others = [
      { ...pod, status: { phase: 'Succeeded' } },
      { ...pod, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
      {
        ...pod,
        metadata: { ...metadata, annotations: { ...metadata.annotations, 'outrigger.dev/skip': 'x' } },
      },
    ]
    for (const other of others) assert.equal(podRecord(other), undefined)
  })
})
