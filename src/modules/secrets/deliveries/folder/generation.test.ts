import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { writeGeneration } from './generation.ts'

const file = (name: string, text: string, mode = 0o600) => ({
  name,
  bytes: Buffer.from(text),
  mode,
  uid: -1,
  gid: -1,
})

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-generation-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  return join(folder, 'secrets')
}

test('files are links into one generation, and are exchanged together', async t => {
  const path = await folderOf(t)
  assert.equal(await writeGeneration(path, [file('crt', 'one'), file('key', '1')], 0), true)
  assert.equal(await readlink(join(path, 'crt')), '..data/crt')
  const first = await readlink(join(path, '..data'))
  assert.equal(await writeGeneration(path, [file('crt', 'two'), file('key', '2')], 1000), true)
  assert.deepEqual(await Promise.all(['crt', 'key'].map(name => readFile(join(path, name), 'utf8'))), [
    'two',
    '2',
  ])
  const present = await readlink(join(path, '..data'))
  assert.notEqual(present, first)
  assert.deepEqual((await readdir(path)).sort(), ['..data', present, 'crt', 'key'].sort())
})

test('the same files are not written again; another mode is another generation', async t => {
  const path = await folderOf(t)
  await writeGeneration(path, [file('a', 'x')], 0)
  const before = await readlink(join(path, '..data'))
  assert.equal(await writeGeneration(path, [file('a', 'x')], 1), false)
  assert.equal(await readlink(join(path, '..data')), before)
  assert.equal(await writeGeneration(path, [file('a', 'x', 0o640)], 2), true)
  assert.equal((await stat(join(path, 'a'))).mode & 0o777, 0o640)
})

test('a name that is not written any more goes, what somebody else has put there stays', async t => {
  const path = await folderOf(t)
  await writeGeneration(path, [file('a', 'x'), file('b', 'y')], 0)
  await writeFile(join(path, 'mine'), 'kept')
  await writeGeneration(path, [file('a', 'x')], 1)
  assert.deepEqual((await readdir(path)).filter(name => !name.startsWith('..')).sort(), ['a', 'mine'])
})

test('a reader never sees a certificate beside the key of another one', async t => {
  const path = await folderOf(t)
  await writeGeneration(path, [file('crt', '0'), file('key', '0')], 0)
  let torn = 0
  let isDone = false
  const reading = (async () => {
    while (!isDone) {
      // As a reader does that wants both: it opens the generation once.
      const generation = join(path, await readlink(join(path, '..data')))
      const both = await Promise.all(
        ['crt', 'key'].map(name => readFile(join(generation, name), 'utf8').catch(() => '')),
      )
      if (both[0] !== both[1] && both.every(text => text !== '')) torn++
    }
  })()
  for (let n = 1; n <= 50; n++) await writeGeneration(path, [file('crt', `${n}`), file('key', `${n}`)], n)
  isDone = true
  await reading
  assert.equal(torn, 0)
})

test('what a killed process left half-way is cleared away by the next generation', async t => {
  const path = await folderOf(t)
  await writeGeneration(path, [file('a', 'one')], 0)
  await mkdir(join(path, '..2026_01_01_00_00_00.000111111'))
  await writeFile(join(path, '..2026_01_01_00_00_00.000111111/a'), 'torn')
  await symlink('..2026_01_01_00_00_00.000111111', join(path, '..data_tmp'))
  assert.equal(await readFile(join(path, 'a'), 'utf8'), 'one')
  await writeGeneration(path, [file('a', 'two')], 1000)
  assert.equal(await readFile(join(path, 'a'), 'utf8'), 'two')
  assert.deepEqual((await readdir(path)).length, 3)
})

test('an earlier generation that a killed process left goes, also when nothing has changed', async t => {
  const path = await folderOf(t)
  await writeGeneration(path, [file('a', 'one')], 0)
  await mkdir(join(path, '..2026_01_01_00_00_00.000111111'))
  await writeFile(join(path, '..2026_01_01_00_00_00.000111111/a'), 'earlier')
  assert.equal(await writeGeneration(path, [file('a', 'one')], 1000), false)
  assert.deepEqual((await readdir(path)).sort(), ['..data', await readlink(join(path, '..data')), 'a'].sort())
})
