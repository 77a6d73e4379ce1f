import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { KubernetesError } from '../../../src/backends/kubernetes/error.ts'
import { RESOURCES } from '../../../src/backends/kubernetes/resources.ts'
import { Authority, type Identity } from '../certificates.ts'
import { clientOf } from './connected.ts'
import { ApiServer } from './server.ts'
import type { Tree } from './tree.ts'

const { pods, mutatingWebhooks, validatingWebhooks, namespaces } = RESOURCES
const NAME = 'hook.default.svc'

type Answer = (request: Tree) => Tree | string | Promise<Tree | string>

/** A webhook of a test, and the API server that asks it. */
async function hooked(t: TestContext, answer: Answer, identity?: Identity) {
  const authority = new Authority('hooks')
  const server = createServer(
    { ...(identity ?? authority.issue('hook', [NAME])) },
    async (request, response) => {
      let text = ''
      for await (const part of request) text += part
      const { request: asked } = JSON.parse(text)
      const given = await answer(asked)
      const review = {
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: { uid: asked.uid, allowed: true, ...(given as Tree) },
      }
      response
        .writeHead(200, { 'Content-Type': 'application/json' })
        .end(typeof given === 'string' ? given : JSON.stringify(review))
    },
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const api = await ApiServer.start({
    services: (host, at) => (host === NAME && at === 443 ? { host: '127.0.0.1', port } : undefined),
  })
  const warnings: string[] = []
  const client = clientOf(api, undefined, { onWarning: text => warnings.push(text) })
  t.after(async () => {
    client.close()
    await api[Symbol.asyncDispose]()
    server.closeAllConnections()
    server.close()
  })
  return { api, client, warnings, caBundle: Buffer.from(authority.cert).toString('base64') }
}

function webhook(name: string, caBundle: string, more: Tree = {}): Tree {
  return {
    name: `${name}.example.com`,
    clientConfig: { service: { name: 'hook', namespace: 'default', path: `/${name}` }, caBundle },
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    ...more,
  }
}

function configuration(name: string, ...webhooks: Tree[]): Tree {
  return { metadata: { name }, webhooks }
}

const POD = {
  metadata: { name: 'p', namespace: 'default' },
  spec: { containers: [{ name: 'app', image: 'x:1' }] },
}

function patching(...operations: Tree[]): Tree {
  return { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') }
}

const label = (key: string) => patching({ op: 'add', path: '/metadata/labels', value: { [key]: 'yes' } })

test('a mutating webhook changes what is stored, and its warnings reach the client', async t => {
  const { api, client, warnings, caBundle } = await hooked(t, () => ({
    ...label('seen'),
    warnings: ['look out'],
    auditAnnotations: { who: 'me' },
  }))
  await client.create(mutatingWebhooks, configuration('m', webhook('a', caBundle)))
  const made = await client.create(pods, POD)
  assert.deepEqual(made.metadata?.labels, { seen: 'yes' })
  assert.deepEqual(warnings, ['look out'])
  assert.deepEqual(api.requests.at(-1)?.auditAnnotations, { 'a.example.com/who': 'me' })
})

test('a webhook sees defaults, the token of the service account, and no name where one is to be made', async t => {
  const seen: Tree[] = []
  const { client, caBundle } = await hooked(t, request => {
    seen.push(request)
    return {}
  })
  await client.create(mutatingWebhooks, configuration('m', webhook('a', caBundle)))
  await client.create(
    pods,
    { ...POD, metadata: { generateName: 'p-', namespace: 'default' } },
    { dryRun: true },
  )
  const [request] = seen as [Tree]
  assert.equal(request['name'], undefined)
  assert.equal(request['namespace'], 'default')
  assert.equal(request['dryRun'], true)
  assert.equal(request['operation'], 'CREATE')
  assert.equal(request['object'].kind, 'Pod')
  assert.equal(request['object'].spec.restartPolicy, 'Always')
  assert.match(request['object'].spec.containers[0].volumeMounts[0].name, /^kube-api-access-/)
  assert.equal(request['userInfo'].username, 'admin')
})

test('webhooks are asked by the names of their configurations, and again when one behind them has changed something', async t => {
  const order: string[] = []
  const { api, client, caBundle } = await hooked(t, async request => {
    const { labels = {} } = request['object'].metadata
    order.push(Object.keys(labels).join('+') || 'nothing')
    return 'first' in labels
      ? patching({ op: 'add', path: '/metadata/labels/second', value: 'yes' })
      : label('first')
  })
  await client.create(mutatingWebhooks, configuration('b', webhook('late', caBundle)))
  await client.create(
    mutatingWebhooks,
    configuration('a', webhook('early', caBundle, { reinvocationPolicy: 'IfNeeded' })),
  )
  await client.create(pods, POD)
  assert.deepEqual(order, ['nothing', 'first', 'first+second'])
  assert.deepEqual(
    api.webhookCalls.map(({ webhook: name, round }) => [name, round]),
    [
      ['early.example.com', 0],
      ['late.example.com', 0],
      ['early.example.com', 1],
    ],
  )
})

test('a container that a webhook adds gets the token of the service account, too', async t => {
  const { client, caBundle } = await hooked(t, () =>
    patching({ op: 'add', path: '/spec/containers/-', value: { name: 'side', image: 'y:1' } }),
  )
  await client.create(mutatingWebhooks, configuration('m', webhook('a', caBundle)))
  const made = (await client.create(pods, POD)) as Tree
  assert.equal(made['spec'].containers[1].volumeMounts.length, 1)
  assert.equal(made['spec'].containers[1].imagePullPolicy, 'IfNotPresent')
})

test('an object that a patch has broken is refused', async t => {
  const { client, caBundle } = await hooked(t, () =>
    patching({ op: 'add', path: '/spec/containers/-', value: { name: 'app', image: 'y' } }),
  )
  await client.create(mutatingWebhooks, configuration('m', webhook('a', caBundle)))
  await assert.rejects(client.create(pods, POD), /Duplicate value: "app"/)
})

const BAD_ANSWERS: readonly (readonly [string, Tree | string, RegExp])[] = [
  ['of another uid', { uid: 'x' }, /expected response.uid=/],
  ['with a patch and no type', { patch: 'W10=' }, /go together/],
  ['with another type of patch', { patch: 'W10=', patchType: 'Merge' }, /to be JSONPatch, got Merge/],
  ['with a patch that is no base64', { patch: '[]', patchType: 'JSONPatch' }, /must be base64/],
  ['without a decision', { allowed: 'yes' }, /must be a boolean/],
  ['of a field that nobody knows', { warning: 'x' }, /unknown field response.warning/],
  ['that is no review', '{"response":{}}', /expected webhook response of admission.k8s.io\/v1/],
  ['that is no JSON', 'hello', /no JSON/],
]
for (const [what, given, message] of BAD_ANSWERS)
  test(`an answer ${what} counts as a failure`, async t => {
    const { client, caBundle } = await hooked(t, () => given)
    await client.create(mutatingWebhooks, configuration('m', webhook('a', caBundle)))
    await assert.rejects(client.create(pods, POD), (error: unknown) => {
      assert.ok(error instanceof KubernetesError)
      assert.equal(error.code, 500)
      assert.match(error.message, message)
      return true
    })
    const place = { name: 'm' }
    await client.patch(mutatingWebhooks, place, {
      strategic: { webhooks: [{ name: 'a.example.com', failurePolicy: 'Ignore' }] },
    })
    assert.equal((await client.create(pods, POD)).metadata?.name, 'p')
  })

test('the server of a webhook must be of the authority in its caBundle', async t => {
  const { client } = await hooked(t, () => ({}))
  const other = Buffer.from(new Authority('others').cert).toString('base64')
  await client.create(mutatingWebhooks, configuration('m', webhook('a', other)))
  await assert.rejects(
    client.create(pods, POD),
    /failed calling webhook.*(self.signed|unable to verify|issuer)/,
  )
})

test('the certificate of a webhook must be for its service', async t => {
  const authority = new Authority('hooks')
  const { client } = await hooked(t, () => ({}), authority.issue('hook', ['hook.default']))
  const caBundle = Buffer.from(authority.cert).toString('base64')
  await client.create(mutatingWebhooks, configuration('m', webhook('a', caBundle)))
  await assert.rejects(client.create(pods, POD), /hook\.default\.svc/)
})

test('a webhook that is too slow, or not there, stops only who must wait for it', async t => {
  const { client, caBundle } = await hooked(t, () => new Promise(() => {}))
  await client.create(mutatingWebhooks, configuration('m', webhook('a', caBundle, { timeoutSeconds: 1 })))
  await assert.rejects(client.create(pods, POD), /context deadline exceeded/)
  const away = { service: { name: 'away', namespace: 'default' }, caBundle }
  const conditions = [
    {
      name: 'asked-for',
      expression: "has(object.metadata.annotations) && 'inject' in object.metadata.annotations",
    },
  ]
  await client.replace(
    mutatingWebhooks,
    configuration('m', webhook('a', caBundle, { clientConfig: away, matchConditions: conditions })),
  )
  await client.create(pods, POD)
  const asking = { ...POD, metadata: { name: 'q', namespace: 'default', annotations: { inject: 'x' } } }
  await assert.rejects(client.create(pods, asking), /no endpoints available for service "away"/)
})

test('namespaces, labels and rules say what a webhook is asked about', async t => {
  const asked: string[] = []
  const { client, caBundle } = await hooked(t, request => {
    asked.push(`${request['namespace']}/${request['object'].metadata.name}`)
    return {}
  })
  const selector = (operator: string, key: string, ...values: string[]) => ({
    matchExpressions: [{ key, operator, ...(values.length > 0 && { values }) }],
  })
  await client.create(namespaces, { metadata: { name: 'shop' } })
  await client.create(
    mutatingWebhooks,
    configuration(
      'm',
      webhook('a', caBundle, {
        namespaceSelector: selector('NotIn', 'kubernetes.io/metadata.name', 'kube-system'),
        objectSelector: selector('DoesNotExist', 'skip'),
      }),
    ),
  )
  const make = (namespace: string, name: string, labels = {}) =>
    client.create(pods, { ...POD, metadata: { name, namespace, labels } })
  await make('kube-system', 'a')
  await make('shop', 'b')
  await make('shop', 'c', { skip: 'yes' })
  await client.create(RESOURCES.configMaps, { metadata: { name: 'd', namespace: 'shop' } })
  await client.patch(pods, { namespace: 'shop', name: 'b' }, { merge: { metadata: { labels: { x: 'y' } } } })
  assert.deepEqual(asked, ['shop/b'])
})

test('a validating webhook sees the final object, and its refusal is told in its words', async t => {
  const seen: Tree[] = []
  const { client, caBundle } = await hooked(t, request => {
    seen.push(request['object'].metadata)
    return { allowed: false, status: { code: 422, message: 'three sidecars are enough' } }
  })
  await client.create(validatingWebhooks, configuration('v', webhook('a', caBundle)))
  await assert.rejects(
    client.create(pods, { ...POD, metadata: { generateName: 'p-', namespace: 'default' } }),
    (error: unknown) => {
      assert.ok(error instanceof KubernetesError)
      assert.equal(error.code, 422)
      assert.match(
        error.message,
        /admission webhook "a.example.com" denied the request: three sidecars are enough/,
      )
      return true
    },
  )
  assert.match(seen[0]!['name'], /^p-/)
})

test('a validating webhook may not change anything', async t => {
  const { client, caBundle } = await hooked(t, () => label('x'))
  await client.create(validatingWebhooks, configuration('v', webhook('a', caBundle)))
  await assert.rejects(client.create(pods, POD), /may not return a patch/)
})

test('warnings are cut to their limits', async t => {
  const { client, warnings, caBundle } = await hooked(t, () => ({
    warnings: Array.from({ length: 30 }, (_, at) => `${at}${'x'.repeat(300)}`),
  }))
  await client.create(mutatingWebhooks, configuration('m', webhook('a', caBundle)))
  await client.create(pods, POD)
  assert.ok(warnings.every(each => each.length <= 256))
  assert.ok(warnings.join('').length <= 4096)
})

const BAD_CONFIGURATIONS: readonly (readonly [string, Tree, RegExp])[] = [
  ['a short name', { name: 'hook' }, /at least three segments/],
  ['side effects', { sideEffects: 'Some' }, /sideEffects: Unsupported value/],
  ['no time', { timeoutSeconds: 31 }, /between 1 and 30/],
  ['another version only', { admissionReviewVersions: ['v2'] }, /admissionReviewVersions/],
  [
    'a caBundle that is none',
    { clientConfig: { service: { name: 'h', namespace: 'd' }, caBundle: 'eA==' } },
    /unable to load root certificates/,
  ],
  [
    'a condition that does not compile',
    { matchConditions: [{ name: 'c', expression: 'object.metadata.' }] },
    /compilation failed/,
  ],
  [
    'a condition about nothing',
    { matchConditions: [{ name: 'c', expression: 'pod.metadata.name == "x"' }] },
    /undeclared reference to 'pod'/,
  ],
  [
    'two conditions of one name',
    {
      matchConditions: [
        { name: 'c', expression: 'true' },
        { name: 'c', expression: 'true' },
      ],
    },
    /Duplicate value: "c"/,
  ],
]
for (const [what, more, message] of BAD_CONFIGURATIONS)
  test(`a webhook with ${what} is refused`, async t => {
    const { client, caBundle } = await hooked(t, () => ({}))
    await assert.rejects(
      client.create(mutatingWebhooks, configuration('m', webhook('a', caBundle, more))),
      message,
    )
  })
