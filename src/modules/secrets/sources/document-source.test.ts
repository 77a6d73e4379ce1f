import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { systemClock } from '../../../kernel/clock/system.ts'
import { readDocument } from './document.ts'
import { entriesAt, namesAt } from './document-entries.ts'
import { DocumentSource } from './document-source.ts'
import type { SourceFailure } from './source.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-document-'))
})
afterEach(() => rm(folder, { recursive: true, maxRetries: 9 }))

const YAML = 'app/db: {user: one}\ntop: {deep: {inner: {k: v}}}\nalone: x\n'

const places: [string, Record<string, unknown> | undefined][] = [
  ['app/db', { user: 'one' }],
  ['top/deep/inner', { k: 'v' }],
  ['top/deep', { inner: new Map([['k', 'v']]) }],
  ['alone', { value: 'x' }],
  ['app', undefined],
  ['top/nope', undefined],
  ['alone/x', undefined],
]
for (const [path, expected] of places)
  test(`${path} is ${expected ? JSON.stringify(expected) : 'nothing'}`, async () => {
    const found = entriesAt(await readDocument(YAML, 'yaml'), path)
    assert.deepEqual(found && Object.fromEntries(found), expected)
  })

test('all is the whole document, unless it has an entry of that name', async () => {
  const document = await readDocument(YAML, 'yaml')
  assert.deepEqual([...entriesAt(document, 'all')!.keys()], ['app/db', 'top', 'alone'])
  const own = await readDocument('all: {a: b}', 'yaml')
  assert.deepEqual([...entriesAt(own, 'all')!], [['a', 'b']])
})

test('names at a place, with a slash behind those that have more below', async () => {
  const document = await readDocument(YAML, 'yaml')
  assert.deepEqual(namesAt(document, ''), ['alone', 'app/db/', 'top/'])
  assert.deepEqual(namesAt(document, 'top/deep'), ['inner/'])
  assert.deepEqual(namesAt(document, 'alone'), [])
})

function sourceOf(maxBytes = 1000) {
  return new DocumentSource({
    path: join(folder, 'file.yaml'),
    alsoWatched: [join(folder, 'key')],
    maxBytes,
    clock: systemClock(),
    read: async bytes => readDocument(bytes.toString(), 'yaml'),
  })
}

test('a change of the file, or of its key, is told, and then the new value is given', async () => {
  await writeFile(join(folder, 'file.yaml'), 'a: {k: one}')
  using source = sourceOf()
  assert.equal((await source.fetch({ path: 'a' })).data.get('k'), 'one')
  const told: (() => void)[] = []
  using _watch = source.watch({ path: 'a' }, () => told.shift()?.())
  const next = () => new Promise<void>(resolve => told.push(resolve))
  await next()
  const changed = next()
  await writeFile(join(folder, 'file.yaml'), 'a: {k: changed}')
  await changed
  assert.equal((await source.fetch({ path: 'a' })).data.get('k'), 'changed')
  const again = next()
  await writeFile(join(folder, 'key'), 'x')
  await again
})

const failures: [string, string | undefined, number, string, RegExp, string][] = [
  ['no file', undefined, 1000, 'a', /there is no such file/, 'missing'],
  ['a large file', 'a: b'.padEnd(2000), 1000, 'a', /it has 2000 bytes, and at most 1000 are read/, 'invalid'],
  ['a file that is none', 'hunter2', 1000, 'a', /expected a mapping/, 'invalid'],
  ['another path', 'a: {}', 1000, 'b', /has nothing at b; all is the whole of it/, 'missing'],
]
for (const [what, text, maxBytes, path, message, reason] of failures)
  test(`${what} is told`, async () => {
    if (text !== undefined) await writeFile(join(folder, 'file.yaml'), text)
    using source = sourceOf(maxBytes)
    await assert.rejects(source.fetch({ path }), (error: SourceFailure) => {
      assert.match(error.message, message)
      assert.equal(error.reason, reason)
      return true
    })
    assert.equal(source.health().state, what === 'another path' ? 'ok' : 'failed')
  })

test('a version, or a write, is refused', async () => {
  using source = sourceOf()
  for (const more of [{ version: 2 }, { write: new Map() }])
    await assert.rejects(source.fetch({ path: 'a', ...more }), /has no versions, and is not written to/)
})
