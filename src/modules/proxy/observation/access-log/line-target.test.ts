import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FakeClock } from '../../../../kernel/clock/fake.ts'
import type { LogsOffer } from '../../../../kernel/lines/intake.ts'
import { LogsTarget } from './line-target.ts'

const settled = () => new Promise(setImmediate)

/** A target whose log module comes, goes and takes as the test likes. */
function setUp() {
  const clock = new FakeClock()
  const taken: string[] = []
  const logs = { offer: undefined as LogsOffer | undefined }
  const use = <Offer>(): Offer => {
    if (logs.offer === undefined) throw new Error('module logs does not run')
    return logs.offer as Offer
  }
  const running: LogsOffer = {
    proxy: {
      take: async lines => {
        taken.push(lines.toString())
      },
    },
  }
  return { clock, taken, logs, running, target: new LogsTarget({ use, clock }), stop: new AbortController() }
}

describe('lines for the log module', () => {
  test('are handed over', async () => {
    const { target, logs, running, taken, stop } = setUp()
    logs.offer = running
    await target.write(Buffer.from('a\n'), stop.signal)
    assert.deepEqual(taken, ['a\n'])
  })

  test('wait while a reload replaces it', async () => {
    const { target, logs, running, taken, stop, clock } = setUp()
    const writing = target.write(Buffer.from('a\n'), stop.signal)
    clock.advance(100)
    await settled()
    assert.deepEqual(taken, [])
    logs.offer = running
    clock.advance(100)
    await writing
    assert.deepEqual(taken, ['a\n'])
  })

  for (const [offer, message] of [
    [undefined, /names no module logs/],
    [{ proxy: undefined }, /has no input `proxy`/],
  ] as const)
    test(`are given up with the reason: ${message.source}`, async () => {
      const { target, logs, stop, clock } = setUp()
      logs.offer = offer
      const writing = assert.rejects(target.write(Buffer.from('a\n'), stop.signal), message)
      for (let round = 0; round < 60; round++) {
        clock.advance(100)
        await settled()
      }
      await writing
    })

  test('do not keep the end waiting for a spool that is full', async () => {
    const { target, logs, stop } = setUp()
    logs.offer = { proxy: { take: () => new Promise(() => {}) } }
    const writing = assert.rejects(target.write(Buffer.from('a\n'), stop.signal), /the end/)
    stop.abort(new Error('the end'))
    await writing
  })
})
