import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { LogFile, type LogFileOptions } from './log-file.ts'

let folder: string
let nowMs = 1000
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outrigger-log-file-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const open = (given: Partial<LogFileOptions> = {}) =>
  new LogFile({
    path: 'agent.log',
    cwd: folder,
    rotateBytes: 0,
    rotateDurationMs: 0,
    rotateMaxFiles: 0,
    now: () => nowMs,
    ...given,
  })
const content = (name: string) => readFileSync(join(folder, name), 'utf8')

describe('the log file of an agent', () => {
  for (const [path, expected] of [
    ['agent.log', 'agent.log'],
    ['agent', 'agent.log'],
    ['logs/', 'logs/agent.log'],
    ['logs/a.txt', 'logs/a.txt'],
  ] as const)
    test(`${path} means ${expected}`, () => assert.equal(open({ path }).path, join(folder, expected)))

  test('goes on where an earlier process ended', () => {
    open().write('one\n')
    open().write('two\n')
    assert.equal(content('agent.log'), 'one\ntwo\n')
  })

  test('is put aside before it would become too large', () => {
    const log = open({ rotateBytes: 8 })
    for (const line of ['one\n', 'two\n', 'three\n']) log.write(line)
    assert.equal(content('agent.log'), 'three\n')
    assert.equal(content(`agent-${nowMs}000000.log`), 'one\ntwo\n')
  })

  test('is put aside when it is old enough', () => {
    const log = open({ rotateDurationMs: 60_000 })
    log.write('one\n')
    nowMs += 60_000
    log.write('two\n')
    assert.equal(content('agent.log'), 'two\n')
  })

  for (const [rotateMaxFiles, older] of [
    [0, 4],
    [2, 2],
    [-1, 0],
  ] as const)
    test(`of ${rotateMaxFiles} older files ${older} stay`, () => {
      const log = open({ rotateBytes: 1, rotateMaxFiles })
      for (let index = 0; index < 5; index++) {
        nowMs++
        log.write(`${index}\n`)
      }
      assert.equal(readdirSync(folder).length, older + 1)
      assert.equal(content('agent.log'), '4\n')
    })
})
