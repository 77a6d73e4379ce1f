// The controller as it is installed: asked by an API server over HTTPS, allowed what its roles allow, and killed.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { KubernetesError } from '../../src/backends/kubernetes/error.ts'
import { RESOURCES } from '../../src/backends/kubernetes/resources.ts'
import type { Tree } from '../fakes/apiserver/tree.ts'
import { GUARD, installed, until } from '../fakes/controller/installed.ts'

const { pods, events, namespaces, deployments, mutatingWebhooks } = RESOURCES

function pod(annotations: Record<string, string> = {}, more: Tree = {}): Tree {
  return {
    metadata: {
      generateName: 'web-',
      namespace: 'shop',
      labels: { app: 'web' },
      annotations,
      ...more['metadata'],
    },
    spec: {
      containers: [{ name: 'app', image: 'shop:1', ports: [{ containerPort: 8080 }] }],
      ...more['spec'],
    },
  }
}

const LOGS = { 'outrigger.dev/inject': 'logs' }
const BOTH = { 'outrigger.dev/inject': 'logs, guard@1' }
const OWNED = {
  metadata: {
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true }],
  },
}

const sidecarsOf = ({ spec }: Tree) => (spec.initContainers ?? []).map(({ name }: Tree) => name)

function denied(message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof KubernetesError, String(error))
    assert.match(error.message, message)
    return true
  }
}

test('pods get what they ask for on their way through the API server, and no other pod is asked about', async t => {
  await using cluster = await installed()
  const { admin, api } = cluster
  const replica = await cluster.start()

  await t.test('by their own annotation', async () => {
    const made = (await admin.create(pods, pod(LOGS))) as Tree
    assert.deepEqual(sidecarsOf(made), ['outrigger'])
    const status = JSON.parse(made['metadata'].annotations['outrigger.dev/status'])
    assert.equal(status.entries[0].name, 'outrigger')
    assert.match(made['metadata'].name, /^web-/)
    assert.equal(replica.metric('outrigger_injection_reviews_total', { outcome: 'injected' }) > 0, true)
  })

  await t.test('as a dry run', async () => {
    const before = (await admin.list(pods, { namespace: 'shop' })).items.length
    const made = (await admin.create(pods, pod(LOGS), { dryRun: true })) as Tree
    assert.deepEqual(sidecarsOf(made), ['outrigger'])
    assert.equal((await admin.list(pods, { namespace: 'shop' })).items.length, before)
  })

  await t.test('by an annotation of their namespace that is labelled for it', async () => {
    await admin.create(namespaces, {
      metadata: { name: 'carts', labels: { 'outrigger.dev/defaults': 'optional' }, annotations: LOGS },
    })
    await until(async () => {
      const metadata = { generateName: 'web-', namespace: 'carts', annotations: {} }
      return sidecarsOf((await admin.create(pods, pod({}, { metadata }))) as Tree).includes('outrigger')
    }, 'the controller has seen the namespace')
    const metadata = {
      generateName: 'web-',
      namespace: 'carts',
      annotations: { 'outrigger.dev/skip': 'why' },
    }
    assert.deepEqual(sidecarsOf((await admin.create(pods, pod({}, { metadata }))) as Tree), [])
  })

  await t.test('whatever another webhook does before or behind', async () => {
    const made = (await admin.create(pods, pod(BOTH))) as Tree
    assert.deepEqual(sidecarsOf(made).sort(), ['guard', 'outrigger'])
    const again = (await admin.create(
      pods,
      {
        ...made,
        metadata: { ...made['metadata'], name: 'again', uid: undefined, resourceVersion: undefined },
      } as Tree,
      { dryRun: true },
    )) as Tree
    assert.deepEqual(sidecarsOf(again), sidecarsOf(made))
  })

  await t.test('and without asking nobody is asked', async () => {
    const calls = api.webhookCalls.length
    assert.deepEqual(sidecarsOf((await admin.create(pods, pod())) as Tree), [])
    assert.equal(api.webhookCalls.length, calls)
  })

  await t.test('and who applies a workload with mistakes is warned', async () => {
    const warned = api.requests.length
    await admin.create(deployments, {
      metadata: { name: 'web', namespace: 'shop', annotations: { 'outrigger.dev/injct': 'logs' } },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' }, annotations: { 'outrigger.dev/inject': 'lgs' } },
          spec: pod()['spec'],
        },
      },
    })
    const { warnings } = api.requests.slice(warned).find(({ path }) => path.endsWith('/deployments'))!
    assert.match(warnings.join('\n'), /outrigger\.dev\/injct/)
    assert.match(warnings.join('\n'), /lgs/)
  })

  await t.test('and the roles suffice, and grant nothing that is not used', () => {
    const own = api.requests.filter(({ user }) => user.endsWith(':outrigger-controller'))
    const forbidden = own.filter(({ code }) => code === 403).map(({ method, path }) => `${method} ${path}`)
    assert.deepEqual(forbidden, [])
    const used = new Set(
      own.flatMap(({ wish }) => (wish && 'resource' in wish ? [`${wish.verb} ${wish.resource}`] : [])),
    )
    const granted = cluster.objects
      .filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role')
      .flatMap(({ rules }) => rules as unknown as { resources: string[]; verbs: string[] }[])
      .flatMap(({ resources, verbs }) =>
        resources.flatMap(resource => verbs.map(verb => `${verb} ${resource}`)),
      )
    // What comes later: Events of faults, and renewals.
    const later = ['create events', 'update secrets', 'update leases']
    assert.deepEqual(
      [...new Set(granted)].filter(each => !used.has(each) && !later.includes(each)),
      [],
    )
  })
})

