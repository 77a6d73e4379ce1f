import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { FakeClock } from '../../../../kernel/clock/fake.ts'
import { fakeOutputHost, fakeSlice } from '../output-fakes.ts'
import { checkFile, fileConfig } from './config.ts'
import { openFile } from './output.ts'

const never = new AbortController().signal

async function begin(t: TestContext, fields: object = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-file-'))
  const path = join(folder, 'deep', 'out.log')
  const decoded = fileConfig.decode({ path, ...fields })
  assert.ok(decoded.ok, JSON.stringify(decoded))
  const clock = new FakeClock(Date.now())
  const host = fakeOutputHost({ kind: 'file', clock })
  const output = await openFile(decoded.value, host)
  t.after(async () => {
    await host.close()
    await rm(folder, { recursive: true, maxRetries: 9 })
  })
  const send = (...records: (object | string | Buffer)[]) => output.send([fakeSlice(records)], never)
  return { folder, path, clock, host, output, send, text: (suffix = '') => readFile(path + suffix, 'utf8') }
}

describe('the file output', () => {
  test('makes the folder and appends one record a line', async t => {
    const { send, text } = await begin(t)
    assert.deepEqual(await send({ a: 1 }, { a: 2 }), { kind: 'done' })
    assert.deepEqual(await send({ a: 3 }), { kind: 'done' })
    assert.equal(await text(), '{"a":1}\n{"a":2}\n{"a":3}\n')
  })

  test('writes the application’s own bytes under format raw', async t => {
    const { path, send } = await begin(t, { format: 'raw' })
    const message = Buffer.from([0x61, 0xff, 0x62])
    await send(Buffer.concat([Buffer.from('{"message":"'), message, Buffer.from('"}')]), { other: 1 })
    assert.deepEqual(await readFile(path), Buffer.concat([message, Buffer.from('\n{"other":1}\n')]))
  })

  test('puts the file aside before it would grow beyond its size, and keeps so many', async t => {
    const { folder, send, text } = await begin(t, { rotate: { maxSize: '1KiB', keep: 2 } })
    for (let n = 1; n <= 5; n++) assert.deepEqual(await send({ n, pad: 'x'.repeat(600) }), { kind: 'done' })
    const first = async (suffix: string) => JSON.parse(await text(suffix)).n
    assert.deepEqual(await Promise.all(['', '.1', '.2'].map(first)), [5, 4, 3])
    assert.deepEqual((await readdir(join(folder, 'deep'))).sort(), ['out.log', 'out.log.1', 'out.log.2'])
  })

  test('asks for sends that fit in a file', async t => {
    const { output } = await begin(t, { rotate: { maxSize: '1KiB' } })
    assert.equal(output.limits.maxBytes, 1024)
  })

  test('keeps none when told so', async t => {
    const { folder, send, text } = await begin(t, { rotate: { maxSize: '1KiB', keep: 0 } })
    for (let n = 1; n <= 3; n++) await send({ n, pad: 'x'.repeat(600) })
    assert.equal(JSON.parse(await text()).n, 3)
    assert.deepEqual(await readdir(join(folder, 'deep')), ['out.log'])
  })

  test('writes a send that is larger than a file may be into one of its own', async t => {
    const { send, text } = await begin(t, { rotate: { maxSize: '1KiB' } })
    await send({ n: 1 })
    await send({ n: 2, pad: 'x'.repeat(3000) })
    assert.equal(await text('.1'), '{"n":1}\n')
    assert.equal(JSON.parse(await text()).n, 2)
  })

  test('puts the file aside when it is old', async t => {
    const { clock, send, text } = await begin(t, { rotate: { maxAge: '1h' } })
    await send({ n: 1 })
    clock.advance(30 * 60_000)
    await send({ n: 2 })
    clock.advance(31 * 60_000)
    await send({ n: 3 })
    assert.equal(await text('.1'), '{"n":1}\n{"n":2}\n')
    assert.equal(await text(), '{"n":3}\n')
  })

  test('cuts off what a crash left of a line', async t => {
    const { path, send, text } = await begin(t)
    await mkdir(join(path, '..'))
    await writeFile(path, '{"n":0}\n{"n":')
    await send({ n: 1 })
    assert.equal(await text(), '{"n":0}\n{"n":1}\n')
  })

  test('reports a full disk as a failure that passes, and goes on when there is room', async t => {
    const { path, send, text } = await begin(t)
    await mkdir(join(path, '..'))
    await symlink('/dev/full', path)
    const outcome = await send({ n: 1 })
    assert.match(outcome.kind === 'failed' ? outcome.reason : '', /no space is left for .*out\.log/)
    assert.equal(outcome.kind === 'failed' && outcome.refused, undefined)
    await rm(path)
    assert.deepEqual(await send({ n: 1 }), { kind: 'done' })
    assert.equal(await text(), '{"n":1}\n')
  })

  test('names the option when the path is a folder, and works once it is not', async t => {
    const { path, send } = await begin(t)
    await mkdir(path, { recursive: true })
    const outcome = await send({ n: 1 })
    assert.equal(outcome.kind === 'failed' && outcome.refused, true)
    assert.match(
      outcome.kind === 'failed' ? outcome.reason : '',
      /is a folder; logs\.outputs\[0\]\.file\.path must name a file/,
    )
    await rm(path, { recursive: true, maxRetries: 9 })
    assert.deepEqual(await send({ n: 1 }), { kind: 'done' })
  })

  test('names the option when a part of the path is a file', async t => {
    const { path, send } = await begin(t)
    await writeFile(join(path, '..'), '')
    const outcome = await send({ n: 1 })
    assert.equal(outcome.kind === 'failed' && outcome.refused, true)
    assert.match(outcome.kind === 'failed' ? outcome.reason : '', /check logs\.outputs\[0\]\.file\.path/)
  })

  test('writes on when the file cannot be put aside, and says so', async t => {
    const { path, host, output, send, text } = await begin(t, { rotate: { maxSize: '1KiB', keep: 1 } })
    await send({ n: 1, pad: 'x'.repeat(900) })
    await mkdir(join(`${path}.1`, 'in the way'), { recursive: true })
    assert.deepEqual(await send({ n: 2, pad: 'x'.repeat(900) }), { kind: 'done' })
    assert.equal((await text()).split('\n').length, 3)
    assert.equal(output.health?.().state, 'degraded')
    assert.equal(host.log.of('file_rotation_failed').length, 1)
    await rm(`${path}.1`, { recursive: true, maxRetries: 9 })
    await send({ n: 3 })
    assert.equal(output.health?.().state, 'ok')
  })

  for (const path of ['', '/var/log/']) {
    test(`refuses the path "${path}"`, () => {
      const decoded = fileConfig.decode({ path })
      assert.ok(decoded.ok)
      assert.match(checkFile(decoded.value)[0].message, /expected the path of a file/)
    })
  }
})
