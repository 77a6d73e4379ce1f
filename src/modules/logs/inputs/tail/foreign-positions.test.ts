import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, type TestContext, test } from 'node:test'
import { MemoryLog } from '../../../../kernel/log/memory.ts'
import { bed } from './bed.fake.ts'
import { foreignPositions } from './foreign-positions.ts'

function databaseOf(t: TestContext, files: readonly { path: string; offset: number }[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-db-'))
  t.after(() => rmSync(folder, { recursive: true, maxRetries: 9 }))
  const path = join(folder, 'tail.db')
  const database = new DatabaseSync(path)
  database.exec(
    'CREATE TABLE in_tail_files (id INTEGER PRIMARY KEY, name TEXT NOT NULL, offset INTEGER, inode INTEGER, created INTEGER, rotated INTEGER DEFAULT 0)',
  )
  const insert = database.prepare(
    'INSERT INTO in_tail_files (name, offset, inode, created) VALUES (?, ?, ?, 0)',
  )
  const add = (name: string, offset: number) => insert.run(name, offset, statSync(name).ino)
  for (const { path, offset } of files) add(path, offset)
  t.after(() => database.close())
  return { path, add }
}

describe('positions of another tail', () => {
  test('a file is read from where the other had stopped, once; then our own positions hold', async t => {
    const database = databaseOf(t)
    const made = await bed(t, { paths: ['*.log'], config: { positionsFrom: database.path } })
    const [known, other] = [made.path('known.log'), made.path('other.log')]
    writeFileSync(known, 'one\ntwo\n')
    database.add(known, 4)
    await made.restart()
    writeFileSync(other, 'new\n')
    await made.round()
    assert.deepEqual(made.texts.toSorted(), ['new', 'two'])
    appendFileSync(known, 'three\n')
    await made.restart()
    await made.round()
    assert.deepEqual(made.texts.toSorted(), ['new', 'three', 'two'])
  })

  test('a file that is shorter than its position is another one, and read from its beginning', async t => {
    const database = databaseOf(t)
    const made = await bed(t, { paths: ['*.log'], config: { positionsFrom: database.path } })
    writeFileSync(made.path('a.log'), 'short\n')
    database.add(made.path('a.log'), 4000)
    await made.restart()
    await made.round()
    assert.deepEqual(made.texts, ['short'])
  })

  test('an inode that comes back is another file', t => {
    const folder = mkdtempSync(join(tmpdir(), 'outrigger-ino-'))
    t.after(() => rmSync(folder, { recursive: true, maxRetries: 9 }))
    const file = join(folder, 'x')
    writeFileSync(file, '')
    const key = `1:${statSync(file).ino.toString(16)}`
    const { path } = databaseOf(t, [{ path: file, offset: 7 }])
    unlinkSync(file)
    const forgotten: string[] = []
    const positions = foreignPositions(path, {
      key: 'tail',
      log: new MemoryLog('logs', () => 0),
      positions: { get: () => undefined, claim: () => undefined, forget: key => void forgotten.push(key) },
    })
    assert.equal(positions.get(key)?.offset, 7)
    assert.equal(positions.get(key)?.offset, 7)
    positions.forget(key)
    assert.equal(positions.get(key), undefined)
    assert.deepEqual(forgotten, [key])
  })

  for (const [what, content] of [
    ['no database', 'this is text'],
    ['a database without the table', ''],
  ] as const)
    test(`${what} is told, and files are read as if there were none`, t => {
      const folder = mkdtempSync(join(tmpdir(), 'outrigger-db-'))
      t.after(() => rmSync(folder, { recursive: true, maxRetries: 9 }))
      writeFileSync(join(folder, 'tail.db'), content)
      const log = new MemoryLog('logs', () => 0)
      const own = { get: () => undefined, claim: () => undefined, forget: () => {} }
      assert.equal(foreignPositions(join(folder, 'tail.db'), { key: 'tail', log, positions: own }), own)
      assert.equal(foreignPositions(join(folder, 'gone.db'), { key: 'tail', log, positions: own }), own)
      assert.equal(log.records.length, 1)
    })
})
