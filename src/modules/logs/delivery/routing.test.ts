import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { s } from '../../../kernel/config/schema.ts'
import { fakeHost } from '../../../kernel/host-fake.ts'
import { fakeSlice, recordsOf } from '../outputs/output-fakes.ts'
import { checkRouting, routingFields } from '../outputs/routing-config.ts'
import { recordMetrics } from '../record-metrics.ts'
import { createRouting } from './routing.ts'

const schema = s.object(routingFields, { about: 'the routing' })

function routingOf(options: object) {
  const host = fakeHost({ name: 'logs' })
  const decoded = schema.decode(options)
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
  assert.deepEqual(checkRouting(decoded.value), [])
  const key = 'logs.outputs[0].file.steps'
  return createRouting(decoded.value, {
    ...host,
    recordMetrics: recordMetrics(host.metrics),
    owner: 'output file',
    key,
  })
}

describe('the routing of an output', () => {
  it('is none where nothing is asked for', () => assert.equal(routingOf({}), undefined))

  it('knows by the tag alone that a frame goes elsewhere', () => {
    const routing = routingOf({ tags: ['kube.*', 'tail'] })
    assert.equal(routing?.excludes(fakeSlice([{}])), false)
    assert.equal(routing?.isPlain, true)
    assert.equal(routingOf({ tags: ['kube.*'] })?.excludes(fakeSlice([{}])), true)
  })

  it('parts the records that meet the condition from the others, as slices of the same frame', async () => {
    const slice = { ...fakeSlice([{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]), from: 1 }
    const routed = await routingOf({ when: 'n == 1 or n == 2 or n == 4' })?.route(slice)
    assert.deepEqual(
      routed?.slices.map(({ from, to }) => [from, to]),
      [
        [1, 3],
        [4, 5],
      ],
    )
    assert.deepEqual(recordsOf(routed?.others), ['{"n":3}'])
    assert.ok(routed?.slices.every(({ frame }) => frame === slice.frame))
  })

  it('edits the records for this output only, each at its own index', async () => {
    const slice = fakeSlice([{ n: 0, secret: 'a' }, { n: 1 }, { n: 2, secret: 'b' }])
    const routing = routingOf({ steps: [{ drop: 'n == 1' }, { remove: ['secret'] }] })
    const routed = await routing?.route(slice)
    assert.deepEqual(recordsOf(routed?.slices), ['{"n":0}', '{"n":2}'])
    assert.deepEqual(
      routed?.slices.map(({ frame, from, to }) => [frame.sequence, from, to]),
      [
        [1, 0, 1],
        [1, 2, 3],
      ],
    )
    assert.deepEqual(recordsOf(routed?.others), ['{"n":1}'])
    assert.deepEqual(recordsOf([slice]), ['{"n":0,"secret":"a"}', '{"n":1}', '{"n":2,"secret":"b"}'])
  })
})
