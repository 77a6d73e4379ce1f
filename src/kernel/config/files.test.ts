import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readSources } from './files.ts'

async function file(t: TestContext, text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-files-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  await writeFile(join(folder, 'a.yaml'), text)
  const textRead = async () => (await readSources(['a.yaml'], folder)).files[0]?.text
  return { path: join(folder, 'a.yaml'), textRead }
}

test('a file that is emptied and then filled, as most programs write, is read filled', async t => {
  const { path, textRead } = await file(t, '')
  const reading = textRead()
  await writeFile(path, 'proxy: {}')
  assert.equal(await reading, 'proxy: {}')
})

test('a file that is empty and stays so is an empty configuration', async t => {
  const { textRead } = await file(t, '')
  assert.equal(await textRead(), '')
})

test('a file that never rests is taken as it is after a while', async t => {
  const { path, textRead } = await file(t, 'a: 1\n')
  let over = false
  const writing = (async () => {
    while (!over) await appendFile(path, '# more\n')
  })()
  assert.match((await textRead()) ?? '', /^a: 1\n(# more\n)+/)
  over = true
  await writing
})
