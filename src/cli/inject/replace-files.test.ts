import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

test('a signal that comes while files are replaced finds all of them replaced, and nothing else', t => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-replace-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 9 }))
  const [one, two] = ['one', 'two'].map(name => join(folder, name))
  writeFileSync(one!, 'before')
  const module = JSON.stringify(join(import.meta.dirname, 'replace-files.ts'))
  // The signal is sent between the first file and the second.
  const script = `
    import { replaceFiles } from ${module}
    const second = [${JSON.stringify(two)}, '']
    Object.defineProperty(second, 1, { get() { process.kill(process.pid, 'SIGINT'); return 'after' } })
    await replaceFiles([[${JSON.stringify(one)}, 'after'], second])
    setTimeout(() => {}, 60_000)`
  const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  assert.equal(stderr, '')
  assert.equal(signal, 'SIGINT')
  assert.deepEqual(readdirSync(folder), ['one', 'two'])
  for (const file of [one!, two!]) assert.equal(readFileSync(file, 'utf8'), 'after')
})
