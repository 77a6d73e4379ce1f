import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KubernetesError } from '../../../src/backends/kubernetes/error.ts'
import { RESOURCES } from '../../../src/backends/kubernetes/resources.ts'
import { clientOf } from './connected.ts'
import { ApiServer } from './server.ts'
import type { Tree } from './tree.ts'

const { pods, configMaps, secrets, deployments, namespaces, services, leases } = RESOURCES

function pod(name: string, more: Tree = {}): Tree {
  return {
    metadata: { name, namespace: 'default', ...more['metadata'] },
    spec: { containers: [{ name: 'app', image: 'shop:1' }], ...more['spec'] },
  }
}

async function started(t: { after(call: () => Promise<void>): void }) {
  const api = await ApiServer.start()
  const client = clientOf(api)
  t.after(async () => {
    client.close()
    await api[Symbol.asyncDispose]()
  })
  return { api, client }
}

function refused(code: number, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof KubernetesError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
    return true
  }
}

test('an object is made with defaults, read, changed and deleted', async t => {
  const { client } = await started(t)
  const made = (await client.create(pods, pod('a'))) as Tree
  assert.equal(made['spec'].restartPolicy, 'Always')
  assert.equal(made['spec'].containers[0].imagePullPolicy, 'IfNotPresent')
  assert.equal(made['spec'].serviceAccountName, 'default')
  assert.ok(made['metadata'].uid)
  assert.deepEqual(await client.get(pods, { namespace: 'default', name: 'a' }), made)
  const labelled = (await client.patch(
    pods,
    { namespace: 'default', name: 'a' },
    { merge: { metadata: { labels: { x: 'y' } } } },
  )) as Tree
  assert.equal(labelled['metadata'].labels.x, 'y')
  assert.notEqual(labelled['metadata'].resourceVersion, made['metadata'].resourceVersion)
  await client.delete(pods, { namespace: 'default', name: 'a' })
  assert.equal(await client.find(pods, { namespace: 'default', name: 'a' }), undefined)
})

test('who writes what somebody else has changed gets a conflict', async t => {
  const { client } = await started(t)
  const first = await client.create(configMaps, {
    metadata: { name: 'a', namespace: 'default' },
    data: { k: '1' },
  })
  await client.replace(configMaps, { ...first, data: { k: '2' } })
  await assert.rejects(client.replace(configMaps, { ...first, data: { k: '3' } }), error => {
    assert.ok(error instanceof KubernetesError && error.isConflict)
    return true
  })
  await assert.rejects(
    client.create(configMaps, { metadata: { name: 'a', namespace: 'default' } }),
    error => error instanceof KubernetesError && error.isAlreadyThere,
  )
})

test('a write that changes nothing makes no new version', async t => {
  const { client } = await started(t)
  const first = await client.create(configMaps, {
    metadata: { name: 'a', namespace: 'default' },
    data: { k: '1' },
  })
  const second = await client.replace(configMaps, first)
  assert.equal(second.metadata?.resourceVersion, first.metadata?.resourceVersion)
})

const REFUSED: readonly (readonly [string, Tree, number, RegExp])[] = [
  ['a name with capitals', pod('A'), 422, /metadata.name: Invalid value: "A"/],
  [
    'a second container of one name',
    pod('a', {
      spec: {
        containers: [
          { name: 'b', image: 'x' },
          { name: 'b', image: 'x' },
        ],
      },
    }),
    422,
    /containers\[1\].name: Duplicate value/,
  ],
  [
    'one name in both lists',
    pod('a', { spec: { initContainers: [{ name: 'app', image: 'x' }] } }),
    422,
    /Duplicate value: "app"/,
  ],
  [
    'a probe of a plain init container',
    pod('a', {
      spec: { initContainers: [{ name: 'i', image: 'x', startupProbe: { exec: { command: ['x'] } } }] },
    }),
    422,
    /may not be set for init containers without restartPolicy=Always/,
  ],
  [
    'a hook of a plain init container',
    pod('a', {
      spec: {
        initContainers: [{ name: 'i', image: 'x', lifecycle: { preStop: { exec: { command: ['x'] } } } }],
      },
    }),
    422,
    /lifecycle: Forbidden/,
  ],
  [
    'a mount of no volume',
    pod('a', {
      spec: { containers: [{ name: 'b', image: 'x', volumeMounts: [{ name: 'v', mountPath: '/v' }] }] },
    }),
    422,
    /volumeMounts\[0\].name: Not found: "v"/,
  ],
  [
    'a request above its limit',
    pod('a', {
      spec: {
        containers: [
          { name: 'b', image: 'x', resources: { requests: { cpu: '2' }, limits: { cpu: '500m' } } },
        ],
      },
    }),
    422,
    /must be less than or equal to cpu limit/,
  ],
  [
    'a probe without a handler',
    pod('a', { spec: { containers: [{ name: 'b', image: 'x', livenessProbe: { periodSeconds: 3 } }] } }),
    422,
    /must specify a handler type/,
  ],
  [
    'a volume of two kinds',
    pod('a', { spec: { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }] } }),
    422,
    /may not specify more than 1 volume type/,
  ],
  ['no container', pod('a', { spec: { containers: [] } }), 422, /containers: Required value/],
  [
    'a number where a text belongs',
    pod('a', { spec: { containers: [{ name: 'b', image: 3 }] } }),
    400,
    /cannot be handled as a Pod.*image: expected string/,
  ],
  [
    'an annotation of a bad name',
    pod('a', { metadata: { annotations: { 'a/b/c': 'x' } } }),
    422,
    /metadata.annotations/,
  ],
]
for (const [what, object, code, message] of REFUSED)
  test(`${what} is refused`, async t => {
    const { client } = await started(t)
    await assert.rejects(client.create(pods, object), refused(code, message))
  })

