import assert from 'node:assert/strict'
import { appendFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../kernel/clock/system.ts'
import { type FakeHost, fakeHost } from '../../kernel/host-fake.ts'
import { deadlineIn } from '../../kernel/lifecycle/deadline.ts'
import type { LogsOffer } from '../../kernel/lines/intake.ts'
import type { Running } from '../../kernel/module.ts'
import { type LogsConfig, logsConfig } from './config.ts'
import { logs } from './module.ts'

/** A folder, and the whole module on it, as often as a test starts it. */
class Bed {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  async start(
    config: object,
  ): Promise<{ running: Running<LogsConfig, LogsOffer>; host: FakeHost<ReturnType<typeof systemClock>> }> {
    const decoded = logsConfig.decode(config)
    assert.ok(decoded.ok, decoded.ok ? '' : JSON.stringify(decoded.problems))
    assert.deepEqual(logs.check?.(decoded.value), [])
    const host = fakeHost({ name: 'logs', clock: systemClock(), dataDir: this.path('data') })
    const running = await logs.start(decoded.value, host)
    return { running: running, host }
  }

  /** Starts the module, gives it `ms` to deliver what there is, and stops it in good order. */
  async run(config: object, ms = 5000): Promise<void> {
    const { running, host } = await this.start(config)
    using deadline = deadlineIn(host.clock, ms)
    await running.drain?.(deadline, 'ending')
    await host.close()
  }

  async lines(name: string): Promise<string[]> {
    return (await readFile(this.path(name), 'utf8')).trimEnd().split('\n')
  }

  tail(name: string, more: object = {}): object {
    return { tail: { paths: [this.path(name)], format: 'raw', ...more } }
  }

  file(name: string): object {
    return { file: { path: this.path(name), flushInterval: '10ms' } }
  }
}

async function bed(t: TestContext): Promise<Bed> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-logs-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  return new Bed(folder)
}

test('what stands in the files when the drain begins has arrived when it ends, last lines without a line feed too', async t => {
  const made = await bed(t)
  await writeFile(made.path('a.log'), 'one\ntwo')
  await made.run({ inputs: [made.tail('a.log')], outputs: [made.file('out'), made.file('out2')] })
  assert.deepEqual(await made.lines('out'), ['{"message":"one"}', '{"message":"two"}'])
  assert.deepEqual(await made.lines('out2'), await made.lines('out'))
})

test('a flood of many times the memory arrives byte for byte at each output', async t => {
  const made = await bed(t)
  const lines = Array.from({ length: 40_000 }, (_, n) => `{"n":${n},"pad":"${String(n % 10).repeat(300)}"}`)
  await writeFile(made.path('a.log'), `${lines.join('\n')}\n`)
  const inputs = [made.tail('a.log', { format: 'json' })]
  await made.run({ inputs, memory: '4MiB', outputs: [made.file('out'), made.file('out2')] }, 60_000)
  for (const name of ['out', 'out2']) assert.ok((await made.lines(name)).join() === lines.join(), name)
})

test('every input has its own format, the steps are for all of them', async t => {
  const made = await bed(t)
  await writeFile(made.path('a.log'), '{"n":1}\n{"n":2}\n')
  await writeFile(made.path('b.log'), 'text\n')
  await made.run({
    inputs: [made.tail('a.log', { format: 'json' }), made.tail('b.log')],
    steps: [{ drop: 'n == 2' }, { add: { fields: { by: 'shop' } } }],
    outputs: [made.file('out')],
  })
  assert.deepEqual((await made.lines('out')).sort(), [
    '{"message":"text","by":"shop"}',
    '{"n":1,"by":"shop"}',
  ])
})

test('the second start goes on where the first one ended, in each of two inputs of one folder', async t => {
  const made = await bed(t)
  const config = {
    inputs: [made.tail('a.log', { format: 'json' }), made.tail('b.log')],
    outputs: [made.file('out')],
  }
  await writeFile(made.path('a.log'), '{"n":1}\n')
  await writeFile(made.path('b.log'), 'one\n')
  await made.run(config)
  await appendFile(made.path('a.log'), '{"n":2}\n')
  await appendFile(made.path('b.log'), 'two\n')
  await made.run(config)
  assert.deepEqual((await made.lines('out')).sort(), [
    '{"message":"one"}',
    '{"message":"two"}',
    '{"n":1}',
    '{"n":2}',
  ])
})

