import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { groupLives } from '../kernel/application/process-group.ts'
import { ask } from '../kernel/lifecycle/sidecar-fake.ts'

const ENTRY = fileURLToPath(new URL('./entry.ts', import.meta.url))

interface Message {
  readonly event: string
  readonly message: string
  readonly [field: string]: unknown
}

/** A real `outrigger run` in a process of its own, in a folder of its own. */
class Sidecar {
  readonly child: ChildProcess
  readonly folder: string
  readonly exited: Promise<number | string>
  readonly messages: Message[] = []
  stdout = ''
  stderr = ''
  #heard = Promise.withResolvers<void>()

  constructor(folder: string, args: readonly string[], node: readonly string[] = []) {
    this.folder = folder
    this.child = spawn(process.execPath, [...node, ENTRY, 'run', ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout!.on('data', chunk => {
      this.stdout += chunk
      this.#tell()
    })
    this.child.stderr!.on('data', chunk => {
      this.stderr += chunk
      this.#tell()
    })
    this.exited = once(this.child, 'close').then(([code, signal]) => {
      this.#tell()
      return signal ?? code
    })
  }

  /** Waits until the sidecar has said this. */
  async said(event: string): Promise<Message> {
    return this.until(() => this.messages.find(message => message.event === event), event)
  }

  /** Looks again after each output. */
  async until<T>(look: () => T | undefined | false, what: string): Promise<T> {
    for (;;) {
      this.messages.length = 0
      for (const line of this.stderr.split('\n'))
        if (line.startsWith('{') && line.endsWith('}')) this.messages.push(JSON.parse(line))
      const found = look()
      if (found) return found
      if (this.child.exitCode !== null) assert.fail(`the sidecar ended before ${what}:\n${this.stderr}`)
      await this.#heard.promise
    }
  }

  async admin(): Promise<string> {
    return String((await this.said('listening'))['address'])
  }

  #tell(): void {
    this.#heard.resolve()
    this.#heard = Promise.withResolvers<void>()
  }
}

const QUIET = 'admin: { listen: "127.0.0.1:0" }\ndataDir: data\n'

async function setUp(t: TestContext, configuration = QUIET) {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-run-'))
  await writeFile(join(folder, 'outrigger.yaml'), configuration)
  const sidecars: Sidecar[] = []
  t.after(async () => {
    for (const { child } of sidecars)
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await Promise.all(sidecars.map(({ exited }) => exited))
    await rm(folder, { recursive: true, force: true, maxRetries: 9 })
  })
  const run = (...args: string[]) => {
    const sidecar = new Sidecar(folder, args)
    sidecars.push(sidecar)
    return sidecar
  }
  return { folder, run }
}

/** Says its process number once it listens to signals, then waits. */
const waits = (onTerm: string) => [
  '--',
  'sh',
  '-c',
  `trap '${onTerm}' TERM INT; echo up $$; while :; do sleep 0.05; done`,
]

async function applicationUp(sidecar: Sidecar): Promise<number> {
  return Number(await sidecar.until(() => /^up (\d+)$/m.exec(sidecar.stdout)?.[1], 'the application was up'))
}

/** What the launcher does under an old Node: the sidecar runs as a child that knows of it. */
function launching(args: readonly string[]) {
  const script = `
    const [node, ...args] = JSON.parse(process.argv[1])
    const env = { ...process.env, OUTRIGGER_LAUNCHER: String(process.pid) }
    require('node:child_process').spawn(node, args, { stdio: 'inherit', env })`
  return {
    command: process.execPath,
    argv: ['-e', script, JSON.stringify([process.execPath, ENTRY, ...args])],
  }
}

async function gone(group: number, withinMs: number): Promise<number> {
  const began = performance.now()
  while (groupLives(group)) {
    assert.ok(performance.now() - began < withinMs, `process group ${group} still lives after ${withinMs} ms`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  return performance.now() - began
}

describe('a plain sidecar', () => {
  test('serves until SIGTERM and ends with 0', async t => {
    const sidecar = (await setUp(t)).run()
    const address = await sidecar.admin()
    await sidecar.said('ready')
    assert.equal((await ask(address, '/readyz')).status, 200)
    sidecar.child.kill('SIGTERM')
    assert.equal(await sidecar.exited, 0)
  })

  test('ends when the admin API asks it to', async t => {
    const sidecar = (await setUp(t)).run()
    assert.equal((await ask(await sidecar.admin(), 'POST /quitquitquit')).status, 202)
    assert.equal(await sidecar.exited, 0)
  })

  test('with a bad configuration says what is wrong, starts nothing and ends with 2', async t => {
    const sidecar = (await setUp(t, 'admim: {}\n')).run()
    assert.equal(await sidecar.exited, 2)
    assert.match(sidecar.stderr, /outrigger\.yaml:1:1 +admim\n.*did you mean "admin"/)
    assert.match(sidecar.stderr, /1 problem, nothing was started/)
  })

  test('whose admin port is taken says so and ends with 1', async t => {
    const taken = createServer().listen(0, '127.0.0.1')
    t.after(() => taken.close())
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const sidecar = (await setUp(t, `admin: { listen: "127.0.0.1:${port}" }\ndataDir: data\n`)).run()
    assert.equal(await sidecar.exited, 1)
    assert.match(
      sidecar.stderr,
      /admin\.listen: cannot listen on 127\.0\.0\.1:\d+: another process listens there already/,
    )
  })

  test('reloads on SIGHUP and by itself when the file changes; a bad file changes nothing', async t => {
    const { folder, run } = await setUp(t)
    const sidecar = run()
    const address = await sidecar.admin()
    await sidecar.said('ready')
    sidecar.child.kill('SIGHUP')
    await sidecar.said('reload_unchanged')
    await writeFile(join(folder, 'outrigger.yaml'), 'admin: 3\n')
    await sidecar.said('reload_rejected')
    assert.equal(JSON.parse((await ask(address, '/readyz')).body).state, 'degraded')
    await writeFile(join(folder, 'outrigger.yaml'), `${QUIET}log: { level: debug }\n`)
    await sidecar.said('reload_applied')
    assert.equal(JSON.parse((await ask(address, '/log-level')).body).level, 'debug')
    const { reloads } = JSON.parse((await ask(address, '/status')).body) as {
      reloads: { trigger: string; outcome: string }[]
    }
    assert.deepEqual(
      reloads.map(({ trigger, outcome }) => `${trigger} ${outcome}`),
      ['file applied', 'file rejected', 'signal unchanged'],
    )
  })

  test('shows by a file that it is ready', async t => {
    const { folder, run } = await setUp(t)
    const sidecar = run('--ready-file', 'ready')
    await sidecar.said('ready')
    while (!existsSync(join(folder, 'ready'))) await new Promise(resolve => setImmediate(resolve))
    assert.equal(await readFile(join(folder, 'ready'), 'utf8'), `${sidecar.child.pid}\n`)
    sidecar.child.kill('SIGTERM')
    assert.equal(await sidecar.exited, 0)
    assert.equal(existsSync(join(folder, 'ready')), false)
  })

  test('logs an error that nobody handled and ends with 1', async t => {
    const { folder } = await setUp(t)
    await writeFile(
      join(folder, 'fault.mjs'),
      "process.on('SIGUSR2', () => { throw new Error('our fault') })",
    )
    const sidecar = new Sidecar(folder, [], ['--import', join(folder, 'fault.mjs')])
    await sidecar.said('ready')
    sidecar.child.kill('SIGUSR2')
    assert.equal(await sidecar.exited, 1)
    assert.match(sidecar.stderr, /"event":"uncaught".*our fault/)
  })
})

describe('beside an application', () => {
  const ends: [what: string, command: string[], code: number][] = [
    ['its code', ['sh', '-c', 'exit 7'], 7],
    ['0 when it succeeds: a job completes', ['true'], 0],
    ['128 + n when a signal ended it', ['sh', '-c', 'kill -KILL $$'], 137],
    ['127 when there is no such command', ['no-such-command-anywhere'], 127],
    ['126 when it is not executable', ['./outrigger.yaml'], 126],
  ]
  for (const [what, command, code] of ends) {
    test(`ends with ${what}`, async t => {
      const sidecar = (await setUp(t)).run('--', ...command)
      assert.equal(await sidecar.exited, code)
    })
  }

  test('starts the command of the configuration, with its variables and folder, once all is ready', async t => {
    const { folder, run } = await setUp(
      t,
      `${QUIET}app: { command: [sh, -c, 'echo $GREETING; pwd'], env: { GREETING: hello }, workingDirectory: / }\n`,
    )
    void folder
    const sidecar = run()
    assert.equal(await sidecar.exited, 0)
    assert.equal(sidecar.stdout, 'hello\n/\n')
    const events = sidecar.stderr
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line).event as string)
    assert.ok(events.indexOf('ready') < events.indexOf('application_started'))
  })

  test('forwards signals, and on SIGTERM ends the application first and gives its code', async t => {
    const sidecar = (await setUp(t)).run(
      '--',
      'sh',
      '-c',
      'trap "echo user" USR2; trap "echo bye; exit 9" TERM; echo up $$; while :; do sleep 0.05; done',
    )
    await applicationUp(sidecar)
    sidecar.child.kill('SIGUSR2')
    await sidecar.until(() => sidecar.stdout.includes('user\n'), 'the signal was forwarded')
    sidecar.child.kill('SIGTERM')
    assert.equal(await sidecar.exited, 9)
    assert.match(sidecar.stdout, /bye\n$/)
    const events = sidecar.stderr
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line).event as string)
    assert.ok(events.indexOf('application_exited') < events.indexOf('draining'))
  })

