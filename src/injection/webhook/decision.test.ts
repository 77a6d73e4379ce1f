import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { JsonObject } from '../../manifests/json.ts'
import { askingPattern, requiredNames, requiredOf } from '../kubernetes/selection.ts'
import { readReview } from './admission-review.ts'
import { decideMutation } from './mutation.ts'
import { fakeCatalogue, fakeEntry, knowledgeOf, podOf, reviewOf } from './review-fake.ts'
import { decideValidation } from './validation.ts'
import { warningsOf } from './warnings.ts'

function requestOf(object: JsonObject, more: object = {}) {
  const reading = readReview(Buffer.from(JSON.stringify(reviewOf(object, more))))
  assert.ok(reading.ok, JSON.stringify(reading))
  return reading.request
}

const ASKS = { 'outrigger.dev/inject': 'logs' }
const MUST = { 'outrigger.dev/inject': 'logs, vault@1' }

describe('the decision over a new pod', () => {
  const cases: readonly (readonly [
    what: string,
    knowledge: Parameters<typeof knowledgeOf>,
    annotations: Record<string, string>,
    outcome: string,
    allowed: boolean,
  ])[] = [
    ['what is injected is patched', ['injected'], ASKS, 'injected', true],
    ['what has it already stays', ['unchanged', { reason: 'already_injected' }], ASKS, 'unchanged', true],
    ['what cannot have it goes without', ['failed', { reason: 'port_collision' }], ASKS, 'failed', true],
    [
      'unless that is not wanted',
      ['failed', { reason: 'port_collision', onFailure: 'deny' }],
      ASKS,
      'denied',
      false,
    ],
    ['what must have it is denied', ['failed', { reason: 'port_collision' }], MUST, 'denied', false],
    ['also when it would be skipped', ['skipped', { reason: 'host_network' }], MUST, 'denied', false],
    ['not when it was told to', ['skipped', { reason: 'skip_annotation' }], MUST, 'skipped', true],
    ['not when it runs already', ['skipped', { reason: 'mirror_pod' }], MUST, 'skipped', true],
    ['what is skipped goes without', ['skipped', { reason: 'host_network' }], ASKS, 'skipped', true],
  ]
  for (const [what, knowledge, annotations, outcome, allowed] of cases)
    it(what, () => {
      const decision = decideMutation(requestOf(podOf(annotations)), knowledgeOf(...knowledge))
      assert.equal(decision.outcome, outcome)
      assert.equal(decision.allowed, allowed)
      assert.equal(decision.patch !== undefined, outcome === 'injected')
      if (!allowed) assert.match(decision.message!, /it does not go; mend it/)
    })

  it('asks for what the namespace of the request asks for', () => {
    const asked: string[] = []
    const knowledge = knowledgeOf('failed', {
      reason: 'conflict',
      namespace: name => {
        asked.push(name)
        return { name, annotations: { 'outrigger.dev/inject': 'secrets' } }
      },
    })
    const pod = podOf({}, { metadata: { generateName: 'web-', namespace: 'other' } })
    assert.equal(decideMutation(requestOf(pod), knowledge).outcome, 'denied')
    assert.deepEqual(asked, ['shop'])
  })

  for (const [what, more] of [
    ['an update', { operation: 'UPDATE' }],
    ['another kind', { kind: { group: 'apps', version: 'v1', kind: 'Deployment' } }],
    ['an ephemeral container', { subResource: 'ephemeralcontainers' }],
    ['a deletion', { operation: 'DELETE', object: null }],
  ] as const)
    it(`leaves ${what} alone`, () => {
      const decision = decideMutation(requestOf(podOf(ASKS), more), knowledgeOf('injected'))
      assert.deepEqual([decision.outcome, decision.patch, decision.allowed], ['unchanged', undefined, true])
    })
})

