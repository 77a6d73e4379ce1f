import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fakeHost } from '../../kernel/host-fake.ts'
import { FirstRecords } from './first-records.ts'

describe('the first records', () => {
  it('wait for nothing when no step has to learn', () => {
    assert.equal(new FirstRecords(fakeHost()).settled(), undefined)
  })

  it('wait until all is learnt, or has failed, and never again', async () => {
    const first = new FirstRecords(fakeHost())
    const { promise, resolve } = Promise.withResolvers<void>()
    let isSettled = false
    first.holdFor(Promise.reject(new Error('away')))
    first.holdFor(promise)
    const settled = first.settled()!.then(() => (isSettled = true))
    await new Promise(setImmediate)
    assert.equal(isSettled, false)
    resolve()
    await settled
    assert.equal(first.settled(), undefined)
  })

  it('go on after five seconds, and it is told', async () => {
    const host = fakeHost()
    const first = new FirstRecords(host)
    first.holdFor(new Promise(() => {}))
    const settled = first.settled()
    host.clock.advance(5000)
    await settled
    assert.match(JSON.stringify(host.log), /steps_unprepared/)
    assert.equal(first.settled(), undefined)
  })
})
