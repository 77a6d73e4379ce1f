import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { LineFile } from './line-file.ts'

async function begin(t: TestContext, content?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-file-'))
  const path = join(folder, 'out.log')
  if (content !== undefined) await writeFile(path, content)
  const file = new LineFile(path, true)
  t.after(async () => {
    await file.close()
    await rm(folder, { recursive: true, maxRetries: 9 })
  })
  return { folder, path, file, text: () => readFile(path, 'utf8') }
}

describe('a file of whole lines', () => {
  const long = 'y'.repeat(200_000)
  const tails = [
    { what: 'whole lines', before: 'a\nb\n', after: 'a\nb\n' },
    { what: 'a line without its end', before: 'a\nb', after: 'a\n' },
    { what: 'one torn line and nothing else', before: 'abc', after: '' },
    { what: 'nothing', before: '', after: '' },
    { what: 'a long torn line', before: `a\n${long}`, after: 'a\n' },
    { what: 'a long whole line', before: `${long}\n`, after: `${long}\n` },
    {
      what: 'a line end at the edge of what is read at once',
      before: `a\n${'y'.repeat(64 * 1024 - 1)}`,
      after: 'a\n',
    },
  ]
  for (const { what, before, after } of tails) {
    test(`goes on behind ${what}`, async t => {
      const { file, text } = await begin(t, before)
      await file.open()
      assert.equal(file.size, after.length)
      await file.append(Buffer.from('new\n'))
      assert.equal(await text(), `${after}new\n`)
      assert.equal(file.size, after.length + 4)
    })
  }

  test('is a new one when somebody has moved or removed it', async t => {
    const { file, path, text } = await begin(t)
    await file.open()
    await file.append(Buffer.from('1\n'))
    await rename(path, `${path}.old`)
    await file.open()
    await file.append(Buffer.from('2\n'))
    assert.equal(await text(), '2\n')
    await rm(path)
    await file.open()
    await file.append(Buffer.from('3\n'))
    assert.equal(await text(), '3\n')
    assert.equal(await readFile(`${path}.old`, 'utf8'), '1\n')
  })

  test('has its size again when somebody has cut it', async t => {
    const { file, path } = await begin(t)
    await file.open()
    await file.append(Buffer.from('12345\n'))
    await writeFile(path, '')
    await file.open()
    assert.equal(file.size, 0)
  })

  test('holds nothing of a write that the disk had no room for', async t => {
    const { path, text } = await begin(t)
    // A limit on the size of files stops a write in the middle, as a full disk does.
    const script = `
      import { LineFile } from ${JSON.stringify(new URL('./line-file.ts', import.meta.url).href)}
      const file = new LineFile(${JSON.stringify(path)}, false)
      await file.open()
      await file.append(Buffer.from('first\\n'))
      const failure = await file.append(Buffer.alloc(1 << 20, 'x\\n')).catch(error => error.code)
      await file.open()
      await file.append(Buffer.from('second\\n'))
      console.log(failure, file.size)
      await file.close()`
    const command = 'ulimit -f 64; exec "$0" --input-type=module -e "$1"'
    const { stdout } = await promisify(execFile)('sh', ['-c', command, process.execPath, script])
    assert.equal(stdout.trim(), 'EFBIG 13')
    assert.equal(await text(), 'first\nsecond\n')
  })
})
