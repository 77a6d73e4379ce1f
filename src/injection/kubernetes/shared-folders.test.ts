import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sidecars } from '../../../test/injection/sidecars.ts'
import { at, type Json, type JsonObject } from '../../manifests/json.ts'
import { inject } from './inject.ts'
import { asking, injected, names } from './pod-fake.ts'

describe('a shared folder', () => {
  const mounted = (mountPath: string, more: JsonObject = {}): JsonObject => ({
    containers: [{ name: 'web', volumeMounts: [{ name: 'v', mountPath, ...more }] }],
    volumes: [{ name: 'v', emptyDir: {} }],
  })
  const seen: readonly (readonly [what: string, spec: JsonObject, mount: JsonObject])[] = [
    [
      'that is mounted is used',
      mounted('/var/log/app'),
      { name: 'v', mountPath: '/var/log/app', readOnly: true },
    ],
    [
      'with a slash at the end, too',
      mounted('/var/log/app/'),
      { name: 'v', mountPath: '/var/log/app', readOnly: true },
    ],
    [
      'in a volume above is seen through that',
      mounted('/var/log'),
      { name: 'v', mountPath: '/var/log', readOnly: true },
    ],
    [
      'in a part of a volume is that part',
      mounted('/var/log', { subPath: 'a' }),
      { name: 'v', mountPath: '/var/log', subPath: 'a', readOnly: true },
    ],
    [
      'in a volume at the root is mounted alone',
      mounted('/'),
      { name: 'v', mountPath: '/var/log/app', subPath: 'var/log/app', readOnly: true },
    ],
    [
      "in a volume that would hide what is the sidecar's is mounted alone",
      mounted('/var', { subPath: 'b' }),
      { name: 'v', mountPath: '/var/log/app', subPath: 'b/log/app', readOnly: true },
    ],
    [
      'beside a volume whose path only begins like it is made',
      mounted('/var/log/ap'),
      { name: 'logs', mountPath: '/var/log/app', readOnly: true },
    ],
    [
      'beside a volume is made',
      mounted('/var/log/application'),
      { name: 'logs', mountPath: '/var/log/app', readOnly: true },
    ],
    ['without volume is made', {}, { name: 'logs', mountPath: '/var/log/app', readOnly: true }],
  ]
  for (const [what, spec, mount] of seen)
    it(what, () => {
      const after = injected(asking('logs', spec))
      const mounts = at(after, ['spec', 'initContainers', 0, 'volumeMounts']) as Json[]
      assert.ok(
        mounts.some(each => JSON.stringify(each) === JSON.stringify(mount)),
        JSON.stringify(mounts),
      )
      const own = at(after, ['spec', 'containers', 0, 'volumeMounts'])
      const made = mount['name'] === 'logs'
      assert.equal(JSON.stringify(own ?? []).includes('"logs"'), made)
    })

  it('is made beside a volume of its name', () => {
    const after = injected(asking('logs', { volumes: [{ name: 'logs', configMap: { name: 'a' } }] }))
    assert.deepEqual(names(after, 'volumes').slice(0, 3), ['logs', 'data', 'logs-outrigger'])
  })

  it('that is not the same for two containers is told', () => {
    const two = (name: string): JsonObject => ({ name, volumeMounts: [{ name, mountPath: '/var/log/app' }] })
    const spec = {
      containers: [two('a'), two('b')],
      volumes: [
        { name: 'a', emptyDir: {} },
        { name: 'b', emptyDir: {} },
      ],
    }
    const { findings } = inject(asking('logs', spec), sidecars)
    assert.ok(findings.some(({ code }) => code === 'shared-folder-differs'))
  })
})
