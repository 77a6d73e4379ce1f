import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { createAuthority, type Signer } from '../../../authority/root.ts'
import { TRUST_DOMAIN } from './authority-keeper.ts'
import { type AuthorityState, certificatesOf, readState, stateData } from './authority-state.ts'
import { trustOf, trustPatch } from './ca-bundle.ts'
import { nextStep } from './rotation.ts'

const DAY_MS = 24 * 3600_000
const START = Date.UTC(2026, 0, 1)
const times = { authorityMs: 90 * DAY_MS, settleMs: 60_000 }
let old: Signer
let made: Signer

before(async () => {
  const make = async (nowMs: number) =>
    (await createAuthority({ trustDomain: TRUST_DOMAIN, nowMs, lifetimeMs: times.authorityMs })).root
  old = await make(START)
  made = await make(START + 61 * DAY_MS)
})

const pem = (signer: Signer) => certificatesOf(signer.certificate)[0]!
const step = (state: AuthorityState | undefined, days: number, announcedMs = 0) =>
  nextStep(state, { nowMs: START + days * DAY_MS, announcedMs, times })

/** The state after a step that needs a new signer. */
function after(state: AuthorityState | undefined, days: number): AuthorityState {
  const next = step(state, days)
  assert.equal(next?.kind, 'make')
  return next.stateWith(made)
}

const settled = (): AuthorityState => ({ signer: old, next: undefined, trusted: [pem(old)] })
const announced = (): AuthorityState => ({ signer: old, next: made, trusted: [pem(made), pem(old)] })
const signing = (): AuthorityState => ({ signer: made, next: undefined, trusted: [pem(made), pem(old)] })

test('without an authority one is made, and signs at once', () => {
  assert.deepEqual(after(undefined, 61), { signer: made, next: undefined, trusted: [pem(made)] })
})

test('nothing is done for two thirds of the time', () => {
  for (const days of [0, 30, 59]) assert.equal(step(settled(), days), undefined)
})

test('then a new one is announced in front of the old one, which still signs', () => {
  assert.deepEqual(after(settled(), 61), announced())
})

test('it signs once it has been trusted everywhere for a minute', () => {
  assert.equal(step(announced(), 61.1, 59_999), undefined)
  const next = step(announced(), 61.1, 60_000)
  assert.deepEqual(next?.kind === 'write' && next.state, signing())
})

test('the old one is trusted until it has expired', () => {
  assert.equal(step(signing(), 89), undefined)
  const next = step(signing(), 91)
  assert.deepEqual(next?.kind === 'write' && next.state.trusted, [pem(made)])
})

for (const [what, days] of [
  ['has expired', 100],
  ['is of a time to come', -10],
] as const)
  test(`an authority that ${what} is replaced without waiting`, () => {
    assert.equal(after(settled(), days).signer, made)
  })

test('what was announced and is of no use any more is forgotten', () => {
  const early = { ...announced(), signer: made, next: old }
  const next = step(early, 100)
  assert.deepEqual(next?.kind === 'write' && next.state.next, undefined)
})

test('a state is read as it was written, and other keys of the Secret stay', () => {
  for (const state of [settled(), announced(), signing()]) {
    const data = stateData(state, { mine: 'eA==' })
    assert.equal(data['mine'], 'eA==')
    assert.deepEqual(readState({ data }), state)
  }
  const data = stateData(signing(), stateData(announced()))
  assert.equal('next.key' in data, false)
  assert.equal(readState({}), undefined)
})

test('a Secret that is no authority is refused with what is wrong', () => {
  const changed = (key: string, text: string) => ({
    data: { ...stateData(announced()), [key]: Buffer.from(text).toString('base64') },
  })
  for (const [key, text, message] of [
    ['signer.key', made.key, /signer.key is not the key of signer.crt/],
    ['signer.key', '', /go together/],
    ['next.crt', 'hello', /cannot be read/],
    ['ca.crt', made.certificate, /ca.crt does not hold the certificate that signs/],
  ] as const)
    assert.throws(() => readState(changed(key, text)), message)
})

test('webhooks are patched by their names, where they lead to us, in the version that was looked at', () => {
  const service = { name: 'controller', namespace: 'outrigger' }
  const trust = trustOf({
    metadata: { resourceVersion: '7' },
    webhooks: [
      { name: 'other', clientConfig: { service: { ...service, name: 'other' } } },
      { name: 'a', clientConfig: { service, caBundle: Buffer.from(old.certificate).toString('base64') } },
      { name: 'b', clientConfig: { service } },
      { name: 'url', clientConfig: { url: 'https://a' } },
    ],
  })
  const hosts = ['controller.outrigger.svc']
  const caBundle = Buffer.from(pem(old)).toString('base64')
  assert.deepEqual(trustPatch(trust, hosts, [pem(old)]), {
    metadata: { resourceVersion: '7' },
    webhooks: [{ name: 'b', clientConfig: { caBundle } }],
  })
  assert.equal(trustPatch(trust, ['else.outrigger.svc'], [pem(old)]), undefined)
})
