import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { systemClock } from '../clock/system.ts'
import { MemoryLog } from '../log/memory.ts'
import { Application, type OutputFiles } from './application.ts'
import { ApplicationGuard } from './guard.ts'
import { groupLives } from './process-group.ts'
import { ApplicationStreams } from './streams.ts'

const never = new AbortController().signal

function setUp() {
  const log = new MemoryLog('kernel')
  const ours = { stdout: new PassThrough(), stderr: new PassThrough() }
  const streams = new ApplicationStreams(ours)
  const start = (
    command: readonly string[],
    options: {
      workingDirectory?: string
      env?: Record<string, string>
      guard?: ApplicationGuard
      outputFiles?: OutputFiles
    } = {},
  ) =>
    Application.start({
      command,
      env: process.env,
      log,
      clock: systemClock(),
      streams,
      guard: new ApplicationGuard(log),
      ...options,
    })
  return { log, ours, streams, start }
}

async function running(started: ReturnType<ReturnType<typeof setUp>['start']>): Promise<Application> {
  const application = await started
  assert.ok(application instanceof Application)
  return application
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'outrigger-application-'))
  t.after(() => rm(path, { recursive: true, force: true, maxRetries: 9 }))
  return path
}

describe('output that goes to files', () => {
  test('is appended there, and what a module reads is not', async t => {
    const { streams, start, log } = setUp()
    const [stdout, stderr] = [join(await folder(t), 'stdout'), join(await folder(t), 'stderr')]
    await writeFile(stdout, 'before\n')
    const claimed = streams.view()!.claim('stderr')
    const command = ['sh', '-c', 'echo out; echo err >&2']
    const application = await running(start(command, { outputFiles: { stdout, stderr } }))
    assert.equal(await text(claimed as PassThrough), 'err\n')
    await application.exited
    assert.equal(await readFile(stdout, 'utf8'), 'before\nout\n')
    assert.equal(existsSync(stderr), false)
    assert.deepEqual(
      log.records.filter(({ level }) => level === 'error'),
      [],
    )
  })

  test('that cannot be opened stops the start, and says which', async t => {
    const { start, log } = setUp()
    const stdout = join(await folder(t), 'none', 'stdout')
    assert.deepEqual(await start(['true'], { outputFiles: { stdout } }), { code: 126 })
    assert.match(log.records.at(-1)!.message, /app\.stdout: .*none\/stdout cannot be opened: /)
  })
})

