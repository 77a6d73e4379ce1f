import assert from 'node:assert/strict'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { fakeBatch, recordsOf } from './batch-fake.ts'
import { FaultyDisk } from './disk-fake.ts'
import { spoolFixture, takeAll } from './spool-fake.ts'

const numbered = (from: number, count: number) => Array.from({ length: count }, (_, i) => `{"n":${from + i}}`)

test('what was appended is read back in order, with its origin', async t => {
  const { open } = await spoolFixture(t)
  const spool = await open()
  await spool.append(fakeBatch(['{"n":1}', '{"n":2}'], { path: '/a.log', offset: 20 }))
  await spool.append(fakeBatch(['{"n":3}']))

  const reader = spool.reader('out')
  const first = await reader.take()
  assert.deepEqual(recordsOf(first!), ['{"n":1}', '{"n":2}'])
  assert.equal(first!.frame.sequence, 1)
  assert.deepEqual(first!.frame.batch.origin, {
    input: 'tail',
    path: '/a.log',
    tag: 'tail',
    position: { file: 'f1', offset: 20 },
  })
  assert.deepEqual(recordsOf((await reader.take())!), ['{"n":3}'])
  assert.equal(reader.take(), undefined)
})

test('a new start gives out what was not acknowledged, from the very record on', async t => {
  const { open } = await spoolFixture(t)
  let spool = await open()
  await spool.append(fakeBatch(numbered(0, 3)))
  await spool.append(fakeBatch(numbered(3, 4)))
  const reader = spool.reader('out')
  await reader.take()
  await reader.take()
  reader.ack(1)
  reader.ack(2, 3)
  assert.equal(reader.unsent().records, 1)
  await spool[Symbol.asyncDispose]()

  spool = await open()
  assert.equal(spool.reader('out').unsent().records, 1)
  assert.deepEqual(await takeAll(spool.reader('out')), ['{"n":6}'])
  assert.equal(spool.reader('out').unsent().records, 0)
})

test('an acknowledgement survives a crash as soon as it is written, without any closing', async t => {
  const { open, folder, crashCopy } = await spoolFixture(t)
  const spool = await open()
  for (let n = 0; n < 4; n++) await spool.append(fakeBatch(numbered(n, 1)))
  const reader = spool.reader('out')
  for (let n = 0; n < 3; n++) reader.ack((await reader.take())!.frame.sequence)
  const cursor = join(folder, 'cursor-out')
  while (!(await readFile(cursor)).includes(Buffer.from(new Float64Array([4]).buffer))) await turn()

  const copy = await open({ folder: await crashCopy() })
  assert.deepEqual(await takeAll(copy.reader('out')), ['{"n":3}'])
})

test('positions travel with the frames, and outlive them', async t => {
  const { open, folder } = await spoolFixture(t)
  let spool = await open({ segmentBytes: 64 * 1024, maxBytes: 256 * 1024 })
  for (let n = 1; n <= 30; n++) {
    await spool.append(
      fakeBatch(['x'.repeat(10_000)], { file: `f${n % 3}`, path: `/${n % 3}`, offset: n * 10 }),
    )
    await takeAll(spool.reader('out'))
  }
  await spool[Symbol.asyncDispose]()
  assert.deepEqual(
    (await readdir(folder)).filter(name => name.endsWith('.seg')),
    [],
    'all is acknowledged, so nothing is kept',
  )

  spool = await open()
  assert.deepEqual(spool.position('f0'), { file: 'f0', offset: 300, path: '/0' })
  assert.deepEqual(spool.position('f1'), { file: 'f1', offset: 280, path: '/1' })
  assert.deepEqual(spool.position('f2'), { file: 'f2', offset: 290, path: '/2' })
  spool.forget('f1')
  assert.equal(spool.position('f1'), undefined)
  await spool.append(fakeBatch(['y'], { file: 'f0', offset: 310 }))
  const reader = spool.reader('out')
  assert.equal((await reader.take())!.frame.sequence, 31, 'sequences go on after everything was deleted')
})

test('a batch without records moves the position and is not given out', async t => {
  const { open } = await spoolFixture(t)
  let spool = await open()
  await spool.append(fakeBatch([], { offset: 5 }))
  await spool.append(fakeBatch(['{"n":1}'], { offset: 9 }))
  await spool.append(fakeBatch([], { offset: 12 }))
  assert.deepEqual(await takeAll(spool.reader('out')), ['{"n":1}'])
  assert.equal(spool.reader('out').unsent().records, 0)
  assert.equal(spool.reader('out').unsent().bytes, 0)
  await spool[Symbol.asyncDispose]()
  spool = await open()
  assert.equal(spool.position('f1')?.offset, 12)
})

test('a bounded number of positions is kept, the ones that moved last', async t => {
  const { open, host } = await spoolFixture(t)
  const spool = await open({ maxPositions: 3 })
  for (const file of ['a', 'b', 'c', 'a', 'd']) await spool.append(fakeBatch(['1'], { file, offset: 1 }))
  assert.deepEqual([...spool.positions.keys()], ['c', 'a', 'd'])
  assert.equal(host.log.of('spool_position_forgotten').length, 1)
})

