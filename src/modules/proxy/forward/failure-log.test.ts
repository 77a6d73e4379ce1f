import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryLog } from '../../../kernel/log/memory.ts'
import { FailureLog } from './failure-log.ts'

const scene = { listener: 'front', upstream: 'back', endpoint: '10.0.0.1:80', route: '', client: '10.0.0.9' }

test('the event of a failure is its code, with whom and what it concerns', () => {
  const log = new MemoryLog('proxy', () => 0)
  new FailureLog(log).tell(scene, 'upstream_reset', '10.0.0.1:80 closed the connection')
  const [record] = log.of('upstream_reset')
  assert.equal(record!.level, 'warn')
  assert.equal(record!.message, 'the endpoint broke off before its answer: 10.0.0.1:80 closed the connection')
  assert.deepEqual(record!.fields, {
    listener: 'front',
    upstream: 'back',
    endpoint: '10.0.0.1:80',
    client: '10.0.0.9',
  })
})

for (const [code, level] of [
  ['denied', 'info'],
  ['client_gone', 'debug'],
  ['no_healthy_upstream', 'warn'],
] as const)
  test(`${code} is told at level ${level}`, () => {
    const log = new MemoryLog('proxy', () => 0)
    new FailureLog(log).tell(scene, code, '')
    assert.equal(log.of(code)[0]!.level, level)
  })
