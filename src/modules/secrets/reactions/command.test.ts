import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { commandReaction } from './command.ts'

const change = { deliveries: ['db'], atMs: 0 }
const never = new AbortController().signal
const run = (script: string, timeoutMs = 60_000, signal = never) =>
  commandReaction({ run: ['sh', '-c', script], timeoutMs, output: 'onFailure' }, { env: process.env })(
    change,
    signal,
  )

test('a command is over when its program is, whatever that leaves in the background with the output open', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-command-'))
  const pidFile = join(folder, 'pid')
  t.after(async () => {
    process.kill(Number(await readFile(pidFile, 'utf8')), 'SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })
  // Left alone by the timeout, too: it is in a session of its own.
  await run(
    `setsid sh -c 'echo $$ > ${pidFile}; exec sleep 600' & while [ ! -s ${pidFile} ]; do sleep 0.01; done`,
  )
  assert.ok(process.kill(Number(await readFile(pidFile, 'utf8')), 0))
})

test('of what a command that fails has written the end is told, however much that was', async () => {
  await assert.rejects(
    run('head -c 20000000 /dev/zero | tr "\\0" x; echo the reason; exit 3'),
    (error: Error) => {
      assert.match(error.message, /^sh ended with code 3: x+the reason$/)
      return error.message.length < 600
    },
  )
})

test('a command that ignores SIGTERM and takes too long is killed with its children', async () => {
  await assert.rejects(run('trap "" TERM; sleep 600 & wait; wait', 300), /sh was killed after 0.3 s/)
})
