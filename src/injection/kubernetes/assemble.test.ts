import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, type JsonObject } from '../../manifests/json.ts'
import type { InjectionContext } from './injection.ts'
import { asking, injected, names, OLD, pod } from './pod-fake.ts'

describe('native sidecars', () => {
  const init = { initContainers: [{ name: 'migrate', image: 'm' }] }

  it('start before the init containers that they may serve, with what they need', () => {
    const after = injected(asking('secrets', init))
    assert.deepEqual(names(after, 'initContainers'), ['secrets-init', 'secrets-agent', 'migrate'])
    assert.equal(at(after, ['spec', 'initContainers', 1, 'restartPolicy']), 'Always')
    assert.equal(at(after, ['spec', 'initContainers', 0, 'restartPolicy']), undefined)
  })

  it('that only read start after them, or where the pod says', () => {
    assert.deepEqual(names(injected(asking('logs', init)), 'initContainers'), ['migrate', 'outrigger'])
    const first = pod({ 'outrigger.dev/inject': 'logs', 'outrigger.dev/place': 'first' }, init)
    assert.deepEqual(names(injected(first), 'initContainers'), ['outrigger', 'migrate'])
  })

  it('stand in the order of their entries, whatever order they are asked for in', () => {
    const after = injected(asking('logs,secrets', init))
    assert.deepEqual(names(after, 'initContainers'), [
      'secrets-init',
      'secrets-agent',
      'migrate',
      'outrigger',
    ])
  })

  it('need no hook where a startup probe holds the application back', () => {
    assert.equal(at(injected(asking('logs')), ['spec', 'initContainers', 0, 'lifecycle']), undefined)
  })

  it('are ordinary containers on an old cluster, first and with a hook that holds the application back', () => {
    const after = injected(asking('logs'), OLD)
    assert.deepEqual(names(after, 'containers'), ['outrigger', 'web'])
    assert.deepEqual(names(after, 'initContainers'), [])
    assert.equal(at(after, ['spec', 'containers', 0, 'restartPolicy']), undefined)
    assert.ok(at(after, ['spec', 'containers', 0, 'lifecycle', 'postStart']))
    const annotations = at(after, ['metadata', 'annotations']) as JsonObject
    assert.equal(annotations['kubectl.kubernetes.io/default-container'], 'web')
  })
})

describe('OpenShift', () => {
  it('chooses user ids itself', () => {
    const namespace = { name: 'a', annotations: { 'openshift.io/sa.scc.uid-range': '1000/10' } }
    const user = (context: InjectionContext): unknown =>
      at(injected(asking('logs'), context), ['spec', 'initContainers', 0, 'securityContext', 'runAsUser'])
    assert.equal(user({}), 10001)
    assert.equal(user({ namespace }), undefined)
    assert.equal(user({ openshift: true }), undefined)
  })
})
