import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { SideFile } from '../../templates/content.ts'
import { SideFiles } from './side-files.ts'

async function world(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-side-files-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const path = join(folder, 'deep/file')
  const part = (text: string, append = false, mode = '0600'): SideFile => ({
    path,
    bytes: Buffer.from(text),
    mode,
    owner: '',
    group: '',
    append,
  })
  return { path, part, files: new SideFiles(), text: () => readFile(path, 'utf8') }
}

test('parts of one path make one file, from the last that does not append', async t => {
  const { files, part, path, text } = await world(t)
  const parts = () => [part('lost'), part('a'), part('b', true), part('c', true, '0640')]
  assert.equal(await files.write(parts()), true)
  assert.equal(await text(), 'abc')
  assert.equal((await stat(path)).mode & 0o777, 0o640)
  assert.equal(await files.write(parts()), false)
  assert.equal(await files.write([part('d')]), true)
  assert.equal(await text(), 'd')
})

test('what is only appended comes behind what is there, once for each change', async t => {
  const { files, part, path, text } = await world(t)
  assert.equal(await files.write([part('a', true)]), true)
  assert.equal(await files.write([part('a', true)]), false)
  assert.equal(await files.write([part('b', true)]), true)
  assert.equal(await text(), 'ab')
  await writeFile(path, 'other')
  assert.equal(await files.write([part('c', true)]), true)
  assert.equal(await text(), 'otherc')
})

test('an owner that there is none of is told, and nothing is written', async t => {
  const { files, part, path } = await world(t)
  await assert.rejects(files.write([{ ...part('a'), owner: 'nobody-of-this-name' }]), /there is no user/)
  await assert.rejects(stat(path), { code: 'ENOENT' })
})
