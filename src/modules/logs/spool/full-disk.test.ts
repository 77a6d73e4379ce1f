import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { appendFile, mkdtemp, readdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { fakeBatch } from './batch-fake.ts'
import { FaultyDisk } from './disk-fake.ts'
import { spoolFixture, takeAll } from './spool-fake.ts'

const run = promisify(execFile)
const MIB = 1024 * 1024

for (const [code, words] of [
  ['ENOSPC', /no space is left on the disk \(ENOSPC\)/],
  ['EDQUOT', /quota is used up/],
  ['EIO', /input\/output error/],
  ['EROFS', /read-only/],
] as const) {
  test(`${code}: appends wait, health says why, and nothing is lost when the disk is well again`, async t => {
    const { open, host, folder, crashCopy } = await spoolFixture(t)
    const disk = new FaultyDisk()
    const spool = await open({ disk })
    await spool.append(fakeBatch(['{"n":0}']))
    const size = async () => (await stat(join(folder, '0000000000000001.seg'))).size
    const before = await size()

    disk.onGrow = { code, tornBytes: 70 }
    const appends = [1, 2, 3].map(n => spool.append(fakeBatch([`{"n":${n}}`], { offset: n })))
    while (disk.refused < 2) await turn()
    while ((await size()) !== before) await turn()
    assert.equal(spool.health().state, 'degraded')
    assert.match(spool.health().message!, words)
    assert.equal(spool.position('f1'), undefined, 'a position moves with its records')
    host.registry.collect()
    assert.equal(host.metric('spool_blocked', { reason: 'disk' }), 1)
    assert.ok(host.metric('spool_disk_errors_total', { operation: 'write', code })! >= 2)

    disk.onGrow = undefined
    await Promise.all(appends)
    assert.equal(spool.health().state, 'ok')
    assert.equal(spool.position('f1')?.offset, 3)
    assert.equal(host.log.of('spool_write_failed').length, 1, 'told once, not at every attempt')
    const expected = ['{"n":0}', '{"n":1}', '{"n":2}', '{"n":3}']
    assert.deepEqual(await takeAll(spool.reader('out')), expected)
    const copy = await open({ folder: await crashCopy(), readers: ['other'] })
    assert.deepEqual(await takeAll(copy.reader('other')), expected)
    assert.equal(host.log.of('spool_corrupt').length, 0, 'no torn bytes are left between frames')
  })
}

test('a spool that closes on a full disk refuses what waits and leaves no torn bytes', async t => {
  const { open, host } = await spoolFixture(t)
  const disk = new FaultyDisk()
  let spool = await open({ disk })
  await spool.append(fakeBatch(['{"n":0}']))
  disk.onGrow = { code: 'ENOSPC', tornBytes: 30 }
  const refused = assert.rejects(spool.append(fakeBatch(['{"n":1}'])), /closed/)
  while (disk.refused === 0) await turn()
  await spool[Symbol.asyncDispose]()
  await refused
  spool = await open()
  assert.deepEqual(await takeAll(spool.reader('out')), ['{"n":0}'])
  assert.equal(host.log.of('spool_tail_cut').length, 0)
})

test('positions and places are kept on a disk without a free byte', async t => {
  const { open } = await spoolFixture(t)
  const disk = new FaultyDisk()
  let spool = await open({ disk, segmentBytes: 64 * 1024, readers: ['out'] })
  for (let n = 1; n <= 10; n++) await spool.append(fakeBatch(['x'.repeat(10_000)], { offset: n }))
  disk.onGrow = { code: 'ENOSPC' }
  assert.equal((await takeAll(spool.reader('out'))).length, 10)
  await spool[Symbol.asyncDispose]()
  spool = await open({ disk })
  assert.equal(spool.position('f1')?.offset, 10)
  assert.deepEqual(await takeAll(spool.reader('out')), [])
})

test('more positions than the file has room for do not keep segments on a full disk', async t => {
  const { open, folder, host } = await spoolFixture(t)
  const disk = new FaultyDisk()
  const spool = await open({ disk, segmentBytes: 64 * 1024 })
  for (let n = 0; n < 600; n++) {
    await spool.append(
      fakeBatch(['x'.repeat(200)], { file: `file-${n}`, path: '/var/log/app'.repeat(5), offset: n }),
    )
  }
  disk.onGrow = { code: 'ENOSPC' }
  await takeAll(spool.reader('out'))
  const segments = async () => (await readdir(folder)).filter(name => name.endsWith('.seg')).length
  while ((await segments()) > 1) await turn()
  while (host.log.of('spool_positions_not_saved').length === 0) await turn()
  disk.onGrow = undefined
  await spool[Symbol.asyncDispose]()
  const again = await open()
  assert.equal(again.positions.size, 600)
})

test('a write that cannot be made durable is told and stops nothing', async t => {
  const { open, host } = await spoolFixture(t)
  const disk = new FaultyDisk()
  const spool = await open({ disk })
  disk.onSync = { code: 'EIO' }
  await spool.append(fakeBatch(['{"n":1}']))
  await spool.sync()
  assert.match(host.log.of('spool_sync_failed')[0]!.message, /input\/output error/)
  assert.deepEqual(await takeAll(spool.reader('out')), ['{"n":1}'])
})

test('on a file system that is really full, appends wait and nothing is lost', async t => {
  const mount = await smallFileSystem(t)
  if (!mount) return
  const { open, host } = await spoolFixture(t)
  const folder = join(mount, 'spool')
  const spool = await open({ folder, segmentBytes: 128 * 1024 })
  const record = (n: number) => `${String(n).padStart(4, '0')}${'x'.repeat(16_000)}`
  let resolved = 0
  const appends = Array.from({ length: 150 }, (_, n) =>
    spool.append(fakeBatch([record(n)], { offset: n + 1 })).then(() => resolved++),
  )
  while (spool.health().state === 'ok') await turn()
  assert.match(spool.health().message!, /no space is left/)
  assert.ok(resolved > 20 && resolved < 64, `${resolved} of 16 kB each in 1 MiB`)

  const seen: string[] = []
  while (seen.length < 150) {
    seen.push(...(await takeAll(spool.reader('out'))))
    await turn()
  }
  await Promise.all(appends)
  assert.deepEqual(
    seen.map(text => Number(text.slice(0, 4))),
    Array.from({ length: 150 }, (_, n) => n),
  )
  await spool[Symbol.asyncDispose]()
  const again = await open({ folder })
  assert.equal(again.position('f1')?.offset, 150)
  assert.equal(host.log.of('spool_corrupt').length, 0)
})

test('a start on a full disk delivers what is there, and appends wait', async t => {
  const mount = await smallFileSystem(t)
  if (!mount) return
  const { open } = await spoolFixture(t)
  const folder = join(mount, 'spool')
  let spool = await open({ folder, segmentBytes: 128 * 1024 })
  let resolved = 0
  const appends = Array.from({ length: 100 }, (_, n) =>
    spool.append(fakeBatch(['x'.repeat(16_000)], { offset: n + 1 })).then(
      () => resolved++,
      () => undefined,
    ),
  )
  while (spool.health().state === 'ok') await turn()
  await spool[Symbol.asyncDispose]()
  await Promise.all(appends)
  await fillUp(join(mount, 'others'))

  spool = await open({ folder, segmentBytes: 128 * 1024 })
  assert.equal(spool.position('f1')?.offset, resolved)
  const waiting = spool.append(fakeBatch(['y'.repeat(16_000)]))
  while (spool.health().state === 'ok') await turn()
  let taken = 0
  while (taken <= resolved) {
    taken += (await takeAll(spool.reader('out'))).length
    await turn()
  }
  await waiting
  assert.equal(taken, resolved + 1)
})

test('damage is outlived on a full disk: once all is delivered, room comes back and the gap is read again', async t => {
  const { open, crashCopy } = await spoolFixture(t)
  const first = await open({ segmentBytes: 64 * 1024 })
  for (let n = 0; n < 12; n++) await first.append(fakeBatch(['x'.repeat(20_000)], { offset: n + 1 }))
  const copy = await crashCopy()
  const damaged = join(copy, '0000000000000004.seg')
  const bytes = await readFile(damaged)
  bytes[30_000]! ^= 1
  await writeFile(damaged, bytes)

  const disk = new FaultyDisk()
  disk.onGrow = { code: 'ENOSPC' }
  let spool = await open({ folder: copy, disk })
  assert.equal(spool.position('f1')?.offset, 4)
  await takeAll(spool.reader('out'))
  const segments = async () =>
    (await readdir(copy)).filter(name => name.endsWith('.seg') && !name.includes('13'))
  while ((await segments()).length > 0) await turn()
  await spool[Symbol.asyncDispose]()
  spool = await open({ folder: copy })
  assert.equal(spool.position('f1')?.offset, 4, 'the position from before the gap outlives the segments')
})

test('a spool that cannot be made says where and why', async t => {
  const { open, folder } = await spoolFixture(t)
  const disk = new FaultyDisk()
  disk.onGrow = { code: 'ENOSPC' }
  await assert.rejects(open({ disk }), {
    message: `cannot open the spool ${folder}: no space is left on the disk (ENOSPC)`,
  })
})

async function fillUp(path: string): Promise<void> {
  for (let bytes = 64 * 1024; bytes >= 4096; ) {
    try {
      await appendFile(path, Buffer.alloc(bytes))
    } catch {
      bytes /= 2
    }
  }
}

/** A file system with about 1 MiB; without one the test is skipped, and in CI it fails. */
async function smallFileSystem(t: TestContext): Promise<string | undefined> {
  const folder = (await mountedTmpfs(t)) ?? (await nearlyFullSharedMemory(t))
  if (folder) return folder
  assert.notEqual(process.env['CI'], 'true', 'this test must run in CI: let it mount a tmpfs')
  t.skip('needs the right to mount a tmpfs, or a small /dev/shm')
  return undefined
}

async function mountedTmpfs(t: TestContext): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-tmpfs-'))
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).catch(() => undefined)
  t.after(async () => {
    if (mounted) await run('umount', ['-l', folder])
    await rm(folder, { recursive: true, force: true, maxRetries: 9 })
  })
  return mounted && folder
}

/** In containers /dev/shm is small: all but 1 MiB of it is used up for a moment. */
async function nearlyFullSharedMemory(t: TestContext): Promise<string | undefined> {
  const free = await statfs('/dev/shm').then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  )
  if (free < 2 * MIB || free > 128 * MIB) return undefined
  const folder = await mkdtemp('/dev/shm/outrigger-')
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  await writeFile(join(folder, 'ballast'), Buffer.alloc(free - MIB))
  return folder
}
