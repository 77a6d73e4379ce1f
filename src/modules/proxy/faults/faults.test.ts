import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { fakeHost } from '../../../kernel/host-fake.ts'
import { request } from '../request-fake.ts'
import { checkFaults, type FaultConfig, faultsConfig } from './config.ts'
import { createFaults } from './faults.ts'

function decoded(faults: readonly object[]): readonly FaultConfig[] {
  const result = faultsConfig.decode(faults)
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

function faults(configs: readonly object[], random = () => 0) {
  const host = fakeHost()
  return { host, faults: createFaults(decoded(configs), { ...host, random }) }
}

describe('a fault is for requests that match', () => {
  for (const [config, hit, miss] of [
    [{ paths: ['/cart/*'] }, { path: '/cart/1' }, { path: '/' }],
    [{ methods: ['POST'] }, { method: 'POST' }, { method: 'GET' }],
    [{ headers: { 'X-Chaos': 'y*' } }, { headers: { 'x-chaos': 'yes' } }, { headers: { 'x-chaos': 'no' } }],
    [{ headers: { a: '*', b: '*' } }, { headers: { a: '', b: '1' } }, { headers: { a: '1' } }],
    [{ methods: ['GET'], paths: ['/a'] }, { path: '/a' }, { path: '/a', method: 'PUT' }],
  ] as const)
    test(JSON.stringify(config), () => {
      const { faults: one } = faults([{ name: 'f', abort: 500, ...config }])
      assert.equal(one.decide(request(hit), 'r')?.name, 'f')
      assert.equal(one.decide(request(miss), 'r'), undefined)
    })

  test('and for its routes', () => {
    const { faults: one } = faults([{ name: 'f', abort: 500, routes: ['shop/*'] }])
    assert.equal(one.decide(request(), 'shop/a')?.name, 'f')
    assert.equal(one.decide(request(), 'other'), undefined)
  })
})

test('says what is to go wrong, is counted, and is the same object each time', () => {
  const { faults: one, host } = faults([{ name: 'f', delay: '2s', slowBody: '1KiB' }])
  const fault = one.decide(request(), 'r')
  assert.deepEqual(fault, {
    ...{ name: 'f', delayMs: 2000, abortStatus: undefined, reset: false, bodyBytesPerSecond: 1024 },
  })
  assert.equal(one.decide(request(), 'r'), fault)
  assert.equal(host.metric('faults_injected_total', { fault: 'f' }), 2)
})

test('comes as often as its percentage says', () => {
  const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(dice, fc.integer({ min: 0, max: 100 }), (thrown, percent) => {
      const { faults: one } = faults([{ name: 'f', abort: 500, percent }], () => thrown)
      assert.equal(one.decide(request(), 'r') !== undefined, thrown < percent / 100)
    }),
  )
})

test('the first that matches and that the dice choose is taken', () => {
  const thrown = [0.9, 0.1]
  const { faults: one } = faults(
    [
      { name: 'other', reset: true, paths: ['/x'] },
      { name: 'rare', reset: true, percent: 50 },
      { name: 'often', abort: 503, percent: 50 },
    ],
    () => thrown.shift()!,
  )
  assert.equal(one.decide(request(), 'r')?.name, 'often')
})

test('explains without throwing dice or counting', () => {
  const { faults: one, host } = faults(
    [
      { name: 'a', delay: '1s', abort: 503, percent: 0.5 },
      { name: 'b', reset: true, paths: ['/x'] },
      { name: 'c', slowBody: '1KiB' },
    ],
    () => assert.fail('dice'),
  )
  assert.deepEqual(one.explain(request(), 'r'), [
    'fault "a" with 0.5 %: wait 1000 ms, answer 503',
    'fault "c" with 100 %: send the body with 1024 bytes a second',
  ])
  assert.equal(host.metric('faults_injected_total', { fault: 'a' }), 0)
})

test('contradictions are problems in their place', () => {
  const configs = decoded([
    { name: 'a', abort: 500, reset: true },
    { name: 'a', abort: 500, slowBody: '1KiB' },
    { name: 'b' },
    { name: 'c', delay: '1s', abort: 500 },
  ])
  assert.deepEqual(
    checkFaults(configs, ['proxy', 'faults']).map(problem => problem.path.join('.')),
    ['proxy.faults.0.reset', 'proxy.faults.1.name', 'proxy.faults.1.slowBody', 'proxy.faults.2'],
  )
})
