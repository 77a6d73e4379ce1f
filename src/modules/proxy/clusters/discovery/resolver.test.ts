import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isAbsent, systemResolver } from './resolver.ts'

it("the system's resolver knows the names of this machine, which no DNS server does", async () => {
  const found = await systemResolver().addresses('localhost')
  assert.ok(
    found.some(({ address }) => address === '127.0.0.1' || address === '::1'),
    JSON.stringify(found),
  )
})

it('the absence of a record is told from the absence of an answer', () => {
  const verdicts = ['ENOTFOUND', 'ENODATA', 'ESERVFAIL', 'ETIMEOUT'].map(code => isAbsent({ code }))
  assert.deepEqual(verdicts, [true, true, false, false])
})
