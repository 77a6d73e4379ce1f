import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { MemoryLog } from '../../../kernel/log/memory.ts'
import { lockFolder } from './lock.ts'

test('a second holder is refused with the first one named, until the first lets go', async t => {
  const folder = await temporary(t)
  const log = new MemoryLog()
  const lock = await lockFolder(folder, log)
  await assert.rejects(
    lockFolder(folder, log),
    new RegExp(`in use by another sidecar \\(process ${process.pid}\\)`),
  )
  await lock[Symbol.asyncDispose]()
  const next = await lockFolder(folder, log)
  await next[Symbol.asyncDispose]()
  assert.deepEqual(log.records, [])
})

test('the lock of a process that was killed is taken over', async t => {
  const folder = await temporary(t)
  const child = spawn(process.execPath, ['-e', HOLD, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout!, 'data')
  await assert.rejects(lockFolder(folder, new MemoryLog()), /in use/)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const lock = await lockFolder(folder, new MemoryLog())
  assert.deepEqual(await readdir(folder), ['lock'])
  await lock[Symbol.asyncDispose]()
})

test('a folder whose path is too long for a socket address is locked all the same', async t => {
  const folder = join(await temporary(t), 'a'.repeat(100), 'b'.repeat(100))
  await mkdir(folder, { recursive: true })
  const log = new MemoryLog()
  const lock = await lockFolder(folder, log)
  if (process.platform === 'linux') {
    await assert.rejects(lockFolder(folder, log), /in use/)
    assert.deepEqual(log.records, [])
  } else assert.equal(log.of('spool_lock_unavailable').length, 1)
  await lock[Symbol.asyncDispose]()
})

const HOLD = `
  const server = require('node:net').createServer(socket => socket.end(String(process.pid)))
  server.listen(process.argv[1] + '/lock', () => console.log('held'))
`

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-lock-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  return folder
}