test('another webhook that adds a container behind makes ours look again, and nothing is added twice', async () => {
  await using cluster = await installed()
  const { admin, api } = cluster
  await cluster.start()
  const { createServer } = await import('node:https')
  const { Authority } = await import('../fakes/certificates.ts')
  const authority = new Authority('foreign')
  const { cert, key } = authority.issue('localhost', ['localhost', '127.0.0.1'])
  const foreign = createServer({ cert, key }, async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const { request: asked } = JSON.parse(text)
    const has = asked.object.spec.containers.some(({ name }: Tree) => name === 'istio-proxy')
    const patch = [
      { op: 'add', path: '/spec/containers/-', value: { name: 'istio-proxy', image: 'proxy:1' } },
    ]
    const answer = {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: {
        ...{ uid: asked.uid, allowed: true },
        ...(!has && { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
      },
    }
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(answer))
  })
  await new Promise<void>(resolve => foreign.listen(0, '127.0.0.1', resolve))
  const { port } = foreign.address() as { port: number }
  await admin.create(mutatingWebhooks, {
    metadata: { name: 'z-foreign' },
    webhooks: [
      {
        ...{ name: 'foreign.example.com', admissionReviewVersions: ['v1'], sideEffects: 'None' },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        clientConfig: {
          url: `https://localhost:${port}/`,
          caBundle: Buffer.from(authority.cert).toString('base64'),
        },
      },
    ],
  })
  const made = (await admin.create(pods, pod(LOGS))) as Tree
  assert.deepEqual(sidecarsOf(made), ['outrigger'])
  assert.deepEqual(
    made['spec'].containers.map(({ name }: Tree) => name),
    ['app', 'istio-proxy'],
  )
  const rounds = api.webhookCalls.filter(({ webhook }) => webhook === 'optional.pods.outrigger.dev')
  assert.deepEqual(
    rounds.map(({ round }) => round),
    [0, 1],
  )
  foreign.close()
})

test('while the webhook is away, only pods that ask for a required sidecar are refused, and the others are told of', async () => {
  await using cluster = await installed({}, { watchdog: { maxEventsPerMinute: 100 } })
  const { admin, records } = cluster
  const replica = await cluster.start()
  await replica.stop()

  const bare = (await admin.create(pods, pod(LOGS, OWNED))) as Tree
  assert.deepEqual(sidecarsOf(bare), [])
  await admin.create(pods, pod())
  await assert.rejects(admin.create(pods, pod(BOTH)), denied(/required\.pods\.outrigger\.dev/))
  await admin.create(pods, pod({ ...BOTH, 'outrigger.dev/skip': 'debugging' }))

  const back = await cluster.start()
  await until(
    () => back.metric('outrigger_watchdog_pods', { problem: 'missing' }) === 1,
    'the bare pod is told of',
  )
  const said = records.filter(({ event }) => event === 'pod_lacks_sidecar')
  assert.equal(said[0]!.fields['pod'], bare['metadata'].name)
  const written = async () => (await admin.list(events, { namespace: 'shop' })).items as Tree[]
  await until(async () => (await written()).length > 0, 'an Event stands beside the pod')
  const [event] = await written()
  assert.equal(event!['reason'], 'SidecarMissing')
  assert.equal(event!['regarding'].name, bare['metadata'].name)
  assert.deepEqual(sidecarsOf((await admin.create(pods, pod(BOTH))) as Tree).sort(), ['guard', 'outrigger'])
})

