import assert from 'node:assert/strict'
import { open as openFile, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { fakeBatch } from './batch-fake.ts'
import { FaultyDisk } from './disk-fake.ts'
import type { SpoolFixture } from './spool-fake.ts'
import { spoolFixture, takeAll } from './spool-fake.ts'

const RECORDS = 12
const record = (n: number) => `${String(n).padStart(4, '0')}${'x'.repeat(20_000)}`

/** Twelve frames of one record in several segments, then a crash. */
async function crashed(fixture: SpoolFixture): Promise<{ folder: string; segments: string[] }> {
  const spool = await fixture.open({ segmentBytes: 70_000 })
  for (let n = 0; n < RECORDS; n++) await spool.append(fakeBatch([record(n)], { offset: n + 1 }))
  const folder = await fixture.crashCopy()
  return { folder, segments: await segmentsOf(folder) }
}

async function segmentsOf(folder: string): Promise<string[]> {
  return (await readdir(folder))
    .filter(name => name.endsWith('.seg'))
    .sort()
    .map(name => join(folder, name))
}

const numbers = (records: readonly string[]) => records.map(text => Number(text.slice(0, 4)))
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

test('a torn tail is cut at the last good frame, and the position stays before it', async t => {
  const fixture = await spoolFixture(t)
  const { folder, segments } = await crashed(fixture)
  const newest = segments.at(-1)!
  await truncate(newest, (await stat(newest)).size - 100)

  let spool = await fixture.open({ folder })
  assert.equal(spool.position('f1')?.offset, RECORDS - 1)
  await spool.append(fakeBatch(['again'], { offset: RECORDS }))
  assert.equal(fixture.host.log.of('spool_tail_cut').length, 1)
  assert.equal(fixture.host.log.of('spool_corrupt').length, 0)
  await spool[Symbol.asyncDispose]()
  spool = await fixture.open({ folder })
  const taken = await takeAll(spool.reader('out'))
  assert.deepEqual(numbers(taken.slice(0, -1)), upTo(RECORDS - 1))
  assert.equal(taken.at(-1), 'again')
})

test('a tail of zeros is a torn tail too', async t => {
  const fixture = await spoolFixture(t)
  const { folder, segments } = await crashed(fixture)
  const newest = segments.at(-1)!
  await truncate(newest, (await stat(newest)).size + 5000)
  const spool = await fixture.open({ folder })
  assert.equal(spool.position('f1')?.offset, RECORDS)
  assert.deepEqual(numbers(await takeAll(spool.reader('out'))), upTo(RECORDS))
  assert.equal(fixture.host.log.of('spool_corrupt').length, 0)
})

test('a segment that was only just created does no harm', async t => {
  const fixture = await spoolFixture(t)
  const { folder } = await crashed(fixture)
  await writeFile(join(folder, '0000000000000013.seg'), 'OUTR')
  const spool = await fixture.open({ folder })
  assert.equal(spool.position('f1')?.offset, RECORDS)
  await spool.append(fakeBatch([record(RECORDS)]))
  assert.deepEqual(numbers(await takeAll(spool.reader('out'))), upTo(RECORDS + 1))
})

test('the rest of a damaged segment is put aside, later segments are delivered, and the gap is read again', async t => {
  const fixture = await spoolFixture(t)
  const { folder, segments } = await crashed(fixture)
  const frames = 3
  await flip(segments[1]!, 40 + 21_000 + 500)

  let spool = await fixture.open({ folder })
  assert.equal(spool.position('f1')?.offset, frames + 1, 'sources are read again from before the gap')
  assert.equal(fixture.host.metric('spool_corrupt_total'), 1)
  assert.match(fixture.host.log.of('spool_corrupt')[0]!.message, /is damaged at byte \d+/)
  await spool.sync()
  await spool[Symbol.asyncDispose]()
  assert.deepEqual(
    (await readdir(folder)).filter(name => name.endsWith('.bad')),
    ['0000000000000004.seg.bad'],
  )

  spool = await fixture.open({ folder })
  assert.equal(
    spool.position('f1')?.offset,
    frames + 1,
    'also after another start, when the damage is cut away',
  )
  const taken = numbers(await takeAll(spool.reader('out')))
  assert.deepEqual(
    taken,
    upTo(RECORDS).filter(n => n < frames + 1 || n >= 2 * frames),
  )
})

test('while a full disk keeps the gap from being noted, the damage stays where it is', async t => {
  const fixture = await spoolFixture(t)
  const { folder, segments } = await crashed(fixture)
  await flip(segments[1]!, 40 + 21_000 + 500)
  const disk = new FaultyDisk()
  disk.onGrow = { code: 'ENOSPC' }
  let spool = await fixture.open({ folder, disk })
  assert.equal(spool.position('f1')?.offset, 4)
  await takeAll(spool.reader('out'))
  while (disk.refused < 1) await turn()
  await spool[Symbol.asyncDispose]()
  assert.deepEqual(
    (await readdir(folder)).filter(name => name.endsWith('.bad')),
    [],
  )

  spool = await fixture.open({ folder })
  assert.equal(spool.position('f1')?.offset, 4)
})

test('a segment with a damaged header is put aside whole', async t => {
  const fixture = await spoolFixture(t)
  const { folder, segments } = await crashed(fixture)
  await flip(segments[0]!, 3)
  const spool = await fixture.open({ folder })
  const taken = numbers(await takeAll(spool.reader('out')))
  assert.deepEqual(taken, upTo(RECORDS).slice(3))
  assert.equal(
    spool.position('f1')?.offset,
    0,
    'nothing is known from before the gap: the file is read from its start',
  )
})

test('segments of another spool are not delivered', async t => {
  const fixture = await spoolFixture(t)
  const { folder } = await crashed(fixture)
  const other = await fixture.open({ folder: join(folder, '..', 'other') })
  await other.append(fakeBatch(['theirs']))
  const foreign = await readFile(join(folder, '..', 'other', '0000000000000001.seg'))
  await writeFile(join(folder, '0000000000000099.seg'), foreign)
  const spool = await fixture.open({ folder })
  assert.deepEqual(numbers(await takeAll(spool.reader('out'))), upTo(RECORDS))
  assert.equal(fixture.host.log.of('spool_corrupt').length, 1)
})

test('without its positions file the spool still knows what the frames say', async t => {
  const fixture = await spoolFixture(t)
  const { folder } = await crashed(fixture)
  await writeFile(join(folder, 'positions'), 'garbage')
  const spool = await fixture.open({ folder })
  assert.equal(spool.position('f1')?.offset, RECORDS)
  assert.deepEqual(numbers(await takeAll(spool.reader('out'))), upTo(RECORDS))
})

test('a reader whose place is unreadable starts with the oldest that is there', async t => {
  const fixture = await spoolFixture(t)
  const { folder } = await crashed(fixture)
  await writeFile(join(folder, 'cursor-out'), Buffer.alloc(1024, 7))
  const spool = await fixture.open({ folder })
  assert.deepEqual(numbers(await takeAll(spool.reader('out'))), upTo(RECORDS))
})

test('new frames never get a sequence that a reader is past, also when a power cut took frames back', async t => {
  const fixture = await spoolFixture(t)
  let spool = await fixture.open({ readers: ['out', 'slow'] })
  for (let n = 0; n < 5; n++) await spool.append(fakeBatch([record(n)]))
  await takeAll(spool.reader('out'))
  await spool[Symbol.asyncDispose]()
  const [newest] = await segmentsOf(fixture.folder)
  await truncate(newest!, 40 + 2 * 20_000)

  spool = await fixture.open({ readers: ['out', 'slow'] })
  await spool.append(fakeBatch(['new']))
  assert.deepEqual(await takeAll(spool.reader('out')), ['new'])
  assert.deepEqual(
    (await takeAll(spool.reader('slow'))).map(text => text.slice(0, 4)),
    ['0000', 'new'],
  )
})

async function flip(path: string, at: number): Promise<void> {
  const file = await openFile(path, 'r+')
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, at)
  byte[0]! ^= 0x55
  await file.write(byte, 0, 1, at)
  await file.close()
}