test('a segment goes once every reader has acknowledged all of it, and not before', async t => {
  const { open, folder } = await spoolFixture(t)
  const spool = await open({ readers: ['fast', 'slow'], segmentBytes: 64 * 1024 })
  for (let n = 0; n < 40; n++) await spool.append(fakeBatch([`${n}${'x'.repeat(9_998)}`]))
  const segments = async () => (await readdir(folder)).filter(name => name.endsWith('.seg')).length
  const before = await segments()
  assert.ok(before >= 6, `${before} segments`)
  await takeAll(spool.reader('fast'))
  assert.equal(await segments(), before)
  assert.equal(spool.reader('slow').unsent().records, 40)

  const slow = spool.reader('slow')
  for (let n = 0; n < 20; n++) slow.ack((await slow.take())!.frame.sequence)
  while ((await segments()) >= before) await turn()
  assert.equal((await takeAll(slow)).length, 20, 'deleted segments take nothing unread along')
  while ((await segments()) > 1) await turn()
})

test('an output that is new starts with what is still there; one that is gone holds nothing back', async t => {
  const { open, folder } = await spoolFixture(t)
  let spool = await open({ readers: ['old', 'kept'] })
  await spool.append(fakeBatch(numbered(0, 2)))
  await takeAll(spool.reader('kept'))
  await spool[Symbol.asyncDispose]()

  spool = await open({ readers: ['kept', 'new/output'] })
  assert.deepEqual((await readdir(folder)).filter(name => name.startsWith('cursor-')).sort(), [
    'cursor-kept',
    'cursor-new%2Foutput',
  ])
  assert.deepEqual(await takeAll(spool.reader('kept')), [])
  assert.deepEqual(await takeAll(spool.reader('new/output')), ['{"n":0}', '{"n":1}'])
  await spool[Symbol.asyncDispose]()
  assert.deepEqual(
    (await readdir(folder)).filter(name => name.endsWith('.seg')),
    [],
  )
})

test('a reader that lags reads from disk and comes back to memory', async t => {
  const { open, host } = await spoolFixture(t)
  const spool = await open({ memoryBytes: 100_000, segmentBytes: 200_000 })
  const record = (n: number) => `${String(n).padStart(6, '0')}${'x'.repeat(1000)}`
  for (let n = 0; n < 1000; n++) await spool.append(fakeBatch([record(n)], { offset: n }))
  host.registry.collect()
  assert.ok(host.metric('spool_memory_bytes')! <= 100_000)
  const reader = spool.reader('out')
  const slices = reader.take()
  assert.ok(slices instanceof Promise, 'the oldest frames are on disk only')
  const seen = recordsOf((await slices)!)
  seen.push(...(await takeAll(reader)))
  assert.deepEqual(
    seen,
    Array.from({ length: 1000 }, (_, n) => record(n)),
  )
  await spool.append(fakeBatch(['last']))
  assert.ok(!(reader.take() instanceof Promise), 'it reads from memory again')
})

test('memory is free again once all readers have taken a frame', async t => {
  const { open, host } = await spoolFixture(t)
  const spool = await open({ readers: ['a', 'b'] })
  for (let n = 0; n < 50; n++) await spool.append(fakeBatch(['x'.repeat(1000)]))
  const memory = () => {
    host.registry.collect()
    return host.metric('spool_memory_bytes')!
  }
  assert.ok(memory() > 50_000)
  await takeAll(spool.reader('a'))
  assert.ok(memory() > 50_000)
  await takeAll(spool.reader('b'))
  assert.equal(memory(), 0)
})

test('a batch that keeps a large buffer alive is copied before it stays in memory', async t => {
  const { open, host } = await spoolFixture(t)
  const spool = await open()
  const small = fakeBatch(['{"n":1}'])
  const large = Buffer.alloc(500_000)
  small.bytes.copy(large)
  await spool.append({ ...small, bytes: large })
  host.registry.collect()
  assert.ok(host.metric('spool_memory_bytes')! < 10_000)
  assert.deepEqual(await takeAll(spool.reader('out')), ['{"n":1}'])
})

test('gaps between records are left out when they are most of a batch', async t => {
  const { open, host } = await spoolFixture(t)
  const spool = await open()
  await spool.append(fakeBatch(['{"n":1}', '{"n":2}', '{"n":3}'], { gapBytes: 50_000 }))
  host.registry.collect()
  assert.ok(host.metric('spool_bytes')! < 1000)
  assert.deepEqual(await takeAll(spool.reader('out')), ['{"n":1}', '{"n":2}', '{"n":3}'])
})

