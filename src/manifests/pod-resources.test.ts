import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Json } from './json.ts'
import { podLimits, podRequests, qosClass } from './pod-resources.ts'

const cpu = (request?: string, limit?: string): Json => ({
  resources: { ...(request && { requests: { cpu: request } }), ...(limit && { limits: { cpu: limit } }) },
})
const sidecar = (request: string): Json => ({ ...(cpu(request) as object), restartPolicy: 'Always' })
const pod = (containers: Json[], initContainers: Json[] = [], more: object = {}): Json => ({
  spec: { containers, initContainers, ...more },
})

describe('what a pod asks for', () => {
  const cases: readonly (readonly [what: string, pod: Json, cpu: number | undefined])[] = [
    ['the sum of its containers', pod([cpu('100m'), cpu('200m')]), 0.3],
    ['the largest init container where that is more', pod([cpu('100m')], [cpu('1'), cpu('2')]), 2],
    ['native sidecars with the application', pod([cpu('1')], [sidecar('100m'), sidecar('200m')]), 1.3],
    ['a sidecar and the init containers after it', pod([cpu('100m')], [sidecar('100m'), cpu('1')]), 1.1],
    ['an init container without the sidecars after it', pod([cpu('100m')], [cpu('1'), sidecar('100m')]), 1],
    ['the limit where nothing is requested', pod([cpu(undefined, '500m')]), 0.5],
    [
      'what the pod asks for as a whole',
      pod([cpu('1')], [], { resources: { requests: { cpu: '200m' } } }),
      0.2,
    ],
    ['the overhead of its runtime', pod([cpu('1')], [], { overhead: { cpu: '250m' } }), 1.25],
    ['nothing', pod([{}]), undefined],
  ]
  for (const [what, template, wanted] of cases)
    it(`is ${what}`, () => assert.equal(podRequests(template)['cpu'], wanted))
})

describe('what bounds a pod', () => {
  it('is the sum of limits, and nothing where one container has none', () => {
    assert.equal(podLimits(pod([cpu('1', '2'), cpu('1', '3')]))['cpu'], 5)
    assert.equal(podLimits(pod([cpu('1', '2'), cpu('1')]))['cpu'], undefined)
  })
})

describe('the class of a pod', () => {
  const exact: Json = { resources: { limits: { cpu: '1', memory: '1Gi' } } }
  const cases: readonly (readonly [pod: Json, wanted: string])[] = [
    [pod([exact]), 'Guaranteed'],
    [
      pod([
        { resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1024Mi' } } },
      ]),
      'Guaranteed',
    ],
    [pod([exact], [sidecar('100m')]), 'Burstable'],
    [pod([exact], [{}]), 'Burstable'],
    [pod([cpu('1')]), 'Burstable'],
    [pod([{}]), 'BestEffort'],
    [pod([{ resources: { requests: { 'example.com/gpu': '1' } } }]), 'BestEffort'],
    [pod([{}], [], { resources: { limits: { cpu: '1', memory: '1Gi' } } }), 'Guaranteed'],
  ]
  for (const [template, wanted] of cases)
    it(`is ${wanted} for ${JSON.stringify(template)}`, () => assert.equal(qosClass(template), wanted))
})

describe('the sums', () => {
  it('never fall when a sidecar is added, and survive whatever stands there', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), text => {
        const any = JSON.parse(text) as Json
        for (const template of [any, { spec: any }, pod([any], [any]), pod(any as Json[], any as Json[])]) {
          podRequests(template)
          podLimits(template)
          qosClass(template)
        }
      }),
    )
    const amount = fc.integer({ min: 0, max: 4000 }).map(n => `${n}m`)
    const init = fc.oneof(
      amount.map(each => cpu(each)),
      amount.map(sidecar),
    )
    fc.assert(
      fc.property(
        fc.array(amount, { minLength: 1 }),
        fc.array(init),
        amount,
        fc.nat(),
        (apps, inits, added, place) => {
          const containers = apps.map(each => cpu(each))
          const more = inits.toSpliced(place % (inits.length + 1), 0, sidecar(added))
          const [before, after] = [inits, more].map(list => podRequests(pod(containers, list))['cpu'] ?? 0)
          assert.ok(after! >= before! - 1e-9)
        },
      ),
    )
  })
})