describe('the application', () => {
  const ends: [what: string, script: string, exit: { code: number; signal?: string }][] = [
    ['with success', 'exit 0', { code: 0 }],
    ['with a code', 'exit 3', { code: 3 }],
    ['by a signal', 'kill -TERM $$', { code: 143, signal: 'SIGTERM' }],
  ]
  for (const [what, script, exit] of ends) {
    test(`ends ${what}`, async () => {
      const application = await running(setUp().start(['sh', '-c', script]))
      assert.deepEqual(await application.exited, exit)
      assert.deepEqual(application.exit, exit)
    })
  }

  test('that does not exist is 127', async () => {
    const { start, log } = setUp()
    assert.deepEqual(await start(['no-such-command-anywhere']), { code: 127 })
    assert.equal(
      log.of('application_not_started')[0]?.message,
      'cannot start no-such-command-anywhere: there is no such command',
    )
  })

  test('that cannot be executed is 126', async t => {
    const { start, log } = setUp()
    const path = join(await folder(t), 'data')
    await writeFile(path, 'x')
    assert.deepEqual(await start([path]), { code: 126 })
    assert.match(log.of('application_not_started')[0]!.message, /it is not executable/)
  })

  test('whose folder is missing is not called a missing command', async () => {
    const { start, log } = setUp()
    assert.deepEqual(await start(['true'], { workingDirectory: '/no/such/folder' }), { code: 126 })
    assert.match(
      log.of('application_not_started')[0]!.message,
      /app\.workingDirectory: there is no folder \/no\/such\/folder/,
    )
  })

  test('is asked to end, and gives its own code', async () => {
    const { start, streams } = setUp()
    const output = streams.view()!.claim('stdout')
    const application = await running(
      start(['sh', '-c', 'trap "exit 7" TERM; echo up; while :; do sleep 0.05; done']),
    )
    await once(output, 'data')
    assert.deepEqual(await application.stop('SIGTERM', 10_000, never), { code: 7 })
  })

  test('is killed with all its children when the grace is over', async () => {
    const { start, streams, log } = setUp()
    const output = streams.view()!.claim('stdout')
    const application = await running(
      start(['sh', '-c', 'trap "" TERM; sh -c "trap \\"\\" TERM; sleep 60" & echo up; sleep 60']),
    )
    await once(output, 'data')
    assert.deepEqual(await application.stop('SIGTERM', 50, never), { code: 137, signal: 'SIGKILL' })
    assert.equal(groupLives(application.pid), false)
    assert.equal(log.of('application_killed').length, 1)
  })

  test('is killed at once when somebody is in a hurry', async () => {
    const { start, streams } = setUp()
    const output = streams.view()!.claim('stdout')
    const application = await running(start(['sh', '-c', 'trap "" TERM; echo up; sleep 60']))
    await once(output, 'data')
    const hurry = new AbortController()
    const stopped = application.stop('SIGTERM', 60_000, hurry.signal)
    hurry.abort()
    assert.equal((await stopped).code, 137)
  })

  test('leaves nothing behind that it had started', async () => {
    const { start, log } = setUp()
    const application = await running(start(['sh', '-c', 'sleep 60 & exit 0']))
    assert.deepEqual(await application.exited, { code: 0 })
    assert.equal(groupLives(application.pid), false)
    assert.equal(log.of('application_leftovers').length, 1)
  })
})

describe('its output', () => {
  test('goes to the module that has claimed it, to the last byte', async () => {
    const { start, streams } = setUp()
    const host = streams.view()!
    const [slow, quick] = [host.claim('stdout'), host.claim('stderr')]
    const application = await running(start(['sh', '-c', 'echo bad >&2; seq 1 20000']))
    const stderr = await text(quick)
    await application.exited
    const stdout = await text(slow)
    assert.equal(stdout.split('\n').length, 20_001)
    assert.equal(stderr, 'bad\n')
  })

  test('shows an environment as it was given, with names that a shell would drop', async () => {
    const { start, streams } = setUp()
    const stdout = streams.view()!.claim('stdout')
    const print = "console.log(process.env['discovery.type'])"
    await running(start([process.execPath, '-e', print], { env: { 'discovery.type': 'single-node' } }))
    assert.equal(await text(stdout), 'single-node\n')
  })

  test('may be claimed once', async () => {
    const host = new ApplicationStreams({ stdout: new PassThrough(), stderr: new PassThrough() }).view()!
    host.claim('stdout')
    assert.throws(() => host.claim('stdout'), /stdout is read by another input already/)
  })

  test('passes to the next instance of a module, and to ours when nobody wants it any more', async () => {
    const { start, streams, ours } = setUp()
    const script = 'read -r _; echo one; read -r _; echo two; read -r _; echo three'
    const first = streams.view()!
    const claimed = first.claim('stdout')
    const fifo = await mkdtemp(join(tmpdir(), 'outrigger-fifo-'))
    try {
      const go = join(fifo, 'go')
      const { execFileSync } = await import('node:child_process')
      execFileSync('mkfifo', [go])
      const application = await running(start(['sh', '-c', `exec < ${go}; ${script}`]))
      const { open } = await import('node:fs/promises')
      const pen = await open(go, 'w')
      const step = async (from: NodeJS.ReadableStream) => {
        const data = once(from, 'data')
        await pen.write('\n')
        return String((await data)[0])
      }
      assert.equal(await step(claimed), 'one\n')
      streams.hold()
      first.end()
      const end = once(claimed, 'end')
      claimed.resume()
      await end
      await pen.write('\n')
      const second = streams.view()!
      const next = second.claim('stdout')
      streams.release()
      assert.equal(String((await once(next, 'data'))[0]), 'two\n')
      second.end()
      assert.equal(await step(ours.stdout), 'three\n')
      await pen.close()
      await application.exited
    } finally {
      await rm(fifo, { recursive: true, maxRetries: 9 })
    }
  })

  test('cannot be claimed once it has been passed through', async () => {
    const { streams } = setUp()
    streams.attach(null, null)
    assert.throws(() => streams.view()!.claim('stdout'), /restart the sidecar to read it/)
  })
})

