import assert from 'node:assert/strict'
import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { FaultyDisk } from './disk-fake.ts'
import { SlotFile } from './slot-file.ts'

const SLOT = 512

test('the value that was written last comes back, of any size', async t => {
  const path = await temporary(t)
  for (const size of [0, 10, 400, 5000, 20]) {
    const { slots } = await SlotFile.open(new FaultyDisk(), path, SLOT)
    await slots.write(Buffer.alloc(size, size % 251))
    await slots.write(Buffer.alloc(size, size % 199))
    await slots.close()
    const again = await SlotFile.open(new FaultyDisk(), path, SLOT)
    assert.deepEqual(again.value, Buffer.alloc(size, size % 199))
    await again.slots.close()
  }
})

test('a torn or damaged write costs one generation at most', async t => {
  const path = await temporary(t)
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 2 * SLOT - 1 }), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      await rm(path, { force: true })
      const { slots } = await SlotFile.open(new FaultyDisk(), path, SLOT)
      for (let n = 1; n <= 4; n++) await slots.write(Buffer.from([n, n, n]))
      await slots.close()
      const bytes = await readFile(path)
      bytes[at]! ^= flip
      await writeFile(path, bytes)
      const { slots: again, value } = await SlotFile.open(new FaultyDisk(), path, SLOT)
      assert.ok(value?.[0] === 3 || value?.[0] === 4)
      await again.write(Buffer.from([5]))
      await again.close()
      const last = await SlotFile.open(new FaultyDisk(), path, SLOT)
      assert.deepEqual(last.value, Buffer.from([5]))
      await last.slots.close()
    }),
    { numRuns: 60 },
  )
})

test('writes stay in place, so a full disk refuses only growth', async t => {
  const path = await temporary(t)
  const disk = new FaultyDisk()
  const { slots } = await SlotFile.open(disk, path, SLOT)
  disk.onGrow = { code: 'ENOSPC' }
  for (let n = 0; n < 5; n++) await slots.write(Buffer.alloc(490, n))
  assert.equal((await stat(path)).size, 2 * SLOT)
  await assert.rejects(slots.write(Buffer.alloc(600)), { code: 'ENOSPC' })
  await slots.close()
  const again = await SlotFile.open(disk, path, SLOT)
  assert.deepEqual(again.value, Buffer.alloc(490, 4), 'a refused value leaves the last one')
  await again.slots.close()
})

test('a file that was cut short is made anew with the value that is left', async t => {
  const path = await temporary(t)
  const { slots } = await SlotFile.open(new FaultyDisk(), path, SLOT)
  await slots.write(Buffer.from('one'))
  await slots.write(Buffer.from('two'))
  await slots.close()
  const file = await open(path, 'r+')
  await file.truncate(100)
  await file.close()
  const again = await SlotFile.open(new FaultyDisk(), path, SLOT)
  assert.equal((await stat(path)).size, 2 * SLOT)
  await again.slots.close()
})

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-slots-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  return join(folder, 'value')
}
