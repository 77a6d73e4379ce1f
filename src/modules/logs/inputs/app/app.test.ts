import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { ApplicationStreams, type ApplicationView } from '../../../../kernel/application/streams.ts'
import { fakeHost } from '../../../../kernel/host-fake.ts'
import { deadlineIn } from '../../../../kernel/lifecycle/deadline.ts'
import type { Lines } from '../../lines.ts'
import { startApp } from './app.ts'
import type { AppConfig } from './config.ts'

const both: AppConfig = { streams: ['stdout', 'stderr'], maxLineBytes: 1024 }

/** A command whose output the test writes, and a sink that records and can wait or refuse. */
function setUp(t: TestContext) {
  const host = fakeHost({ name: 'logs' })
  t.after(() => host.close())
  const command = { stdout: new PassThrough(), stderr: new PassThrough() }
  const ours = { stdout: new PassThrough(), stderr: new PassThrough() }
  const streams = new ApplicationStreams(ours)
  const received: { stream: string; text: string; piece: boolean }[] = []
  const sink = { gate: Promise.resolve(), refuse: false }
  async function take({ bytes, count, starts, ends, pieces, origin }: Lines): Promise<void> {
    await sink.gate
    if (sink.refuse) throw new Error('the spool is closed')
    for (let i = 0; i < count; i++) {
      const text = bytes.toString('latin1', starts[i], ends[i])
      received.push({ stream: origin.path, text, piece: pieces?.[i] === 1 })
    }
  }
  const start = (config = both, application: ApplicationView | undefined = streams.view()) =>
    startApp(config, {
      ...host,
      name: 'app',
      key: 'logs.inputs[0].app',
      tag: () => 'app',
      readBytes: 4096,
      sink: take,
      application,
    })
  const texts = (stream: string) => received.filter(line => line.stream === stream).map(({ text }) => text)
  const run = () => streams.attach(command.stdout, command.stderr)
  return {
    host,
    command,
    ours,
    streams,
    received,
    sink,
    start,
    texts,
    run,
    soon: deadlineIn(host.clock, 1000),
  }
}

test('lines of both streams arrive under their names, the last one also without a line feed', async t => {
  const { command, start, run, texts, soon, host } = setUp(t)
  const input = start()
  run()
  command.stdout.write('one\ntw')
  command.stderr.end('bad\r\n')
  command.stdout.end('o\nlast')
  await input.drain(soon)
  assert.deepEqual(texts('stdout'), ['one', 'two', 'last'])
  assert.deepEqual(texts('stderr'), ['bad'])
  assert.equal(host.metric('app_read_lines_total', { input: 'app', stream: 'stdout' }), 3)
  assert.equal(host.metric('app_read_bytes_total', { input: 'app', stream: 'stdout' }), 12)
})

test('a line longer than the limit arrives in pieces that are marked', async t => {
  const { command, start, run, received, soon } = setUp(t)
  const input = start()
  run()
  command.stderr.end()
  command.stdout.write('x'.repeat(1500))
  command.stdout.end('y\nshort\n')
  await input.drain(soon)
  assert.equal(
    received
      .slice(0, -1)
      .map(({ text }) => text)
      .join(''),
    `${'x'.repeat(1500)}y`,
  )
  assert.deepEqual(
    received.map(({ piece }) => piece),
    [true, true, false],
  )
})

test('a drain waits until what was read is safe', async t => {
  const { command, start, run, texts, sink, soon } = setUp(t)
  const gate = Promise.withResolvers<void>()
  sink.gate = gate.promise
  const input = start()
  run()
  command.stderr.end()
  command.stdout.end('one\n')
  let drained = false
  const draining = input.drain(soon).then(() => {
    drained = true
  })
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(drained, false)
  gate.resolve()
  await draining
  assert.deepEqual(texts('stdout'), ['one'])
})

test('a drain ends with its deadline while the command goes on writing', async t => {
  const { start, run, host } = setUp(t)
  const input = start()
  run()
  const draining = input.drain(deadlineIn(host.clock, 500))
  await host.clock.elapse(500)
  await draining
})

test('while the sink waits the command does, and memory stays bounded', async t => {
  const { command, start, run, sink, texts, soon } = setUp(t)
  const gate = Promise.withResolvers<void>()
  sink.gate = gate.promise
  const input = start()
  run()
  command.stderr.end()
  const lines = Buffer.from('0123456789abcde\n'.repeat(256))
  let written = 0
  while (written < 4_000_000 && command.stdout.write(lines)) {
    written += lines.length
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.ok(written < 1_000_000, `${written} bytes were taken although nobody reads`)
  command.stdout.end()
  gate.resolve()
  await input.drain(soon)
  assert.equal(texts('stdout').length, written / 16 + 256)
})

test('a reload in the middle of a line loses nothing and breaks no line', async t => {
  const { command, start, run, streams, texts, host, soon } = setUp(t)
  const first = streams.view()!
  const before = start(both, first)
  run()
  command.stdout.write('one\nha')
  await new Promise(resolve => setImmediate(resolve))
  streams.hold()
  first.end()
  await before.drain(soon)
  command.stdout.write('lf\n')
  const after = start(both, streams.view())
  streams.release()
  command.stderr.end()
  command.stdout.end('end\n')
  await after.drain(deadlineIn(host.clock, 1000))
  assert.deepEqual(texts('stdout'), ['one', 'half', 'end'])
})

test('the beginning of a line that nobody reads on comes out of our own stream', async t => {
  const { command, start, run, streams, ours, soon } = setUp(t)
  const first = streams.view()!
  const input = start(both, first)
  run()
  command.stdout.write('one\nha')
  await new Promise(resolve => setImmediate(resolve))
  streams.hold()
  first.end()
  await input.drain(soon)
  streams.release()
  command.stdout.end('lf\n')
  await new Promise(resolve => command.stdout.once('end', resolve))
  ours.stdout.end()
  assert.equal((await buffer(ours.stdout)).toString(), 'half\n')
})

test('a stream that another input reads is a start that fails, not a crash', t => {
  const { start, streams } = setUp(t)
  const application = streams.view()
  start({ ...both, streams: ['stderr'] }, application)
  assert.throws(() => start(both, application), /stderr is read by another input already/)
})

test('lines that are not taken are a problem that the health shows', async t => {
  const { command, start, run, sink, soon, host } = setUp(t)
  sink.refuse = true
  const input = start()
  run()
  command.stderr.end()
  command.stdout.end('one\n')
  await input.drain(soon)
  assert.match(input.health().message ?? '', /^logs\.inputs\[0\]\.app: reading stdout .*the spool is closed$/)
  assert.equal(host.log.of('app_stream_failed').length, 1)
})

test('without a command the input says what is missing, and does not keep the sidecar from running', t => {
  const { host } = setUp(t)
  const config = {
    ...host,
    name: 'app',
    tag: () => 'app',
    key: 'logs.inputs[0].app',
    readBytes: 4096,
    sink: async () => {},
  }
  const health = startApp(both, { ...config, application: undefined }).health()
  assert.equal(health.ready, true)
  assert.match(health.message ?? '', /^logs\.inputs\[0\]\.app: .*after -- or as app\.command/)
})
