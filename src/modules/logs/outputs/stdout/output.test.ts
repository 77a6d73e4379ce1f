import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { fakeOutputHost, fakeSlice } from '../output-fakes.ts'
import { DescriptorOutput } from './output.ts'

const never = new AbortController().signal

function outputTo(t: TestContext, descriptor: number): DescriptorOutput {
  const host = fakeOutputHost({ kind: 'stdout', clock: systemClock() })
  t.after(() => host.close())
  return new DescriptorOutput(descriptor, { format: 'json', flushIntervalMs: 1 }, host)
}

/** A pipe with both ends open here; the reader does not block. */
async function pipe(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-pipe-'))
  const path = join(folder, 'pipe')
  await promisify(execFile)('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, constants.O_WRONLY)
  let open = true
  const closeReader = () => {
    if (open) closeSync(reader)
    open = false
  }
  t.after(async () => {
    closeReader()
    closeSync(writer)
    await rm(folder, { recursive: true, maxRetries: 9 })
  })
  const chunk = Buffer.alloc(16 * 1024)
  const read = () => {
    try {
      return chunk.toString('utf8', 0, readSync(reader, chunk))
    } catch {
      return ''
    }
  }
  return { writer, read, closeReader }
}

describe('the stdout output', () => {
  test('writes one record a line, behind what is there', async t => {
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-stdout-'))
    t.after(() => rm(folder, { recursive: true, maxRetries: 9 }))
    const path = join(folder, 'out')
    await using file = await open(path, 'a')
    await file.write('before\n')
    const output = outputTo(t, file.fd)
    assert.deepEqual(await output.send([fakeSlice([{ a: 1 }, { a: 2 }])], never), { kind: 'done' })
    assert.deepEqual(await output.send([fakeSlice([{ a: 3 }])], never), { kind: 'done' })
    assert.equal(await readFile(path, 'utf8'), 'before\n{"a":1}\n{"a":2}\n{"a":3}\n')
  })

  test('shares a file with whoever else writes to it', async t => {
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-stdout-'))
    t.after(() => rm(folder, { recursive: true, maxRetries: 9 }))
    const path = join(folder, 'out')
    await using file = await open(path, 'w')
    const output = outputTo(t, file.fd)
    await output.send([fakeSlice([{ a: 1 }])], never)
    await file.write('the application\n')
    await output.send([fakeSlice([{ a: 2 }])], never)
    await file.write('the shell\n')
    assert.equal(await readFile(path, 'utf8'), '{"a":1}\nthe application\n{"a":2}\nthe shell\n')
  })

  test('waits for a reader that is behind, and loses nothing', async t => {
    const { writer, read } = await pipe(t)
    const output = outputTo(t, writer)
    const records = Array.from({ length: 2000 }, (_, n) => ({ n, pad: 'x'.repeat(100) }))
    let settled = false
    const sent = output.send([fakeSlice(records)], never).finally(() => {
      settled = true
    })
    let text = ''
    while (!settled) {
      text += read()
      await new Promise(resolve => setImmediate(resolve))
    }
    for (let more = read(); more !== ''; more = read()) text += more
    assert.deepEqual(await sent, { kind: 'done' })
    assert.deepEqual(
      text
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line).n),
      records.map(({ n }) => n),
    )
  })

  test('ends a line that it had begun when it was stopped, before the next', async t => {
    const { writer, read } = await pipe(t)
    const output = outputTo(t, writer)
    const stop = new AbortController()
    const sent = output.send([fakeSlice([{ pad: 'x'.repeat(100_000) }])], stop.signal)
    let text = ''
    while (text === '') {
      text += read()
      await new Promise(resolve => setImmediate(resolve))
    }
    stop.abort(new Error('drained'))
    assert.equal((await sent).kind, 'failed')
    for (let more = read(); more !== ''; more = read()) text += more
    const again = output.send([fakeSlice([{ n: 2 }])], never)
    assert.deepEqual(await again, { kind: 'done' })
    for (let more = read(); more !== ''; more = read()) text += more
    const lines = text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    assert.equal(lines[0].pad.length, 100_000)
    assert.deepEqual(lines.at(-1), { n: 2 })
  })

  test('says that nobody reads any more', async t => {
    const { writer, closeReader } = await pipe(t)
    closeReader()
    const outcome = await outputTo(t, writer).send([fakeSlice([{ a: 1 }])], never)
    assert.equal(outcome.kind === 'failed' && outcome.refused, true)
    assert.match(outcome.kind === 'failed' ? outcome.reason : '', /nobody reads standard output/)
  })

  for (const what of ['pipe', 'socket'] as const) {
    test(`does not keep a process from ending whose ${what} nobody reads`, async () => {
      const url = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)
      const script = `
        import { openDescriptor } from ${url('../../../../kernel/lines/descriptor.ts')}
        import { systemClock } from ${url('../../../../kernel/clock/system.ts')}
        const writing = openDescriptor(1, systemClock()).write(Buffer.alloc(4 << 20, 'x\\n'), new AbortController().signal)
        setTimeout(() => process.exit(7), 50)
        await writing`
      // A child's stdout is a socket here, unless a shell puts a pipe in between; its reader lives as long as the shell.
      const [command, ...args] =
        what === 'socket'
          ? [process.execPath, '--input-type=module', '-e', script]
          : [
              'bash',
              '-c',
              '"$0" --input-type=module -e "$1" > >(while kill -0 $$ 2> /dev/null; do sleep 1; done); exit $?',
              process.execPath,
              script,
            ]
      const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      child.stdout.pause()
      const fuse = setTimeout(() => child.kill('SIGKILL'), 60_000)
      const [code] = await once(child, 'exit')
      clearTimeout(fuse)
      child.stdout.destroy()
      assert.equal(code, 7)
    })
  }
})