  test('passes Ctrl-C on', async t => {
    const sidecar = (await setUp(t)).run(
      '--',
      'sh',
      '-c',
      'trap "exit 4" INT; echo up $$; while :; do sleep 0.05; done',
    )
    await applicationUp(sidecar)
    sidecar.child.kill('SIGINT')
    assert.equal(await sidecar.exited, 4)
  })

  test('kills an application that does not end within app.stopGrace', async t => {
    const sidecar = (await setUp(t, `${QUIET}app: { stopGrace: 100ms }\n`)).run(...waits(':'))
    await applicationUp(sidecar)
    sidecar.child.kill('SIGTERM')
    assert.equal(await sidecar.exited, 137)
  })

  test('is hurried by a second signal', async t => {
    const sidecar = (await setUp(t)).run(...waits(':'))
    await applicationUp(sidecar)
    sidecar.child.kill('SIGTERM')
    await sidecar.said('application_stopping')
    sidecar.child.kill('SIGTERM')
    assert.equal(await sidecar.exited, 137)
    assert.match(sidecar.stderr, /"event":"hurried"/)
  })

  test('is gone within two seconds of a SIGKILL of the sidecar, children included', async t => {
    const sidecar = (await setUp(t)).run(
      '--',
      'sh',
      '-c',
      'trap "" TERM INT HUP; sleep 60 & echo up $$; sleep 60',
    )
    const group = await applicationUp(sidecar)
    assert.equal(groupLives(group), true)
    sidecar.child.kill('SIGKILL')
    await gone(group, 2000)
  })