describe('the validation', () => {
  it('denies a pod without a required sidecar that it asked for', () => {
    const decision = decideValidation(requestOf(podOf(MUST)), knowledgeOf('unchanged'))
    assert.deepEqual([decision.allowed, decision.reason], [false, 'required_missing'])
    assert.match(decision.message!, /asks for vault/)
  })

  const allowed: readonly (readonly [string, JsonObject, Parameters<typeof knowledgeOf>[1]])[] = [
    ['has it', podOf(MUST), { present: () => new Set(['vault']) }],
    ['asks for others only', podOf(ASKS), {}],
    ['wants none', podOf({ ...MUST, 'outrigger.dev/skip': 'debugging' }), {}],
    ['runs already', podOf({ ...MUST, 'kubernetes.io/config.mirror': 'x' }), {}],
  ]
  for (const [what, pod, more] of allowed)
    it(`lets a pod pass that ${what}`, () =>
      assert.equal(decideValidation(requestOf(pod), knowledgeOf('unchanged', more)).outcome, 'passed'))

  it('warns of what the checks find, and only where somebody reads it', () => {
    const lint = () => [{ code: 'SC002', severity: 'warning', path: [], message: 'no limits' }] as const
    const knowledge = knowledgeOf('unchanged', { lint })
    const owned = podOf({}, { metadata: { ownerReferences: [{ kind: 'ReplicaSet', controller: true }] } })
    assert.deepEqual(decideValidation(requestOf(podOf()), knowledge).warnings, ['outrigger SC002: no limits'])
    assert.deepEqual(decideValidation(requestOf(owned), knowledge).warnings, [])
  })
})

describe('warnings', () => {
  it('are short, without control characters, the gravest first', () => {
    const long = 'a very long text '.repeat(50)
    const lines = warningsOf([
      { code: 'SC001', severity: 'info', path: [], message: 'not told' },
      { code: 'SC002', severity: 'warning', path: [], message: 'short', hint: 'mend it' },
      { code: 'SC003', severity: 'warning', path: [], message: `a message of some length`, hint: long },
      { code: 'SC004', severity: 'error', path: [], message: `bad\r\nX-Injected: 1 \ud800 ${long}` },
    ])
    assert.match(lines[0]!, /^outrigger SC004: bad X-Injected: 1 \ufffd a very.*…$/)
    assert.deepEqual(lines.slice(1), [
      'outrigger SC002: short; mend it',
      'outrigger SC003: a message of some length',
    ])
  })

  it('stay below what an API server takes, whatever is found', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 400 }), { maxLength: 60 }), messages => {
        const findings = messages.map(
          message => ({ code: 'x', severity: 'warning', path: [], message }) as const,
        )
        const sizes = warningsOf(findings).map(line => Buffer.byteLength(line))
        return sizes.every(size => size <= 256) && sizes.reduce((sum, size) => sum + size, 0) <= 4096
      }),
    )
  })
})

describe('what asks for a required sidecar', () => {
  const catalogue = fakeCatalogue(
    fakeEntry('vault', { required: true, aliases: { secrets: { about: '', set: {} } } }),
    fakeEntry('a.b', { required: true }),
    fakeEntry('logs'),
  )
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['vault', ['vault']],
    ['logs, vault@1.2 ,x', ['vault']],
    ['secrets', ['vault']],
    ['vaults', []],
    ['my-vault', []],
    ['vault-agent', []],
    ['aXb', []],
    ['a.b,secrets', ['vault', 'a.b']],
    ['logs@vault', []],
    ['', []],
  ]
  for (const [value, required] of cases)
    it(`${JSON.stringify(value)} is ${required.join(' and ') || 'nothing'}`, () =>
      assert.deepEqual(requiredOf(value, catalogue), required))

  it('is named with all aliases', () =>
    assert.deepEqual(requiredNames(catalogue), ['a.b', 'secrets', 'vault']))

  it('is one pattern in the order of the alphabet', () =>
    assert.equal(askingPattern(['b', 'a.c']), '(^|,)\\s*(a\\.c|b)(@[^,]*)?\\s*(,|$)'))
})