test('a native sidecar may have probes and hooks', async t => {
  const { client } = await started(t)
  const sidecar = {
    name: 's',
    image: 'x',
    restartPolicy: 'Always',
    startupProbe: { httpGet: { path: '/', port: 80 } },
  }
  const made = (await client.create(pods, pod('a', { spec: { initContainers: [sidecar] } }))) as Tree
  assert.equal(made['spec'].initContainers[0].startupProbe.periodSeconds, 10)
})

test('fields that nobody knows are told of, and refused when asked to be strict', async t => {
  const { api } = await started(t)
  const warnings: string[] = []
  const client = clientOf(api, undefined, { onWarning: text => warnings.push(text) })
  t.after(async () => client.close())
  const made = (await client.create(pods, pod('a', { spec: { restartPolcy: 'Never' } }))) as Tree
  assert.equal(made['spec'].restartPolcy, undefined)
  assert.deepEqual(warnings, ['unknown field "spec.restartPolcy"'])
})

test("a running pod's containers cannot be changed, but for their images", async t => {
  const { client } = await started(t)
  const made = (await client.create(pods, pod('a'))) as Tree
  const place = { namespace: 'default', name: 'a' }
  await client.patch(pods, place, { strategic: { spec: { containers: [{ name: 'app', image: 'shop:2' }] } } })
  await assert.rejects(
    client.replace(pods, {
      ...made,
      metadata: { ...made['metadata'], resourceVersion: undefined },
      spec: { ...made['spec'], hostname: 'x' },
    }),
    refused(422, /pod updates may not change fields other than/),
  )
})

test('a Deployment must select its own pods, and for ever the same', async t => {
  const { client } = await started(t)
  const deployment = (labels: Tree, selector: Tree) => ({
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      selector: { matchLabels: selector },
      template: { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'x' }] } },
    },
  })
  await assert.rejects(
    client.create(deployments, deployment({ a: '1' }, { a: '2' })),
    refused(422, /does not match template/),
  )
  const made = (await client.create(deployments, deployment({ a: '1' }, { a: '1' }))) as Tree
  assert.equal(made['metadata'].generation, 1)
  const other = deployment({ a: '2' }, { a: '2' })
  await assert.rejects(client.replace(deployments, other), refused(422, /spec.selector: .*immutable/))
})

test('a strategic patch merges lists by their keys and puts new items first', async t => {
  const { client } = await started(t)
  const place = { namespace: 'default', name: 'web' }
  await client.create(services, { metadata: place, spec: { ports: [{ port: 80, name: 'a' }] } })
  const patched = (await client.patch(services, place, {
    strategic: {
      spec: {
        ports: [
          { port: 81, name: 'b' },
          { port: 80, targetPort: 8080 },
        ],
      },
    },
  })) as Tree
  assert.deepEqual(
    patched['spec'].ports.map((each: Tree) => [each['port'], each['name'], each['targetPort']]),
    [
      [81, 'b', 81],
      [80, 'a', 8080],
    ],
  )
  const without = (await client.patch(services, place, {
    strategic: { spec: { ports: [{ port: 81, $patch: 'delete' }] } },
  })) as Tree
  assert.equal(without['spec'].ports.length, 1)
})

test('operations of a JSON patch are done in order, or none of them', async t => {
  const { client } = await started(t)
  const place = { namespace: 'default', name: 'a' }
  await client.create(configMaps, { metadata: place, data: { a: '1' } })
  await assert.rejects(
    client.patch(configMaps, place, {
      operations: [
        { op: 'add', path: '/data/b', value: '2' },
        { op: 'test', path: '/data/a', value: '9' },
      ],
    }),
    refused(422, /operation 1/),
  )
  assert.deepEqual((await client.get(configMaps, place))['data'], { a: '1' })
})

test('server-side apply takes away what its manager tells no longer, and keeps what others have told', async t => {
  const { client } = await started(t)
  const metadata = { name: 'a', namespace: 'default' }
  await client.apply(configMaps, { metadata, data: { a: '1', b: '2' } }, { manager: 'one' })
  await client.apply(configMaps, { metadata, data: { c: '3' } }, { manager: 'two' })
  await assert.rejects(
    client.apply(configMaps, { metadata, data: { a: '9' } }, { manager: 'two' }),
    refused(409, /conflict with "one": .data.a/),
  )
  await client.apply(configMaps, { metadata, data: { b: '2' } }, { manager: 'one' })
  assert.deepEqual((await client.get(configMaps, metadata))['data'], { b: '2', c: '3' })
  await client.apply(configMaps, { metadata, data: { b: 'mine', c: '3' } }, { manager: 'two', force: true })
  assert.deepEqual((await client.get(configMaps, metadata))['data'], { b: 'mine', c: '3' })
})

