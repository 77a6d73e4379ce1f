import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { fakeHost } from '../../../../kernel/host-fake.ts'
import type { OutputHost } from '../output.ts'
import { openStore } from './output.ts'
import { frameOf, sliceOf } from './records-fake.ts'
import { StoreReader } from './search.ts'

const config = {
  fullText: 'record' as const,
  maxSizeBytes: 2 ** 30,
  maxAgeMs: Number.MAX_SAFE_INTEGER,
  flushIntervalMs: 500,
}
const never = new AbortController().signal

test('slices of frames arrive, each record once', async t => {
  const { host, dataDir } = await openHost(t)
  const output = await openStore(config, host)
  const [first, second] = [
    frameOf(1, [{ n: 0 }, { n: 1 }, { n: 2 }]),
    frameOf(2, [{ n: 3 }, { n: 4 }], 2_000_000),
  ]
  assert.deepEqual(await output.send([sliceOf(first, 1, 3), sliceOf(second, 0, 1)], never), { kind: 'done' })
  assert.deepEqual(await output.send([sliceOf(first, 0, 2), sliceOf(second)], never), { kind: 'done' })
  assert.deepEqual(numbers(join(dataDir, 'store.db')), [0, 1, 2, 3, 4])
  assert.deepEqual(output.health?.(), { ready: true, state: 'ok' })
  // What is sent stays the spool's.
  assert.equal(first.batch.bytes.length, '{"n":0}\n'.length * 3)
})

test('its records are those of a spool: another one in the same file keeps its own', async t => {
  const { host, dataDir } = await openHost(t)
  const other = await openHost(t)
  const path = join(dataDir, 'both.db')
  const outputs = await Promise.all([host, other.host].map(each => openStore({ ...config, path }, each)))
  const results = outputs.map((output, n) =>
    output.send([sliceOf(frameOf(1, [{ n }], 1000 * (n + 1)))], never),
  )
  assert.deepEqual(await Promise.all(results), [{ kind: 'done' }, { kind: 'done' }])
  assert.deepEqual(numbers(path), [0, 1])
})

test('a path that cannot be opened is refused, shown in health, and tried again', async t => {
  const { host, dataDir } = await openHost(t)
  const output = await openStore({ ...config, path: dataDir }, host)
  const outcome = await output.send([sliceOf(frameOf(1, [{ n: 1 }]))], never)
  assert.ok(outcome.kind === 'failed' && outcome.refused)
  assert.match(outcome.reason, /check logs\.outputs\[0\]\.store\.path$/)
  assert.equal(output.health?.().state, 'degraded')
  assert.equal((await output.send([sliceOf(frameOf(1, [{ n: 1 }]))], never)).kind, 'failed')
})

test('an output that is closed has written everything it acknowledged', async t => {
  const { host, dataDir, close } = await openHost(t)
  const output = await openStore(config, host)
  const sent = output.send(
    [
      sliceOf(
        frameOf(
          1,
          Array.from({ length: 5000 }, (_, n) => ({ n })),
        ),
      ),
    ],
    never,
  )
  await close()
  assert.deepEqual(await sent, { kind: 'done' })
  assert.equal(numbers(join(dataDir, 'store.db')).length, 5000)
})

test('a process that is killed while writing has lost nothing that it acknowledged, and repeats nothing', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-killed-'))
  t.after(() => rm(folder, { recursive: true, maxRetries: 9 }))
  const perFrame = 40
  let acknowledged = 0
  for (let round = 0; round < 5; round++) {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'killed-fake.ts'), folder, String(acknowledged + 1)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const ended = once(child, 'exit')
    const stopAt = acknowledged + 5 + round * 7
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Math.max(acknowledged, Number(line))
      if (acknowledged >= stopAt) child.kill('SIGKILL')
    }
    await ended
  }
  assert.ok(acknowledged >= 5)
  const found = numbers(join(folder, 'store.db'))
  // What was written but not acknowledged was sent again: it must be there once.
  assert.equal(new Set(found).size, found.length, 'a record is there twice')
  const expected = Array.from({ length: acknowledged * perFrame }, (_, n) => n)
  assert.deepEqual(found.slice(0, expected.length), expected)
})

async function openHost(t: TestContext) {
  const dataDir = await mkdtemp(join(tmpdir(), 'outrigger-store-'))
  const fake = fakeHost({ dataDir })
  t.after(async () => {
    await fake.close()
    await rm(dataDir, { recursive: true, maxRetries: 9 })
  })
  const host: OutputHost = {
    ...fake,
    name: 'store',
    id: 'store',
    key: 'logs.outputs[0].store',
    spoolId: `spool-of-${basename(dataDir)}`,
    dataDir: async () => dataDir,
    invalidUtf8: { inc() {} },
  }
  return { host, dataDir, close: () => fake.close() }
}

function numbers(path: string): number[] {
  using reader = new StoreReader(path)
  return reader.find({}, 1_000_000).map(found => JSON.parse(found.record.toString()).n)
}