test('outputs may change their order: each goes on at its own place', async t => {
  const made = await bed(t)
  await writeFile(made.path('a.log'), 'one\n')
  const inputs = [made.tail('a.log')]
  // A folder stands where the second output's file is to be.
  await mkdir(made.path('second'))
  await made.run({ inputs, outputs: [made.file('first'), made.file('second')] }, 300)
  await rm(made.path('second'), { recursive: true, maxRetries: 9 })
  await appendFile(made.path('a.log'), 'two\n')
  await made.run({ inputs, outputs: [made.file('second'), made.file('first')] })
  assert.deepEqual(await made.lines('first'), ['{"message":"one"}', '{"message":"two"}'])
  assert.deepEqual(await made.lines('second'), ['{"message":"one"}', '{"message":"two"}'])
})

test('one output that refuses is named by the health and by its metrics, and the others go on', async t => {
  const made = await bed(t)
  await writeFile(made.path('a.log'), 'one\n')
  await mkdir(made.path('second'))
  const { running, host } = await made.start({
    inputs: [made.tail('a.log')],
    outputs: [made.file('first'), made.file('second')],
    retry: { base: '10ms', max: '100ms' },
  })
  t.after(() => host.close())
  while (running.health().state === 'ok' || !host.metric('delivered_records_total', { output: 'file-1' })) {
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  const { ready, state, message, parts } = running.health()
  assert.deepEqual({ ready, state }, { ready: true, state: 'degraded' })
  assert.match(message ?? '', /^output file-2: .*logs\.outputs\[1\]\.file\.path/)
  assert.deepEqual(Object.keys(parts ?? {}), ['spool', 'input tail', 'output file-1', 'output file-2'])
  assert.equal(host.metric('unsent_records', { output: 'file-1' }), 0)
  assert.equal(host.metric('unsent_records', { output: 'file-2' }), 1)
})

test('an input for a command says that there is none, and the files are read', async t => {
  const made = await bed(t)
  await writeFile(made.path('a.log'), 'one\n')
  const { running, host } = await made.start({
    inputs: [made.tail('a.log'), { app: {} }],
    outputs: [made.file('out')],
  })
  assert.match(running.health().message ?? '', /^input app: logs\.inputs\[1\]\.app: there is no command/)
  using deadline = deadlineIn(host.clock, 5000)
  await running.drain?.(deadline, 'ending')
  await host.close()
  assert.deepEqual(await made.lines('out'), ['{"message":"one"}'])
})

test('a second one on the same folder is refused and harms nothing', async t => {
  const made = await bed(t)
  const config = { inputs: [made.tail('a.log')], outputs: [made.file('out')] }
  const { running, host } = await made.start(config)
  await assert.rejects(made.start(config), /is in use by another sidecar/)
  await writeFile(made.path('a.log'), 'one\n')
  using deadline = deadlineIn(host.clock, 5000)
  await running.drain?.(deadline, 'ending')
  await host.close()
  assert.deepEqual(await made.lines('out'), ['{"message":"one"}'])
})

test('a replaced module leaves at once, although an output is away: the next one finds files and spool', async t => {
  const made = await bed(t)
  await writeFile(made.path('app.log'), 'one\n')
  const away = { elasticsearch: { url: 'http://127.0.0.1:9' } }
  const { running, host } = await made.start({ inputs: [made.tail('app.log')], outputs: [away] })
  using deadline = deadlineIn(host.clock, 60_000)
  await running.drain?.(deadline, 'replaced')
  assert.ok(deadline.remainingMs() > 50_000)
  await host.close()
  await made.run({ inputs: [made.tail('app.log')], outputs: [made.file('out')] })
  assert.deepEqual(await made.lines('out'), ['{"message":"one"}'])
})

test('lines that the proxy hands over are records once they are taken', async t => {
  const logs = await bed(t)
  const { running, host } = await logs.start({ inputs: [{ proxy: {} }], outputs: [logs.file('out')] })
  await running.offer.proxy!.take(Buffer.from('{"path":"/a","status":200}\n{"path":"/b","status":503}\n'))
  using deadline = deadlineIn(host.clock, 5000)
  await running.drain?.(deadline, 'ending')
  await host.close()
  assert.deepEqual(await logs.lines('out'), ['{"path":"/a","status":200}', '{"path":"/b","status":503}'])
  await assert.rejects(running.offer.proxy!.take(Buffer.from('{}\n')))
})

test('without an input for it there is nothing for the proxy to hand its lines to', async t => {
  const logs = await bed(t)
  const { running, host } = await logs.start({ inputs: [logs.tail('in')], outputs: [logs.file('out')] })
  assert.equal(running.offer.proxy, undefined)
  await host.close()
})

test('records tell their file and the place in it, also those of several lines', async t => {
  const made = await bed(t)
  await writeFile(made.path('a.log'), '1 a\n b\n2 c\n')
  const multiline = { rules: [{ start: { pattern: '^\\d' } }] }
  const input = made.tail('a.log', { multiline, pathField: 'log.path', offsetField: 'log.offset' })
  await made.run({ inputs: [input], outputs: [made.file('out')] })
  const log = (offset: number) => ({ path: made.path('a.log'), offset })
  assert.deepEqual(
    (await made.lines('out')).map(line => JSON.parse(line)),
    [
      { message: '1 a\n b', log: log(0) },
      { message: '2 c', log: log(7) },
    ],
  )
})

const DATED = { rules: [{ start: { pattern: '^\\d' } }], flushAfter: '10m' }

test('a record whose file is renamed while it is written is whole', async t => {
  const made = await bed(t)
  await writeFile(made.path('a.log'), '1 a\n b\n')
  const { running, host } = await made.start({
    inputs: [made.tail('a.log', { multiline: DATED })],
    outputs: [made.file('out')],
  })
  const read = () => host.metric('tail_read_lines_total', { input: 'tail' })
  await eventually(() => read() === 2)
  await rename(made.path('a.log'), made.path('a.log.1'))
  await writeFile(made.path('a.log'), '2 of the new file\n')
  await eventually(() => read() === 3)
  await appendFile(made.path('a.log.1'), ' c\n')
  using deadline = deadlineIn(host.clock, 10_000)
  await running.drain?.(deadline, 'ending')
  await host.close()
  assert.deepEqual(
    new Set(await made.lines('out')),
    new Set(['{"message":"1 a\\n b\\n c"}', '{"message":"2 of the new file"}']),
  )
})

test('a record whose file is replaced in place goes out with what it has, and nothing of the new content', async t => {
  const made = await bed(t)
  await writeFile(made.path('a.log'), `1 ${'a'.repeat(100)}\n b\n`)
  const { running, host } = await made.start({
    inputs: [made.tail('a.log', { multiline: DATED })],
    outputs: [made.file('out')],
  })
  const read = () => host.metric('tail_read_lines_total', { input: 'tail' })
  await eventually(() => read() === 2)
  // Truncated under a writer that does not append: zeros come first.
  await writeFile(made.path('a.log'), Buffer.concat([Buffer.alloc(8), Buffer.from(' not of it\n2 c\n')]))
  await eventually(() => read() === 4)
  using deadline = deadlineIn(host.clock, 10_000)
  await running.drain?.(deadline, 'ending')
  await host.close()
  assert.deepEqual(
    (await made.lines('out')).map(line => JSON.parse(line).message),
    [`1 ${'a'.repeat(100)}\n b`, ' not of it', '2 c'],
  )
})

test('a record that is open when a configuration follows is read again and whole', async t => {
  const made = await bed(t)
  await writeFile(made.path('a.log'), '1 a\n b\n')
  const config = { inputs: [made.tail('a.log', { multiline: DATED })], outputs: [made.file('out')] }
  const { running, host } = await made.start(config)
  await eventually(() => host.metric('tail_read_lines_total', { input: 'tail' }) === 2)
  using deadline = deadlineIn(host.clock, 5000)
  await running.drain?.(deadline, 'replaced')
  await host.close()
  await appendFile(made.path('a.log'), ' c\n')
  await made.run(config)
  assert.deepEqual(await made.lines('out'), ['{"message":"1 a\\n b\\n c"}'])
})

async function eventually(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 5))
}
