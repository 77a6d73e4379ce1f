import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { fakeHost } from '../../../../kernel/host-fake.ts'
import { deadlineIn } from '../../../../kernel/lifecycle/deadline.ts'
import type { Lines } from '../../lines.ts'
import { checkDummy, type DummyConfig } from './config.ts'
import { startDummy } from './dummy.ts'

function setUp(t: TestContext, config: Partial<DummyConfig> = {}) {
  const host = fakeHost({ name: 'logs' })
  t.after(() => host.close())
  const taken: Lines[] = []
  const input = startDummy(
    { record: '{"a": 1}', intervalMs: 1000, copies: 1, ...config },
    {
      ...host,
      name: 'dummy.0',
      key: 'logs.inputs[0].dummy',
      tag: path => `tag.${path}`,
      sink: async lines => void taken.push(lines),
    },
  )
  return { host, taken, input }
}

const settled = () => new Promise(resolve => setImmediate(resolve))

describe('the dummy input', () => {
  test('makes its record at once, and again after each interval', async t => {
    const { host, taken, input } = setUp(t, { copies: 2 })
    await settled()
    assert.equal(taken.length, 1)
    const [{ bytes, starts, ends, count, origin, timesMs }] = taken
    const texts = Array.from({ length: count }, (_, i) => bytes.toString('utf8', starts[i], ends[i]))
    assert.deepEqual(texts, ['{"a":1}', '{"a":1}'])
    assert.equal(origin.tag, 'tag.dummy.0')
    assert.equal(timesMs?.[1], host.clock.now())
    await host.clock.advance(1000)
    await settled()
    assert.equal(taken.length, 2)
    await input.drain(deadlineIn(host.clock, 1000))
  })

  test('stops after its samples', async t => {
    const { host, taken } = setUp(t, { samples: 3, intervalMs: 10 })
    for (let i = 0; i < 10; i++) {
      await settled()
      await host.clock.advance(10)
    }
    assert.equal(taken.length, 3)
  })

  test('counts its time from the one that it is given', async t => {
    const { host, taken } = setUp(t, { startTime: 5000, intervalMs: 10 })
    await settled()
    await host.clock.advance(10)
    await settled()
    assert.deepEqual(
      taken.map(({ timesMs }) => timesMs?.[0]),
      [5000, 5010],
    )
  })

  test('makes none any more once it is drained', async t => {
    const { host, taken, input } = setUp(t)
    await settled()
    await input.drain(deadlineIn(host.clock, 1000))
    await host.clock.advance(5000)
    await settled()
    assert.equal(taken.length, 1)
  })

  for (const record of ['', '[1]', '{"a"', '"text"', 'null'])
    test(`refuses ${JSON.stringify(record)} as a record`, () =>
      assert.match(
        checkDummy({ record, intervalMs: 1000, copies: 1 }, ['inputs', 0, 'dummy'])[0].message,
        /^expected a JSON object/,
      ))
})