test('a full spool makes appends wait until outputs have sent something', async t => {
  const { open, host } = await spoolFixture(t)
  const spool = await open({ maxBytes: 300_000, segmentBytes: 100_000 })
  let resolved = 0
  const appends = Array.from({ length: 10 }, () =>
    spool.append(fakeBatch(['x'.repeat(50_000)])).then(() => resolved++),
  )
  while (spool.health().state === 'ok') await turn()
  assert.match(spool.health().message!, /spool is full/)
  assert.equal(resolved, 5)
  host.registry.collect()
  assert.equal(host.metric('spool_blocked', { reason: 'full' }), 1)
  assert.ok(host.metric('spool_bytes')! <= 300_000)

  let taken = 0
  while (taken < 10) {
    taken += (await takeAll(spool.reader('out'))).length
    await turn()
  }
  await Promise.all(appends)
  assert.equal(spool.health().state, 'ok')
})

test('a batch that is larger than the whole spool goes in once the spool is empty', async t => {
  const { open } = await spoolFixture(t)
  const spool = await open({ maxBytes: 100_000 })
  await spool.append(fakeBatch(['small']))
  const large = spool.append(fakeBatch(['x'.repeat(300_000)]))
  const after = spool.append(fakeBatch(['after']))
  const reader = spool.reader('out')
  const sizes: number[] = []
  while (sizes.length < 3) {
    for (const record of await takeAll(reader)) sizes.push(record.length)
    await turn()
  }
  await Promise.all([large, after])
  assert.deepEqual(sizes, [5, 300_000, 5])
})

test('appends that wait are refused when the spool closes; those that can be written are', async t => {
  const { open } = await spoolFixture(t)
  let spool = await open({ maxBytes: 100_000 })
  await spool.append(fakeBatch(['x'.repeat(80_000)]))
  const waiting = assert.rejects(spool.append(fakeBatch(['y'.repeat(80_000)])), /closed/)
  while (spool.health().state === 'ok') await turn()
  await spool[Symbol.asyncDispose]()
  await waiting
  await assert.rejects(spool.append(fakeBatch(['z'])), /closed/)

  spool = await open({ maxBytes: 100_000 })
  const written = spool.append(fakeBatch(['w']))
  await spool[Symbol.asyncDispose]()
  await written
  spool = await open()
  assert.deepEqual(
    (await takeAll(spool.reader('out'))).map(record => record[0]),
    ['x', 'w'],
  )
})

test('what is written is made durable on demand, and by itself within the interval', async t => {
  const { open } = await spoolFixture(t)
  const disk = new FaultyDisk()
  const spool = await open({ disk, syncIntervalMs: 5 })
  const before = disk.synced
  await spool.append(fakeBatch(['x']))
  while (disk.synced === before) await turn()
  await spool.append(fakeBatch(['y']))
  const between = disk.synced
  await spool.sync()
  assert.ok(disk.synced > between)
})

test('foreign files in the folder are left alone', async t => {
  const { open, folder } = await spoolFixture(t)
  let spool = await open()
  await spool.append(fakeBatch(['{"n":1}']))
  await spool[Symbol.asyncDispose]()
  await writeFile(join(folder, 'notes.txt'), 'mine')
  await writeFile(join(folder, '12.seg'), 'mine')
  spool = await open()
  assert.deepEqual(await takeAll(spool.reader('out')), ['{"n":1}'])
  assert.equal(await readFile(join(folder, 'notes.txt'), 'utf8'), 'mine')
  assert.equal(await readFile(join(folder, '12.seg'), 'utf8'), 'mine')
})

test('a reader whose segment was removed under it says so and goes on with the next', async t => {
  const { open, folder, host } = await spoolFixture(t)
  const spool = await open({ memoryBytes: 0, segmentBytes: 64 * 1024 })
  for (let n = 0; n < 12; n++) await spool.append(fakeBatch([`${n}`.padEnd(10_000)]))
  const [first] = (await readdir(folder)).filter(name => name.endsWith('.seg')).sort()
  const frames = Math.floor((await stat(join(folder, first!))).size / 10_000)
  await rm(join(folder, first!))
  const taken = await takeAll(spool.reader('out'))
  assert.equal(taken.length, 12 - frames)
  assert.equal(host.log.of('spool_corrupt').length, 1)
  assert.equal(spool.reader('out').unsent().records, 0)
})

test('the age of the oldest unsent record is told', async t => {
  const { open, host } = await spoolFixture(t)
  const spool = await open()
  const before = host.clock.now()
  await spool.append(fakeBatch(['1']))
  const { oldestMs } = spool.reader('out').unsent()
  assert.ok(oldestMs! >= before && oldestMs! <= host.clock.now())
  host.registry.collect()
  assert.ok(host.metric('unsent_age_seconds', { output: 'out' })! >= 0)
  assert.equal(host.metric('unsent_records', { output: 'out' }), 1)
  await takeAll(spool.reader('out'))
  assert.equal(spool.reader('out').unsent().oldestMs, undefined)
})

test('asking for a reader that was not named is an error', async t => {
  const { open } = await spoolFixture(t)
  const spool = await open()
  assert.throws(() => spool.reader('other'), /without a reader "other"/)
})
