import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { logsAndProxy, sidecars } from '../../../test/injection/sidecars.ts'
import type { Json, JsonObject } from '../../manifests/json.ts'
import { applyPatch, type PatchOperation } from '../../wire/json-patch/patch.ts'
import { catalogueOf } from '../catalogue/find.ts'
import { statusOf, uninject } from './inject.ts'
import { asking, injected, pod } from './pod-fake.ts'

function changed(document: Json, ...patch: PatchOperation[]): Json {
  return applyPatch(document, patch) as Json
}

function newer(edit: (container: JsonObject) => JsonObject) {
  const containers = logsAndProxy.containers.map(each => ({ ...each, container: edit(each.container) }))
  return catalogueOf([{ ...logsAndProxy, version: '1.1.0', hash: 'sha256:11', containers }])
}

describe('the status of a pod', () => {
  const after = injected(asking('logs'))
  const SIDECAR = '/spec/initContainers/0'

  it('without sidecars is empty', () => {
    assert.deepEqual(statusOf(pod({}))[0]?.entries, [])
  })

  const states: readonly (readonly [what: string, document: Json, state: string])[] = [
    ['present as it was injected', after, 'present'],
    [
      'present with what an API server adds',
      changed(
        after,
        { op: 'add', path: `${SIDECAR}/terminationMessagePath`, value: '/dev/termination-log' },
        { op: 'add', path: `${SIDECAR}/imagePullPolicy`, value: 'IfNotPresent' },
        { op: 'replace', path: `${SIDECAR}/resources/limits/memory`, value: '134217728' },
        { op: 'add', path: `${SIDECAR}/startupProbe/timeoutSeconds`, value: 1 },
        {
          op: 'add',
          path: `${SIDECAR}/volumeMounts/-`,
          value: {
            name: 'kube-api-access-x',
            mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
            readOnly: true,
          },
        },
      ),
      'present',
    ],
    [
      'changed with another image',
      changed(after, { op: 'replace', path: `${SIDECAR}/image`, value: 'm/outrigger:2' }),
      'changed',
    ],
    [
      'changed with another limit',
      changed(after, { op: 'replace', path: `${SIDECAR}/resources/limits/cpu`, value: '4' }),
      'changed',
    ],
    ['missing without its container', changed(after, { op: 'remove', path: SIDECAR }), 'missing'],
    [
      'missing where another program has its name',
      changed(after, { op: 'replace', path: SIDECAR, value: { name: 'outrigger', image: 'other:1' } }),
      'missing',
    ],
  ]
  for (const [what, document, state] of states)
    it(`is ${what}`, () => assert.equal(statusOf(document)[0]?.entries[0]?.state, state))

  it('that cannot be read is told', () => {
    const [status] = statusOf(pod({ 'outrigger.dev/status': '{' }))
    assert.deepEqual(status?.entries, [])
    assert.equal(status?.findings[0]?.code, 'unreadable_status')
  })

  it('says nothing of versions that are the same', () => {
    assert.equal(statusOf(after, sidecars)[0]?.entries[0]?.outdated, undefined)
  })

  it('names the images that a running pod can be given when nothing else is new', () => {
    const catalogue = newer(container => ({ ...container, image: 'example/outrigger:2.0' }))
    assert.deepEqual(statusOf(after, catalogue)[0]?.entries[0]?.outdated, {
      version: '1.1.0',
      hash: 'sha256:11',
      images: [
        {
          container: 'outrigger',
          path: ['spec', 'initContainers', 0, 'image'],
          from: 'example/outrigger:1.0',
          to: 'example/outrigger:2.0',
        },
      ],
    })
  })

  it('names none when something else is new, too', () => {
    const catalogue = newer(container => ({ ...container, image: 'example/outrigger:2.0', args: ['--new'] }))
    const outdated = statusOf(after, catalogue)[0]?.entries[0]?.outdated
    assert.equal(outdated?.version, '1.1.0')
    assert.equal(outdated?.images, undefined)
  })

  it('names none when a generated file is another', () => {
    const files = [
      { path: '/etc/outrigger/outrigger.yaml', format: 'yaml', content: { other: true } },
    ] as const
    const containers = logsAndProxy.containers.map(each => ({
      ...each,
      container: { ...each.container, image: 'n:2' },
    }))
    const catalogue = catalogueOf([{ ...logsAndProxy, hash: 'sha256:22', files, containers }])
    assert.equal(statusOf(after, catalogue)[0]?.entries[0]?.outdated?.images, undefined)
  })
})

describe('uninject', () => {
  const after = injected(asking('logs'))

  it('leaves a pod alone that has no status', () => {
    assert.deepEqual(uninject(asking('logs')), { patch: [], findings: [] })
  })

  it('leaves a container of another program alone, and says so', () => {
    const taken = changed(after, {
      op: 'replace',
      path: '/spec/initContainers/0',
      value: { name: 'outrigger', image: 'other:1' },
    })
    const { patch, findings } = uninject(taken)
    assert.ok(findings.some(({ code }) => code === 'foreign-container'))
    assert.match(JSON.stringify(applyPatch(taken, patch)), /other:1/)
  })

  it('takes out a container whose image comes from a mirror', () => {
    const mirrored = changed(after, {
      op: 'replace',
      path: '/spec/initContainers/0/image',
      value: 'mirror/x/outrigger:1.0',
    })
    const { patch, findings } = uninject(mirrored)
    assert.deepEqual(applyPatch(mirrored, patch), asking('logs'))
    assert.ok(findings.some(({ code }) => code === 'changed-container'))
  })

  it('leaves a volume that others mount by now', () => {
    const mount = { name: 'logs', mountPath: '/elsewhere' }
    const used = changed(after, { op: 'add', path: '/spec/containers/0/volumeMounts/-', value: mount })
    const { patch, findings } = uninject(used)
    assert.ok(findings.some(({ code }) => code === 'used-volume'))
    assert.match(JSON.stringify(applyPatch(used, patch)), /"volumes":\[\{"name":"logs"/)
  })

  it('does nothing by a status that cannot be read, and says so', () => {
    const { patch, findings } = uninject(pod({ 'outrigger.dev/status': 'x' }))
    assert.deepEqual(patch, [])
    assert.equal(findings[0]?.severity, 'error')
  })
})
