// What an API server makes of exported policies is what the injector makes of the same pods.
import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { BUILT_IN, openCatalogue } from '../src/cli/catalogue.ts'
import { run } from '../src/cli/install.ts'
import { fakeIo } from '../src/cli/io-fake.ts'
import type { Catalogue } from '../src/injection/catalogue/catalogue.ts'
import { celOf } from '../src/injection/install/cel.ts'
import { policyObjects } from '../src/injection/install/policy.ts'
import { inject } from '../src/injection/kubernetes/injector.ts'
import { uninject } from '../src/injection/kubernetes/uninject.ts'
import type { Json, JsonObject } from '../src/manifests/json.ts'
import { applyPatch, type PatchOperation } from '../src/wire/json-patch/patch.ts'
import { compileCel } from './fakes/apiserver/admission/cel.ts'
import { clientOf } from './fakes/apiserver/connected.ts'
import { ApiServer } from './fakes/apiserver/server.ts'
import type { Tree } from './fakes/apiserver/tree.ts'

async function builtIn(): Promise<Catalogue> {
  const opened = await openCatalogue([BUILT_IN], fakeIo())
  assert.ok(opened.ok)
  return opened.catalogue
}

/** An expression of a mutation as JavaScript: what a policy may say is nearly the same in both. */
function evaluated(expression: string, object: JsonObject): readonly PatchOperation[] {
  const [, list, there, missing] =
    /^has\(object\.spec\.(\w+)\) \? (\[.*\]) : (\[.*\])$/s.exec(expression) ?? []
  const spec = object['spec'] as JsonObject
  const chosen = list === undefined ? expression : spec[list] === undefined ? missing! : there!
  assert.doesNotMatch(chosen, /\bObject(?:\.\w+)*\{/, 'API servers panic over lists of typed objects')
  const script = chosen.replaceAll('JSONPatch{', '{')
  return new Function('object', 'dyn', `return ${script}`)(object, (value: unknown) => value)
}

/** What an API server does with the pod. */
function applied(policy: JsonObject, pod: JsonObject): JsonObject {
  const { matchConditions, mutations } = policy['spec'] as unknown as {
    matchConditions: { expression: string }[]
    mutations: { jsonPatch: { expression: string } }[]
  }
  if (!matchConditions.every(({ expression }) => compileCel(expression)({ object: pod as Tree }) === true))
    return pod
  return mutations.reduce(
    (object, { jsonPatch }) => applyPatch(object, evaluated(jsonPatch.expression, object)) as JsonObject,
    pod,
  )
}

const pod = (annotations: Record<string, string>, spec: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', annotations },
  spec: { containers: [{ name: 'web', image: 'web:1', ports: [{ containerPort: 80 }] }], ...spec },
})

const OPTIONS = { version: 'v1', spared: ['kube-system'] } as const

for (const name of ['nginx-exporter', 'redis-exporter'])
  describe(`the policy of ${name}`, async () => {
    const catalogue = await builtIn()
    const result = policyObjects(name, catalogue, OPTIONS)
    assert.ok(result.ok, JSON.stringify(result))
    const [policy] = result.objects as [JsonObject]
    const ASKS = { 'outrigger.dev/inject': name }
    const setup = { name: 'setup', image: 'setup:1' }
    const own = { name: 'own', emptyDir: {} }

    for (const [what, spec] of [
      ['a bare pod', {}],
      ['a pod with an init container and a volume', { initContainers: [setup], volumes: [own] }],
    ] as const)
      it(`makes of ${what} what the injector makes of it, and the injector knows it for its own`, () => {
        const before = pod(ASKS, spec)
        const after = applied(policy, before)
        const injected = applyPatch(before, inject(before, catalogue).patch) as JsonObject
        assert.deepEqual(after['spec'], injected['spec'])
        assert.equal(inject(after, catalogue).status[0]?.reason, 'already_injected')
        assert.deepEqual(applied(policy, after), after)
        const without = applyPatch(after, uninject(after).patch) as JsonObject
        assert.deepEqual(
          (without['spec'] as JsonObject)['containers'],
          (before['spec'] as JsonObject)['containers'],
        )
      })

    for (const [what, given] of [
      ['that asks for nothing', pod({})],
      ['that asks for more', pod({ 'outrigger.dev/inject': `${name},logs` })],
      ['that asks for another version', pod({ 'outrigger.dev/inject': `${name}@9` })],
      ['with a parameter', pod({ ...ASKS, [`outrigger.dev/${name}.x`]: '1' })],
      ['that is told to skip', pod({ ...ASKS, 'outrigger.dev/skip': 'x' })],
      ['with the network of its node', pod(ASKS, { hostNetwork: true })],
      ['with a container of that name', pod(ASKS, { initContainers: [{ name, image: 'x' }] })],
    ] as const)
      it(`leaves a pod alone ${what}`, () => assert.deepEqual(applied(policy, given), given))

    it('is taken by an API server', async () => {
      await using api = await ApiServer.start()
      const warnings: string[] = []
      const client = clientOf(api, undefined, { onWarning: text => warnings.push(text) })
      for (const object of result.objects) {
        const kind = String(object['kind'])
        const type = { group: 'admissionregistration.k8s.io', version: 'v1', kind, namespaced: false }
        const resource = `${kind.toLowerCase().replace(/y$/, 'ie')}s`
        await client.create({ ...type, resource }, object as object as Record<string, never>)
      }
      assert.deepEqual(warnings, [])
      client.close()
    })
  })

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['logs', /volumeMounts of the pod, which depends on the pod/],
  ['envoy', /what it adds depends on the pod/],
  ['vault-agent', /a value is needed/],
  ['nothing', /no sidecar/],
]
for (const [name, reason] of REFUSED)
  test(`${name} needs the webhook, and it is said why`, async () => {
    const result = policyObjects(name, await builtIn(), OPTIONS)
    assert.match(result.ok ? '' : result.reason, reason)
  })

test('outrigger install --policy prints all that was asked for, or nothing', async () => {
  const call = async (...policy: string[]) => {
    const io = fakeIo()
    const code = await run({ io, values: { policy }, positionals: [], rest: undefined })
    return { code, out: io.stdout.text, err: io.stderr.text }
  }
  const one = await call('nginx-exporter')
  assert.equal(one.code, 0)
  assert.match(one.out, /kind: MutatingAdmissionPolicyBinding/)
  const mixed = await call('nginx-exporter', 'vault-agent')
  assert.deepEqual([mixed.code, mixed.out], [1, ''])
  assert.match(mixed.err, /vault-agent needs the webhook: /)
  const all = await call('all')
  assert.equal(all.code, 0)
  assert.match(all.out, /nginx-exporter/)
})

describe('a value in CEL', () => {
  const cases: readonly (readonly [Json, string])[] = [
    ['a "b"\n\\', '"a \\"b\\"\\n\\\\"'],
    [1, '1'],
    [true, 'true'],
    [['a', 'b'], '["a", "b"]'],
    [{ 'a.b/c': 'd' }, '{"a.b/c": dyn("d")}'],
    [{ a: 1, b: { c: 'd' } }, '{"a": dyn(1), "b": dyn({"c": dyn("d")})}'],
    [{ emptyDir: {} }, '{"emptyDir": dyn({})}'],
    [[{ port: 1 }, { name: 'a' }], '[{"port": dyn(1)}, {"name": dyn("a")}]'],
    [['a', 1, null], '[dyn("a"), dyn(1), dyn(null)]'],
    [[], '[]'],
  ]
  for (const [value, text] of cases)
    it(`${JSON.stringify(value)} is ${text}`, () => assert.equal(celOf(value), text))
})
