import assert from 'node:assert/strict'
import {
  lchown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { writeFileAtomically } from './atomic-file.ts'
import { resolveOwnership } from './ownership.ts'
import { safePath } from './safe-path.ts'

const isRoot = process.getuid?.() === 0
const plain = { mode: 0o600, uid: -1, gid: -1, makeFolders: true, backup: false }

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-atomic-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  return folder
}

test('a file is written with its mode, and nothing is left beside it', async t => {
  const folder = await folderOf(t)
  const path = join(folder, 'deep/er/secret')
  assert.equal(await writeFileAtomically({ ...plain, path, bytes: Buffer.from('one') }), true)
  assert.equal(await readFile(path, 'utf8'), 'one')
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(join(folder, 'deep/er')), ['secret'])
})

test('the same bytes are not written again, another mode is set', async t => {
  const path = join(await folderOf(t), 'secret')
  await writeFileAtomically({ ...plain, path, bytes: Buffer.from('one') })
  const { ino } = await stat(path)
  assert.equal(await writeFileAtomically({ ...plain, path, bytes: Buffer.from('one') }), false)
  assert.equal(await writeFileAtomically({ ...plain, path, bytes: Buffer.from('one'), mode: 0o640 }), false)
  const found = await stat(path)
  assert.equal(found.ino, ino)
  assert.equal(found.mode & 0o777, 0o640)
  assert.equal(await writeFileAtomically({ ...plain, path, bytes: Buffer.from('two') }), true)
  assert.notEqual((await stat(path)).ino, ino)
})

test('a reader that has the file open goes on reading the old one', async t => {
  const { open } = await import('node:fs/promises')
  const path = join(await folderOf(t), 'secret')
  await writeFileAtomically({ ...plain, path, bytes: Buffer.from('old') })
  const reader = await open(path)
  await writeFileAtomically({ ...plain, path, bytes: Buffer.from('new one') })
  assert.equal((await reader.readFile()).toString(), 'old')
  await reader.close()
})

test('the earlier file is kept only where somebody asks for it', async t => {
  const folder = await folderOf(t)
  const path = join(folder, 'secret')
  await writeFileAtomically({ ...plain, path, bytes: Buffer.from('one'), backup: true })
  await writeFileAtomically({ ...plain, path, bytes: Buffer.from('two'), backup: true })
  assert.equal(await readFile(`${path}.bak`, 'utf8'), 'one')
  await rm(`${path}.bak`)
  await writeFileAtomically({ ...plain, path, bytes: Buffer.from('three') })
  assert.deepEqual(await readdir(folder), ['secret'])
})

test('a link of ours is followed, and stays a link', async t => {
  const folder = await folderOf(t)
  await symlink('real', join(folder, 'link'))
  await writeFileAtomically({ ...plain, path: join(folder, 'link'), bytes: Buffer.from('x') })
  assert.equal(await readlink(join(folder, 'link')), 'real')
  assert.equal(await readFile(join(folder, 'real'), 'utf8'), 'x')
})

test('folders are made on the way; where none can be made, that is told of the file that was asked for', async t => {
  const folder = await folderOf(t)
  const path = join(folder, 'a/b/c/secret')
  assert.equal(await writeFileAtomically({ ...plain, path, bytes: Buffer.from('x') }), true)
  const lost = { ...plain, makeFolders: false, path: join(folder, 'lost/secret'), bytes: Buffer.from('x') }
  for (const file of [lost, { ...plain, path: '/proc/nobody/secret', bytes: Buffer.from('x') }])
    await assert.rejects(writeFileAtomically(file), (error: NodeJS.ErrnoException) => {
      assert.equal(error.code, 'ENOENT')
      return file.path.startsWith(error.path!)
    })
})

if (isRoot)
  test('a link of another user is refused, for the file and for a folder on the way', async t => {
    const folder = await folderOf(t)
    await mkdir(join(folder, 'target'))
    await symlink('target', join(folder, 'there'))
    await symlink('target/file', join(folder, 'file'))
    for (const link of ['there', 'file']) await lchown(join(folder, link), 4242, 4242)
    for (const path of ['there/secret', 'file'])
      await assert.rejects(
        writeFileAtomically({ ...plain, path: join(folder, path), bytes: Buffer.from('x') }),
        /is a symbolic link of another user \(4242\)/,
      )
    assert.deepEqual(await readdir(join(folder, 'target')), [])
  })

test('links in a circle are refused', async t => {
  const folder = await folderOf(t)
  await symlink('b', join(folder, 'a'))
  await symlink('a', join(folder, 'b'))
  await assert.rejects(safePath(join(folder, 'a')), /links lead in a circle/)
})

