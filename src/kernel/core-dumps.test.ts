import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const module = join(import.meta.dirname, 'core-dumps.ts')

// Where there is no node:ffi nobody promises anything.
if (process.platform === 'linux')
  test('a process that holds secrets leaves no core dump and is closed to others, and goes on reading its own figures', () => {
    const script = `
      import { readFileSync, statSync } from 'node:fs'
      import { forbidCoreDumps } from ${JSON.stringify(module)}
      const forbidden = forbidCoreDumps()
      const { uid } = statSync('/proc/self/environ')
      console.log(JSON.stringify({ forbidden, uid, rss: /RssAnon/.test(readFileSync('/proc/self/status', 'utf8')) }))`
    const asUser = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      ...asUser,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      cwd: '/',
    })
    const { forbidden, uid, rss } = JSON.parse(output)
    assert.equal(rss, true)
    // The kernel gives the files of a process that may not be dumped to root.
    if (forbidden) assert.equal(uid, 0)
  })
