import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stepOf } from '../step-fake.ts'

describe('expect', () => {
  it('counts by condition what records do not meet, and tells each once a minute', () => {
    const { apply, host } = stepOf({ expect: { conditions: ['exists(id)', 'level == "info"'] } })
    for (const record of ['{"id":1,"level":"info"}', '{"level":"info"}', '{"level":"x"}'])
      assert.equal(apply(record), record)
    const missed = (condition: string) =>
      host.metric('unexpected_records_total', { input: 'test', condition })
    assert.deepEqual([missed('exists(id)'), missed('level == "info"')], [2, 1])
    const told = () => JSON.stringify(host.log).split('unexpected_record').length - 1
    assert.equal(told(), 2)
    host.clock.advance(60_000)
    apply('{}')
    assert.equal(told(), 4)
  })

  it('notes the result in a field', () => {
    const { apply } = stepOf({ expect: { conditions: ['exists(id)'], result: 'ok' } })
    assert.equal(apply('{"id":1}'), '{"id":1,"ok":true}')
    assert.equal(apply('{}'), '{"ok":false}')
  })
})