test('long lists come in pages of one moment, which can be forgotten', async t => {
  const { api, client } = await started(t)
  for (let at = 0; at < 7; at++)
    await client.create(configMaps, { metadata: { name: `m${at}`, namespace: 'default' } })
  const { items } = await client.list(configMaps, { namespace: 'default', limit: 3 })
  assert.deepEqual(
    items.map(each => each.metadata?.name),
    ['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6'],
  )
  // Between two pages the moment is forgotten once: the list begins anew.
  let forgotten = false
  api.faults.decide = ({ wish }) => {
    if (!forgotten && wish && 'resource' in wish && wish.verb === 'list' && api.requests.length % 2 === 0) {
      forgotten = true
      api.compact()
    }
    return undefined
  }
  assert.equal((await client.list(configMaps, { namespace: 'default', limit: 3 })).items.length, 7)
  assert.equal(forgotten, true)
})

test('rights are those of the stored roles', async t => {
  const { api, client } = await started(t)
  const token = api.tokenOf('default', 'reader')
  const reader = clientOf(api, token)
  t.after(async () => reader.close())
  await client.create(secrets, { metadata: { name: 'a', namespace: 'default' } })
  const read = () => reader.get(secrets, { namespace: 'default', name: 'a' })
  await assert.rejects(
    read(),
    refused(
      403,
      /add to a Role in namespace default .*{"apiGroups":\[""\],"resources":\["secrets"\],"verbs":\["get"\]}/,
    ),
  )
  const role = (resource: string, kind: string) => ({
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    resource,
    kind,
    namespaced: true,
  })
  await client.create(role('roles', 'Role'), {
    metadata: { name: 'r', namespace: 'default' },
    rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['a'], verbs: ['get', 'list'] }],
  })
  await client.create(role('rolebindings', 'RoleBinding'), {
    metadata: { name: 'r', namespace: 'default' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
    subjects: [{ kind: 'ServiceAccount', name: 'reader' }],
  })
  assert.equal((await read()).metadata?.name, 'a')
  await assert.rejects(reader.get(secrets, { namespace: 'default', name: 'b' }), refused(403, /"b"/))
  await assert.rejects(reader.list(secrets, { namespace: 'default' }), refused(403, /list/))
  const named = await reader.list(secrets, { namespace: 'default', fieldSelector: 'metadata.name=a' })
  assert.equal(named.items.length, 1)
})

test('an unknown token is nobody', async t => {
  const { api } = await started(t)
  const client = clientOf(api, 'wrong')
  t.after(async () => client.close())
  await assert.rejects(client.list(pods), refused(401, /is the token right/))
})

test('what is made from a generateName gets a name of its own', async t => {
  const { client } = await started(t)
  const metadata = { generateName: 'web-', namespace: 'default' }
  const names = [1, 2].map(async () => (await client.create(configMaps, { metadata })).metadata?.name)
  const [a, b] = await Promise.all(names)
  assert.match(a ?? '', /^web-[a-z0-9]{5}$/)
  assert.notEqual(a, b)
})

test('a dry run checks everything and writes nothing', async t => {
  const { client } = await started(t)
  const made = await client.create(pods, pod('a'), { dryRun: true })
  assert.ok(made.metadata?.uid)
  assert.equal(await client.find(pods, { namespace: 'default', name: 'a' }), undefined)
  await assert.rejects(client.create(pods, pod('A'), { dryRun: true }), refused(422, /metadata.name/))
})

test('nothing is made in a namespace that is not there', async t => {
  const { client } = await started(t)
  await assert.rejects(
    client.create(configMaps, { metadata: { name: 'a', namespace: 'nowhere' } }),
    refused(404, /namespaces "nowhere" not found/),
  )
  await client.create(namespaces, { metadata: { name: 'nowhere' } })
  await client.create(configMaps, { metadata: { name: 'a', namespace: 'nowhere' } })
  await client.delete(namespaces, { name: 'nowhere' })
  assert.equal((await client.list(configMaps)).items.length, 0)
})

test('faults come as ordered', async t => {
  const { api, client } = await started(t)
  const lease = { metadata: { name: 'l', namespace: 'default' }, spec: { leaseDurationSeconds: 15 } }
  api.faults.order('create', 'leases', { kind: 'status', status: 500 }, { kind: 'reset', when: 'after' })
  await assert.rejects(client.create(leases, lease), refused(500, /ordered by the test/))
  await assert.rejects(client.create(leases, lease), /closed the connection/)
  assert.ok(
    await client.find(leases, { namespace: 'default', name: 'l' }),
    'the second one has done its work',
  )
  await api.goAway()
  await assert.rejects(client.list(leases), /refused the connection/)
  await api.comeBack()
  assert.equal((await client.list(leases)).items.length, 1)
})
