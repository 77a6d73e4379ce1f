import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { spoolFixture, takeAll } from './spool-fake.ts'

const KILLS = 6

test('what append has resolved for is there after SIGKILL, and the source goes on from its position', async t => {
  const { open, folder, host } = await spoolFixture(t)
  const seen = new Set<number>()
  let resolved = 0
  for (let kill = 0; kill < KILLS; kill++) {
    resolved = Math.max(resolved, await appendUntilKilled(folder, 30 + kill * 25))
    const spool = await open({ folder })
    // Half of the rounds leave the backlog for the next one.
    if (kill % 2 === 1)
      for (const record of await takeAll(spool.reader('out'))) seen.add(JSON.parse(record).n)
    await spool[Symbol.asyncDispose]()
  }
  assert.ok(resolved > 0)
  const missing = Array.from({ length: resolved }, (_, n) => n).filter(n => !seen.has(n))
  assert.deepEqual(missing, [])
  assert.equal(host.log.of('spool_corrupt').length, 0)
})

/** Runs the appender, kills it some time after its first append, and returns how many records it was told are safe. */
async function appendUntilKilled(folder: string, afterMs: number): Promise<number> {
  const child = fork(fileURLToPath(new URL('./append-fake.ts', import.meta.url)), [folder])
  let resolved = 0
  child.on('message', (count: number) => {
    resolved = count
  })
  await once(child, 'message')
  // A moment that is not tied to anything the child does.
  await sleep(afterMs)
  child.kill('SIGKILL')
  await once(child, 'close')
  return resolved
}
