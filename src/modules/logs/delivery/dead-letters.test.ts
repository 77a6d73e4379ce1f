import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fakeHost } from '../../../kernel/host-fake.ts'
import { fakeBatch } from '../spool/batch-fake.ts'
import { FaultyDisk } from '../spool/disk-fake.ts'
import { type DeadLetter, openDeadLetters } from './dead-letters.ts'

function letter(records: (string | Buffer)[], reason = 'HTTP 400'): DeadLetter {
  const frame = { sequence: 1, batch: fakeBatch(records, { path: '/a.log' }) }
  return { output: 'es', reason, slices: [{ frame, from: 0, to: records.length }] }
}

test('a dead letter is a JSON line with the record as it is and the reason', async t => {
  const { folder, open, lines } = await fixture(t)
  await using letters = open()
  await letters.write([letter(['{"a": 1}', '{"ü":2}'], 'field "a" is no date')])
  const head = {
    time: '2026-01-01T00:00:00.000Z',
    output: 'es',
    reason: 'field "a" is no date',
    input: 'tail',
    path: '/a.log',
    tag: 'tail',
    recordTime: '1970-01-01T00:00:01.000Z',
  }
  assert.deepEqual(await lines(), [
    { ...head, record: { a: 1 } },
    { ...head, record: { ü: 2 } },
  ])
  assert.match(await readFile(join(folder, 'dead-letters.jsonl'), 'utf8'), /"record":\{"a": 1\}\}\n/)
})

test('a record that is not UTF-8 is kept byte for byte, in base64', async t => {
  const { open, lines } = await fixture(t)
  await using letters = open()
  const record = Buffer.from([...Buffer.from('{"a":"'), 0xff, ...Buffer.from('"}')])
  await letters.write([letter([record])])
  assert.deepEqual(Buffer.from((await lines())[0].recordBase64, 'base64'), record)
})

test('a new start goes on behind the last whole line', async t => {
  const { folder, open, lines } = await fixture(t)
  {
    await using letters = open()
    await letters.write([letter(['{"n":1}'])])
  }
  await appendFile(join(folder, 'dead-letters.jsonl'), '{"time":"2026-01-01T00:00:00.000Z","outp')
  await using letters = open()
  await letters.write([letter(['{"n":2}'])])
  assert.deepEqual(
    (await lines()).map(line => line.record.n),
    [1, 2],
  )
})

test('a file that is moved away is begun anew', async t => {
  const { folder, open, lines } = await fixture(t)
  await using letters = open()
  await letters.write([letter(['{"n":1}'])])
  await rename(join(folder, 'dead-letters.jsonl'), join(folder, 'taken.jsonl'))
  await letters.write([letter(['{"n":2}'])])
  assert.deepEqual(
    (await lines()).map(line => line.record.n),
    [2],
  )
})

test('a full disk is told to the caller and leaves no half lines', async t => {
  const { open, lines } = await fixture(t)
  const disk = new FaultyDisk()
  await using letters = open({ disk })
  await letters.write([letter(['{"n":1}'])])
  disk.onGrow = { code: 'ENOSPC', tornBytes: 25 }
  await assert.rejects(letters.write([letter(['{"n":2}'])]), { code: 'ENOSPC' })
  disk.onGrow = undefined
  await letters.write([letter(['{"n":3}'])])
  assert.deepEqual(
    (await lines()).map(line => line.record.n),
    [1, 3],
  )
})

test('the oldest letters are given up when the files are full, and that is counted', async t => {
  const { folder, host, open, lines } = await fixture(t)
  await using letters = open({ maxBytes: 4000 })
  for (let n = 0; n < 60; n++) await letters.write([letter([`{"n":${n}}`])])
  assert.deepEqual((await readdir(folder)).sort(), ['dead-letters.1.jsonl', 'dead-letters.jsonl'])
  assert.equal((await lines()).at(-1).record.n, 59)
  assert.ok(host.metric('dead_letters_discarded_bytes_total')! > 1000)
  assert.ok(host.log.of('dead_letters_discarded').length > 0)
  const kept = (await lines('dead-letters.1.jsonl')).concat(await lines()).map(line => line.record.n)
  assert.deepEqual(
    kept,
    kept.map((_, index) => kept[0] + index),
    'the newest, without a hole',
  )
})

async function fixture(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-letters-'))
  const host = fakeHost()
  t.after(async () => {
    await host.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 9 })
  })
  const { clock, metrics, log } = host
  return {
    folder,
    host,
    open: (options = {}) => openDeadLetters({ folder, clock, metrics, log, ...options }),
    lines: async (name = 'dead-letters.jsonl') =>
      (await readFile(join(folder, name), 'utf8'))
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line)),
  }
}
