import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CelError, compileCel } from './cel.ts'

const pod = {
  metadata: { name: 'web-1', annotations: { 'outrigger.dev/inject': 'logs' }, labels: {} },
  spec: { containers: [{ name: 'a' }, { name: 'b' }], hostNetwork: true },
}
const request = { operation: 'CREATE', namespace: 'shop', userInfo: { groups: ['x', 'y'] } }

const HOLDS: readonly (readonly [string, unknown])[] = [
  [
    "has(object.metadata.annotations) && object.metadata.annotations.exists(k, k.startsWith('outrigger.dev/'))",
    true,
  ],
  ["object.metadata.annotations['outrigger.dev/inject'] == 'logs'", true],
  ["!('outrigger.dev/skip' in object.metadata.annotations)", true],
  ['has(object.spec.hostPID)', false],
  ["has(object.spec.hostPID) || object.metadata.name.endsWith('-1')", true],
  ['object.spec.containers.all(c, has(c.name) && size(c.name) > 0)', true],
  ["object.spec.containers.filter(c, c.name != 'a').map(c, c.name) == ['b']", true],
  ["object.spec.containers.exists_one(c, c.name == 'a')", true],
  ["request.operation in ['CREATE', 'UPDATE'] && request.namespace != 'kube-system'", true],
  ["object.spec.hostNetwork ? 'host' : 'pod'", 'host'],
  ['size(object.spec.containers) + 1 >= 3', true],
  ["object.metadata.name.matches('^web-[0-9]+$')", true],
  ['oldObject == null', true],
  // What decides needs no other side, even if that one fails.
  ['false && object.none.none', false],
  ['object.none.none && false', false],
  ['object.none.none || true', true],
]
for (const [expression, expected] of HOLDS)
  test(`${expression} is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(compileCel(expression)({ object: pod, oldObject: null, request }), expected)
  })

for (const expression of [
  'object.none == 1',
  'object.metadata.name && true',
  "object.spec.containers[7].name == 'a'",
  'true && object.none',
])
  test(`${expression} fails when it is evaluated`, () => {
    assert.throws(() => compileCel(expression)({ object: pod, request }), CelError)
  })

for (const expression of [
  '',
  'object.',
  'pod.name',
  'object.name.trim()',
  'has(object)',
  'object.?name',
  "'a",
  'true true',
  'k',
])
  test(`${JSON.stringify(expression)} does not compile`, () => {
    assert.throws(() => compileCel(expression), SyntaxError)
  })
