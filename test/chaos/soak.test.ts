import assert from 'node:assert/strict'
import { test } from 'node:test'
import { soak } from './soak.ts'

test('clients and backends that misbehave leave nothing behind in the sidecar', {
  timeout: 120_000,
  skip: process.platform === 'linux' ? false : 'it reads /proc',
}, async t => {
  const { done, left, restDescriptors, restMb, idleMb, samplesMb, strange } = await soak({
    seconds: process.env['OUTRIGGER_LONG_TESTS'] === '1' ? 120 : 6,
    idle: 300,
    clients: 2,
    tell: () => {},
  })
  t.diagnostic(JSON.stringify(done))
  t.diagnostic(
    `private memory: ${restMb.toFixed(1)} MB at rest, ${idleMb.toFixed(1)} MB with 300 idle connections, ${samplesMb.at(-1)!.toFixed(1)} MB at the end`,
  )
  for (const count of Object.values(done)) assert.ok(count > 0)
  assert.deepEqual([left.inFlight, left.connections], [0, 0])
  // Connections to the backend that are kept for a while.
  assert.ok(left.descriptors <= restDescriptors + 20, `${left.descriptors} after ${restDescriptors}`)
  assert.equal(strange, '')
})