describe('without an application', () => {
  test('there is nothing to claim', () => {
    const ours = { stdout: new PassThrough(), stderr: new PassThrough() }
    assert.equal(new ApplicationStreams(ours, () => false).view(), undefined)
  })

  test('that starts, who reads sees the end', async () => {
    const { start, streams } = setUp()
    const read = text(streams.view()!.claim('stdout'))
    assert.deepEqual(await start(['no-such-command-anywhere']), { code: 127 })
    assert.equal(await read, '')
  })
})

describe('the guard', () => {
  test('that is ended by somebody is replaced, three times', async () => {
    const log = new MemoryLog()
    const guard = new ApplicationGuard(log)
    await guard.start()
    for (let i = 1; i <= 4; i++) {
      const before = guard.pid!
      process.kill(before, 'SIGKILL')
      while (guard.pid === before) await new Promise(resolve => setTimeout(resolve, 5))
      while (i < 4 && guard.pid === undefined) await new Promise(resolve => setTimeout(resolve, 5))
    }
    assert.equal(log.of('application_guard_lost').length, 3)
    assert.equal(log.of('application_unguarded').length, 1)
    guard.release()
  })

  test('knows of the application before that begins', async t => {
    const { start } = setUp()
    const mark = join(await folder(t), 'began')
    const guard = new (class extends ApplicationGuard {
      override async protect(group: number): Promise<void> {
        for (let turn = 0; turn < 20; turn++) await setImmediate()
        assert.equal(groupLives(group), true)
        assert.equal(existsSync(mark), false)
      }
    })(new MemoryLog())
    const application = await running(start(['sh', '-c', `: > '${mark}'`], { guard }))
    assert.deepEqual(await application.exited, { code: 0 })
    assert.equal(existsSync(mark), true)
  })

  test('that the sidecar did not live to tell has nothing to end: the application never begins', async t => {
    const path = await folder(t)
    const program = `
      import { Application } from '${import.meta.resolve('./application.ts')}'
      import { systemClock } from '${import.meta.resolve('../clock/system.ts')}'
      import { MemoryLog } from '${import.meta.resolve('../log/memory.ts')}'
      const streams = { stdio: () => 'ignore', attach() {}, nothingComes() {} }
      const guard = {
        protect: group => (console.log(group), new Promise(() => {})),
        release() {},
      }
      setInterval(() => {}, 1000)
      await Application.start({ command: ['sh', '-c', ': > began'], workingDirectory: '${path}', env: {},
        log: new MemoryLog(), clock: systemClock(), streams, guard })`
    const sidecar = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [group] = await once(sidecar.stdout, 'data')
    sidecar.kill('SIGKILL')
    while (groupLives(Number(group))) await new Promise(resolve => setTimeout(resolve, 5))
    assert.equal(existsSync(join(path, 'began')), false)
  })

  test('goes when the application has ended in good order', async () => {
    const log = new MemoryLog()
    const guard = new ApplicationGuard(log)
    await guard.start()
    const pid = guard.pid!
    guard.release()
    while (groupLives(pid)) await new Promise(resolve => setTimeout(resolve, 5))
    assert.deepEqual(log.records, [])
  })
})
