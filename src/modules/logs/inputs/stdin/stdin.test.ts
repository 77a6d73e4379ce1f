import assert from 'node:assert/strict'
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { deadlineIn } from '../../../../kernel/lifecycle/deadline.ts'
import { fakeInputHost } from '../input-fakes.ts'
import { startStdin } from './stdin.ts'

const config = { framing: 'lines', maxLineBytes: 1024 } as const

function hostFor(t: TestContext) {
  const host = fakeInputHost({ kind: 'stdin' })
  t.after(() => host.close())
  return { host, texts: () => host.taken.map(({ text }) => text) }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 10))
}

test('standard input is read to its end, the last line without a line feed too', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-stdin-'))
  t.after(() => rmSync(folder, { recursive: true, maxRetries: 9 }))
  writeFileSync(join(folder, 'in'), 'one\ntwo\nthree')
  const { host, texts } = hostFor(t)
  startStdin(config, host, createReadStream(join(folder, 'in')))
  await until(() => host.taken.length === 3)
  assert.deepEqual(texts(), ['one', 'two', 'three'])
  assert.deepEqual([host.taken[0].path, host.taken[0].tag], ['stdin', 'stdin'])
  assert.equal(host.metric('stdin_read_lines_total', { input: 'stdin' }), 3)
})

test('a drain takes in what has come, and does not wait for more', async t => {
  const { host, texts } = hostFor(t)
  const pipe = new PassThrough()
  pipe.write('one\ntw')
  const input = startStdin(config, host, pipe)
  await until(() => host.taken.length === 1)
  await input.drain(deadlineIn(host.clock, 5000))
  assert.deepEqual(texts(), ['one', 'tw'])
})

test('the instance after a reload goes on with the stream', async t => {
  const pipe = new PassThrough()
  const first = hostFor(t)
  const input = startStdin(config, first.host, pipe)
  pipe.write('one\n')
  await until(() => first.host.taken.length === 1)
  await input.drain(deadlineIn(first.host.clock, 5000))
  await first.host.close()
  pipe.write('two\n')
  const second = hostFor(t)
  startStdin(config, second.host, pipe)
  pipe.end('three')
  await until(() => second.host.taken.length === 2)
  assert.deepEqual([...first.texts(), ...second.texts()], ['one', 'two', 'three'])
})

test('who writes waits while the records are not safe', async t => {
  const { host } = hostFor(t)
  let open = (): void => {}
  host.gate = new Promise(resolve => {
    open = resolve
  })
  const pipe = new PassThrough({ highWaterMark: 1024 })
  startStdin(config, host, pipe)
  let written = 0
  while (pipe.write('x'.repeat(100).concat('\n')) && written < 1000) {
    written++
    await new Promise(setImmediate)
  }
  assert.ok(written < 100, `${written} lines went in`)
  open()
  await until(() => host.taken.length > 0)
})

test('a standard input that cannot be read is told in the health', async t => {
  const { host } = hostFor(t)
  const input = startStdin(config, host, createReadStream(tmpdir()))
  await until(() => input.health().state === 'degraded')
  assert.match(input.health().message ?? '', /standard input cannot be read: EISDIR/)
})
