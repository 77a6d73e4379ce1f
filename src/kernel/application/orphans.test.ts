import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { FakeClock } from '../clock/fake.ts'
import { Orphans } from './orphans.ts'

describe('orphans', () => {
  test('are asked for their exit code at the second look, so that the runtime has had its turn', () => {
    const clock = new FakeClock()
    const ended = new Set([7, 8])
    const forgotten: number[] = []
    using _ = new Orphans(
      clock,
      () => [...ended],
      pid => {
        forgotten.push(pid)
        ended.delete(pid)
      },
    )
    process.emit('SIGCHLD', 'SIGCHLD')
    clock.advance(1000)
    assert.deepEqual(forgotten, [])
    ended.delete(8)
    ended.add(9)
    clock.advance(1000)
    assert.deepEqual(forgotten, [7])
    clock.advance(1000)
    assert.deepEqual(forgotten, [7, 9])
    ended.add(10)
    clock.advance(60_000)
    assert.deepEqual(forgotten, [7, 9], 'nothing is looked at before another child ends')
  })

  const unshare = ['--pid', '--fork', '--mount-proc', '--kill-child']
  const isAllowed = spawnSync('unshare', [...unshare, 'true']).status === 0
  test('of the application leave no zombies where the sidecar is the first process', {
    skip: isAllowed ? false : 'needs root: unshare --pid',
  }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'outrigger-first-'))
    try {
      const configuration = join(folder, 'outrigger.yaml')
      writeFileSync(configuration, `admin: { listen: 127.0.0.1:0 }\ndataDir: ${folder}/data\n`)
      // Grandchildren whose parent is gone at once; then it waits until all of them have ended and been forgotten.
      const application = `
        for each in 1 2 3; do sh -c 'sleep 0.2 & ' ; done
        began=0
        for turn in $(seq 200); do
          left=$(grep -l '^State:.[SZ]' $(grep -l '^PPid:.1$' /proc/[0-9]*/status 2>/dev/null) 2>/dev/null | xargs grep -h '^Name:.sleep' 2>/dev/null | wc -l)
          [ $left -gt 0 ] && began=$left
          [ $left -eq 0 ] && [ $began -gt 0 ] && echo "adopted $began, left 0" && exit 5
          sleep 0.1
        done`
      const launcher = join(import.meta.dirname, '../../../bin/outrigger.js')
      const { status, stdout, stderr } = spawnSync(
        'unshare',
        [...unshare, process.execPath, launcher, 'run', '-c', configuration, '--', 'sh', '-c', application],
        { encoding: 'utf8', timeout: 60_000 },
      )
      assert.match(stdout, /adopted [123], left 0/, stderr)
      assert.equal(status, 5)
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 9 })
    }
  })
})