test('a folder in the place of the file, and a file in the place of a folder, are named', async t => {
  const folder = await folderOf(t)
  await mkdir(join(folder, 'folder'))
  await writeFile(join(folder, 'file'), '')
  await assert.rejects(
    writeFileAtomically({ ...plain, path: join(folder, 'folder'), bytes: Buffer.from('x') }),
    /is a folder/,
  )
  await assert.rejects(
    writeFileAtomically({ ...plain, path: join(folder, 'file/secret'), bytes: Buffer.from('x') }),
    (error: NodeJS.ErrnoException) => error.code === 'ENOTDIR' || error.code === 'EEXIST',
  )
})

if (isRoot)
  test('a full disk leaves the old file whole, and nothing of the new one', async t => {
    const { execFileSync } = await import('node:child_process')
    const folder = join(await folderOf(t), 'small')
    await mkdir(folder)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' })
    } catch {
      // Containers without the right to mount cannot try this.
      return
    }
    try {
      const path = join(folder, 'secret')
      await writeFileAtomically({ ...plain, path, bytes: Buffer.from('old') })
      await assert.rejects(
        writeFileAtomically({ ...plain, path, bytes: Buffer.alloc(100_000, 'x') }),
        /ENOSPC/,
      )
      assert.equal(await readFile(path, 'utf8'), 'old')
      assert.deepEqual(await readdir(folder), ['secret'])
      execFileSync('mount', ['-o', 'remount,ro', folder])
      await assert.rejects(writeFileAtomically({ ...plain, path, bytes: Buffer.from('new') }), /EROFS/)
      assert.equal(await readFile(path, 'utf8'), 'old')
    } finally {
      execFileSync('umount', [folder])
    }
  })

test('what a killed process left is removed, what another one writes now is not', async t => {
  const folder = await folderOf(t)
  await writeFile(join(folder, '.secret.outrigger-new-4194305-abc'), 'torn')
  await writeFile(join(folder, `.secret.outrigger-new-${process.ppid}-abc`), 'under way')
  await writeFile(join(folder, '.other.outrigger-new-4194305-abc'), 'of another file')
  await writeFileAtomically({ ...plain, path: join(folder, 'secret'), bytes: Buffer.from('x') })
  assert.deepEqual((await readdir(folder)).sort(), [
    '.other.outrigger-new-4194305-abc',
    `.secret.outrigger-new-${process.ppid}-abc`,
    'secret',
  ])
})

test('what an earlier process with our number left is removed, and what is old under any number', async t => {
  const folder = await folderOf(t)
  const ofOurNumber = `.secret.outrigger-new-${process.pid}-abc`
  const old = `.secret.outrigger-new-${process.ppid}-abc`
  for (const name of [ofOurNumber, old]) await writeFile(join(folder, name), 'torn')
  await utimes(join(folder, old), 1, 1)
  await writeFileAtomically({ ...plain, path: join(folder, 'secret'), bytes: Buffer.from('x') })
  assert.deepEqual(await readdir(folder), ['secret'])
})

test('a file with a backup is there at every moment of its change', async t => {
  const folder = await folderOf(t)
  const path = join(folder, 'secret')
  const write = (text: string) =>
    writeFileAtomically({ ...plain, path, bytes: Buffer.from(text), backup: true })
  await write('0')
  let isDone = false
  const reading = (async () => {
    let missing = 0
    while (!isDone) await stat(path).catch(() => missing++)
    return missing
  })()
  for (let n = 1; n <= 50; n++) await write(String(n))
  isDone = true
  assert.equal(await reading, 0)
  assert.equal(await readFile(`${path}.bak`, 'utf8'), '49')
  assert.deepEqual((await readdir(folder)).sort(), ['secret', 'secret.bak'])
})

test('a pipe or a device in the place of the file is not replaced', async t => {
  const { execFileSync } = await import('node:child_process')
  const path = join(await folderOf(t), 'pipe')
  execFileSync('mkfifo', [path])
  await assert.rejects(
    writeFileAtomically({ ...plain, path, bytes: Buffer.from('x') }),
    /is a pipe, a socket or a device/,
  )
  assert.ok((await stat(path)).isFIFO())
})

test('owners are known by number and by the names of the machine', async () => {
  assert.deepEqual(await resolveOwnership({ mode: '0640', owner: 'root', group: '12' }), {
    mode: 0o640,
    uid: 0,
    gid: 12,
  })
  assert.deepEqual(await resolveOwnership({ mode: '600' }), { mode: 0o600, uid: -1, gid: -1 })
  await assert.rejects(
    resolveOwnership({ mode: '600', owner: 'nobody-at-all' }),
    /there is no user "nobody-at-all"/,
  )
})

if (isRoot)
  test('a file is given to its owner', async t => {
    const path = join(await folderOf(t), 'secret')
    await writeFileAtomically({ ...plain, path, bytes: Buffer.from('x'), uid: 4242, gid: 4343 })
    const found = await stat(path)
    assert.deepEqual([found.uid, found.gid], [4242, 4343])
  })