test('a pod that lost its required sidecar on the way is denied', async () => {
  await using cluster = await installed()
  const { admin } = cluster
  await cluster.start()
  const configuration = (await admin.get(mutatingWebhooks, { name: 'outrigger-controller' })) as Tree
  await admin.delete(mutatingWebhooks, { name: 'outrigger-controller' })
  await assert.rejects(
    admin.create(pods, pod(BOTH)),
    denied(/asks for guard, which it must not start without/),
  )
  assert.deepEqual(sidecarsOf((await admin.create(pods, pod(LOGS))) as Tree), [])
  assert.ok(configuration['webhooks'].length > 0)
})

test('pods without a required sidecar are evicted when that is wanted, unless a budget holds them', async () => {
  await using cluster = await installed({ evict: true }, { watchdog: { evict: { perMinute: 10 } } })
  const { admin, api, records } = cluster
  for (const name of ['mutatingWebhooks', 'validatingWebhooks'] as const)
    await admin.delete(RESOURCES[name], { name: 'outrigger-controller' })
  const owned = { ...OWNED.metadata, generateName: 'guarded-', labels: { app: 'guarded' } }
  await admin.create(pods, pod({}, { metadata: { ...owned, annotations: BOTH } }))
  await admin.create(pods, pod({}, { metadata: { ...owned, labels: { app: 'held' }, annotations: BOTH } }))
  await admin.create(pods, pod({}, { metadata: { generateName: 'alone-', annotations: BOTH } }))
  api.store.create(
    { ...(await import('../fakes/apiserver/kinds.ts')).findKind('policy', 'v1', 'poddisruptionbudgets')! },
    {
      metadata: { name: 'held', namespace: 'shop' },
      spec: { maxUnavailable: 0, selector: { matchLabels: { app: 'held' } } },
      status: { disruptionsAllowed: 0 },
    },
  )
  const replica = await cluster.start()
  await until(
    () => replica.metric('outrigger_watchdog_evictions_total', { outcome: 'evicted' }) === 1,
    'one is evicted',
  )
  const left = (await admin.list(pods, { namespace: 'shop' })).items as Tree[]
  assert.deepEqual(left.map(({ metadata }) => metadata.labels.app).sort(), ['held', 'web'])
  assert.equal(records.filter(({ event }) => event === 'pod_evicted').length, 1)
})

test('a catalogue that changes is taken over, one with mistakes is not, and pods with the old one are told of', async () => {
  await using cluster = await installed()
  const { admin, catalogue, records } = cluster
  const replica = await cluster.start()
  await admin.create(pods, pod(BOTH))
  await writeFile(join(catalogue, 'guard.yaml'), GUARD.replace('version: 1.0.0', 'version: 1.1.0'))
  await until(() => records.some(({ event }) => event === 'catalogue_changed'), 'the change is taken over')
  await until(
    () => replica.metric('outrigger_watchdog_pods', { problem: 'outdated' }) === 1,
    'the old one is told of',
  )
  const made = (await admin.create(pods, pod(BOTH))) as Tree
  assert.match(made['metadata'].annotations['outrigger.dev/status'], /"1\.1\.0"/)
  await writeFile(join(catalogue, 'guard.yaml'), GUARD.replace('version', 'verison'))
  await until(() => records.some(({ event }) => event === 'catalogue_rejected'), 'the mistake is told')
  assert.equal(replica.sidecar.health().state, 'degraded')
  assert.equal(replica.sidecar.health().ready, true)
  assert.deepEqual(sidecarsOf((await admin.create(pods, pod(BOTH))) as Tree).sort(), ['guard', 'outrigger'])
})

test('pods that ask another injector get what stands for its sidecar, when that is wanted', async () => {
  await using cluster = await installed({ adopt: true })
  const { admin } = cluster
  await cluster.start()
  assert.deepEqual(sidecarsOf((await admin.create(pods, pod({ 'linkerd.io/inject': 'enabled' }))) as Tree), [
    'outrigger',
  ])
  assert.deepEqual(sidecarsOf((await admin.create(pods, pod({ 'linkerd.io/created-by': 'x' }))) as Tree), [])
})
