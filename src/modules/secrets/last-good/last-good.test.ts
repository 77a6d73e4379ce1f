import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import { MemoryLog } from '../../../kernel/log/memory.ts'
import { JsonNumber } from '../../../wire/json/lossless.ts'
import { SecretValue } from '../secret/value.ts'
import { generateKey } from '../store/key-sources.ts'
import type { KeptSecret } from './kept-value.ts'
import { LastGood } from './last-good.ts'

const value = new SecretValue({
  data: new Map<string, never>([
    ['password', 'hunter2-of-the-test' as never],
    ['number', new JsonNumber('12345678901234567890') as never],
    ['bytes', Buffer.from([0, 255, 1]) as never],
    [
      'nested',
      new Map([
        ['list', [1, null, 'x'].map(each => (typeof each === 'number' ? new JsonNumber('1') : each))],
      ]) as never,
    ],
  ]),
  timing: { kind: 'leased', lease: { id: 'l-1', renewable: true, grantedAtMs: 5, durationMs: 7 } },
  version: '3',
  answer: { requestId: 'r', warnings: ['w'] },
})

async function world(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-last-good-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const log = new MemoryLog('secrets', () => 0)
  const key = generateKey()
  const open = (held: readonly KeptSecret[], variable = key) =>
    LastGood.open({
      clock: new FakeClock(),
      log,
      folder,
      key: { kind: 'variable', name: 'KEY', value: variable },
      held: () => held,
    })
  return { folder, log, open, file: join(folder, 'last-good') }
}

test('what one process held, the next one finds, numbers and bytes as they were', async t => {
  const { open, file } = await world(t)
  await (await open([{ key: 'k', value }]))[Symbol.asyncDispose]()
  const found = (await open([])).get('k')!
  assert.deepEqual(found.timing, value.timing)
  assert.deepEqual(found.answer, value.answer)
  assert.equal(found.version, '3')
  assert.deepEqual([...found.data.keys()], [...value.data.keys()])
  assert.equal((found.data.get('number') as JsonNumber).text, '12345678901234567890')
  assert.deepEqual(Buffer.from(found.data.get('bytes') as Uint8Array), Buffer.from([0, 255, 1]))
  assert.deepEqual(found.data.get('nested'), value.data.get('nested'))
  assert.ok(!(await readFile(file, 'latin1')).includes('hunter2'))
  assert.ok(!inspect(found, { depth: 9 }).includes('hunter2'))
})

test('a process that held nothing leaves the file of the one before as it is', async t => {
  const { open } = await world(t)
  await (await open([{ key: 'k', value }]))[Symbol.asyncDispose]()
  await (await open([]))[Symbol.asyncDispose]()
  assert.ok((await open([])).get('k') !== undefined)
})

test('a file that is damaged, cut, or of another key is told and not used, and the next one is written', async t => {
  const { open, file, log } = await world(t)
  await (await open([{ key: 'k', value }]))[Symbol.asyncDispose]()
  const whole = await readFile(file)
  const damaged = Buffer.from(whole)
  damaged[damaged.length - 1]! ^= 1
  for (const bytes of [
    damaged,
    whole.subarray(0, whole.length - 20),
    Buffer.from('nothing'),
    Buffer.alloc(0),
  ]) {
    await writeFile(file, bytes)
    const opened = await open([{ key: 'other', value }])
    assert.equal(opened.get('k'), undefined)
    await opened[Symbol.asyncDispose]()
    assert.ok((await open([])).get('other') !== undefined)
  }
  assert.equal((await open([], generateKey())).get('other'), undefined)
  const told = log.records.filter(({ event }) => event === 'last_good_unreadable')
  assert.equal(told.length, 5)
  assert.ok(!JSON.stringify(told).includes('hunter2'))
})