  test('ends with the sidecar when the launcher that stands for it is killed', async t => {
    const { folder } = await setUp(t)
    const { command, argv } = launching(['run', '--', 'sh', '-c', 'echo up $$; sleep 60'])
    const launcher = spawn(command, argv, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
    let output = ''
    for await (const chunk of launcher.stdout) {
      output += chunk
      if (/^up \d+$/m.test(output)) break
    }
    launcher.kill('SIGKILL')
    await gone(Number(/^up (\d+)$/m.exec(output)![1]), 20_000)
  })

  test('is not told of the launcher', async t => {
    const { folder } = await setUp(t)
    const { command, argv } = launching([
      'run',
      '--',
      'sh',
      '-c',
      'echo "launcher ($(printenv OUTRIGGER_LAUNCHER))"',
    ])
    const launcher = spawn(command, argv, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
    assert.equal(await text(launcher.stdout), 'launcher ()\n')
  })

  test('ends with the sidecar when the process that started it dies', async t => {
    const { folder } = await setUp(t)
    const script = `"${process.execPath}" "${ENTRY}" run -- sh -c 'echo up $$; sleep 60' & wait`
    const parent = spawn('sh', ['-c', script], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for await (const chunk of parent.stdout) {
      output += chunk
      if (/^up \d+$/m.test(output)) break
    }
    const group = Number(/^up (\d+)$/m.exec(output)![1])
    parent.kill('SIGKILL')
    await gone(group, 20_000)
  })
})

describe('--wait-only', () => {
  test('becomes the application once the sidecar is ready: the same process, with its code', async t => {
    const { run } = await setUp(t)
    const address = await run().admin()
    const waiting = run('--wait-only', '--admin', address, '--', 'sh', '-c', 'echo $$; exit 5')
    assert.equal(await waiting.exited, 5)
    assert.equal(waiting.stdout, `${waiting.child.pid}\n`)
    assert.equal(waiting.stderr, '')
  })

  test('waits while nobody answers, and gives up in words', async t => {
    const { run } = await setUp(t)
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as { port: number }
    closed.close()
    const waiting = run('--wait-only', '--admin', `127.0.0.1:${port}`, '--timeout', '200ms', '--', 'true')
    assert.equal(await waiting.exited, 1)
    assert.match(waiting.stderr, /the sidecar at 127\.0\.0\.1:\d+ was not ready within 0\.2 s: ECONNREFUSED/)
  })

  const wrong: [what: string, args: string[], code: number, message: RegExp][] = [
    ['no command', [], 2, /a command is needed/],
    ['a bad address', ['--admin', 'here', '--', 'true'], 2, /--admin: expected an address/],
    ['a bad duration', ['--timeout', 'long', '--', 'true'], 2, /--timeout: expected a duration/],
  ]
  for (const [what, args, code, message] of wrong) {
    test(`with ${what} ends with ${code}`, async t => {
      const waiting = (await setUp(t)).run('--wait-only', ...args)
      assert.equal(await waiting.exited, code)
      assert.match(waiting.stderr, message)
    })
  }

  test('with a command that does not exist ends with 127, with one that is not executable with 126', async t => {
    const { run } = await setUp(t)
    const address = await run().admin()
    assert.equal(await run('--wait-only', '--admin', address, '--', 'no-such-command-anywhere').exited, 127)
    assert.equal(await run('--wait-only', '--admin', address, '--', './outrigger.yaml').exited, 126)
  })
})

test('a command without -- is wrong usage', async t => {
  const sidecar = (await setUp(t)).run('true')
  assert.equal(await sidecar.exited, 2)
  assert.match(sidecar.stderr, /outrigger run -- true/)
})
