import assert from 'node:assert/strict'
import { PassThrough, type Readable } from 'node:stream'
import { test } from 'node:test'
import { systemClock } from '../clock/system.ts'
import { jsonLine } from '../log/format.ts'
import { Logger } from '../log/logger.ts'
import { ApplicationStreams } from './streams.ts'
import { Supervisor } from './supervisor.ts'

const GRACE_MS = 20_000

function world() {
  const ours = { stdout: new PassThrough(), stderr: new PassThrough() }
  const clock = systemClock()
  const streams = new ApplicationStreams(ours)
  const log = new Logger({ write: () => {}, format: jsonLine, clock }).for('kernel')
  const supervisor = new Supervisor({ log, clock, streams, isExpected: () => true })
  const output = streams.view()!.claim('stdout') as Readable
  return { supervisor, output: lines(output) }
}

/** Lines as they come; undefined at the end. */
function lines(stream: Readable): () => Promise<string | undefined> {
  const iterator = stream[Symbol.asyncIterator]()
  let rest = ''
  return async () => {
    for (;;) {
      const end = rest.indexOf('\n')
      if (end >= 0) {
        const line = rest.slice(0, end)
        rest = rest.slice(end + 1)
        return line
      }
      const next = await iterator.next()
      if (next.done === true) return undefined
      rest += String(next.value)
    }
  }
}

const shell = (script: string) => ({ command: ['/bin/sh', '-c', script], env: { PATH: process.env['PATH'] } })
const telling = 'trap "exit 7" TERM; echo "$SECRET $$"; while :; do sleep 0.05; done'

test('a restart gives the next process the variables of then, and whoever reads its output reads on', async () => {
  const { supervisor, output } = world()
  const view = supervisor.view()!
  view.provide({ SECRET: 'one' })
  const ended = supervisor.run(shell(telling))
  const [first, firstPid] = (await output())!.split(' ')
  view.provide({ SECRET: 'two' })
  await view.restart('SIGTERM', GRACE_MS)
  const [second, secondPid] = (await output())!.split(' ')
  assert.deepEqual([first, second], ['one', 'two'])
  assert.notEqual(firstPid, secondPid)
  assert.equal(supervisor.restarts, 1)
  await supervisor.stop('SIGTERM', GRACE_MS, new AbortController().signal)
  assert.deepEqual(await ended, { code: 7 })
  assert.equal(await output(), undefined)
})

test('restarts that are asked for at once are one', async () => {
  const { supervisor, output } = world()
  const ended = supervisor.run(shell(telling))
  await output()
  await Promise.all([1, 2, 3].map(() => supervisor.restart('SIGTERM', GRACE_MS)))
  await output()
  assert.equal(supervisor.restarts, 1)
  await supervisor.stop('SIGTERM', GRACE_MS, new AbortController().signal)
  await ended
})

test('an application that ends by itself ends for good, and is not restarted afterwards', async () => {
  const { supervisor, output } = world()
  assert.deepEqual(await supervisor.run(shell('exit 3')), { code: 3 })
  await supervisor.restart('SIGTERM', GRACE_MS)
  assert.equal(supervisor.restarts, 0)
  assert.equal(supervisor.signal('SIGHUP'), false)
  assert.equal(await output(), undefined)
})

test('the end that comes in the middle of a restart starts nothing again', async () => {
  const { supervisor, output } = world()
  const ended = supervisor.run(shell(`${telling.replace('exit 7', 'sleep 1; exit 7')}`))
  await output()
  const restart = supervisor.restart('SIGTERM', GRACE_MS)
  await supervisor.stop('SIGTERM', GRACE_MS, new AbortController().signal)
  await ended
  await restart
  assert.equal(supervisor.restarts, 0)
  assert.equal(await output(), undefined)
})

test('a next process that cannot be started is the end, with its code', async () => {
  const { supervisor, output } = world()
  const { mkdtemp, rm, writeFile, chmod } = await import('node:fs/promises')
  const folder = await mkdtemp('/tmp/outrigger-supervisor-')
  try {
    const program = `${folder}/app`
    await writeFile(program, `#!/bin/sh\n${telling}`)
    await chmod(program, 0o755)
    const ended = supervisor.run({ command: [program], env: { PATH: process.env['PATH'] } })
    await output()
    await rm(program)
    await supervisor.restart('SIGTERM', GRACE_MS)
    assert.deepEqual(await ended, { code: 127 })
    assert.equal(await output(), undefined)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 9 })
  }
})

test('signals reach the process that runs', async () => {
  const { supervisor, output } = world()
  const ended = supervisor.run(shell('trap "echo hup" HUP; echo up; while :; do sleep 0.05; done'))
  assert.equal(await output(), 'up')
  assert.equal(supervisor.signal('SIGHUP'), true)
  assert.equal(await output(), 'hup')
  supervisor.kill()
  assert.equal((await ended).code, 137)
  assert.equal(await output(), undefined)
})
