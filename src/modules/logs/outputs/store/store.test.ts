import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import type { Note, StoreSettings } from './messages.ts'
import { frameOf, parcelOfAll, settingsFor } from './records-fake.ts'
import { type Search, StoreReader } from './search.ts'
import { Store } from './store.ts'

const NOW = 2_000_000

test('a record comes back byte for byte, with its time and where it came from', t => {
  const { store, path } = open(t)
  const text = '{"message" : "hi \\u00e9 é 😀", "n":1.50}'
  assert.deepEqual(store.write([parcelOfAll(frameOf(1, [text], 1234))], NOW), { kind: 'done' })
  const [found] = search(path)
  assert.equal(found?.record.toString(), text)
  assert.equal(found?.timeMs, 1234)
  assert.equal(found?.path, '/var/log/app.log')
})

test('bytes that are not UTF-8 are kept, and the fields around them can still be searched', t => {
  const { store, path } = open(t)
  const record = Buffer.concat([
    Buffer.from('{"a":"'),
    Buffer.from([0xff, 0xc3, 0x28]),
    Buffer.from('","status":500}'),
  ])
  store.write([parcelOfAll(frameOf(1, [record]))], NOW)
  const condition = { kind: 'compare', field: ['status'], op: '==', value: 500 } as const
  assert.deepEqual(
    search(path, { condition }).map(found => found.record),
    [record],
  )
})

test('records that are sent again are there once', t => {
  const { store, path } = open(t)
  const frame = frameOf(7, [{ n: 0 }, { n: 1 }, { n: 2 }])
  store.write([parcelOfAll(frame)], NOW)
  assert.deepEqual(store.write([parcelOfAll(frame), parcelOfAll(frameOf(8, [{ n: 3 }], 2_000_000))], NOW), {
    kind: 'done',
  })
  assert.deepEqual(numbers(path), [0, 1, 2, 3])
})

test('after a restart they are recognised as well', t => {
  const { store, path, settings } = open(t)
  store.write([parcelOfAll(frameOf(7, [{ n: 0 }, { n: 1 }]))], NOW)
  store.close()
  const second = new Store(settings, () => {})
  t.after(() => second.close())
  second.write([parcelOfAll(frameOf(7, [{ n: 0 }, { n: 1 }]))], NOW)
  assert.deepEqual(numbers(path), [0, 1])
})

test('a spool that lost its end and gives its sequences out again loses nothing', t => {
  const { store, path, notes } = open(t)
  store.write([parcelOfAll(frameOf(1, [{ n: 0 }, { n: 1 }]))], NOW)
  const after = frameOf(1, [{ n: 10 }, { n: 11 }], 5_000_000)
  assert.deepEqual(store.write([parcelOfAll(after)], NOW), { kind: 'done' })
  store.write([parcelOfAll(after)], NOW)
  assert.deepEqual(numbers(path), [0, 1, 10, 11])
  assert.deepEqual(
    notes.map(note => note.event),
    ['store_new_generation'],
  )
})

test('two sidecars may write to one store', t => {
  const { store, path } = open(t)
  const other = new Store(settingsFor(path, { spool: 'spool-2' }), () => {})
  t.after(() => other.close())
  store.write([parcelOfAll(frameOf(1, [{ n: 1 }], 1000))], NOW)
  other.write([parcelOfAll(frameOf(1, [{ n: 2 }], 2000))], NOW)
  store.write([parcelOfAll(frameOf(2, [{ n: 3 }], 3000))], NOW)
  assert.deepEqual(numbers(path), [1, 2, 3])
})

test('records older than maxAge are removed, with their words', t => {
  const { store, path } = open(t, { maxAgeMs: 1000 })
  store.write([parcelOfAll(frameOf(1, [{ n: 1, message: 'early' }], NOW - 500))], NOW)
  store.write([parcelOfAll(frameOf(2, [{ n: 2, message: 'late' }], NOW + 600))], NOW + 600)
  assert.deepEqual(numbers(path), [2])
  assert.deepEqual(search(path, { text: 'early' }), [])
})

test('maxSize holds: the oldest make room, the newest stay', t => {
  const maxSizeBytes = 2 ** 20
  const { store, path } = open(t, { maxSizeBytes })
  const filler = 'x'.repeat(1000)
  for (let sequence = 1; sequence <= 60; sequence++) {
    const records = Array.from({ length: 100 }, (_, i) => ({ n: sequence * 100 + i, filler }))
    assert.deepEqual(store.write([parcelOfAll(frameOf(sequence, records, sequence * 1000))], NOW), {
      kind: 'done',
    })
  }
  const left = numbers(path)
  assert.equal(left.at(-1), 6099)
  assert.ok(left.length > 300 && left.length < 1500, `${left.length} are left`)
  assert.deepEqual(
    left,
    Array.from({ length: left.length }, (_, i) => 6100 - left.length + i),
  )
  assert.ok(statSync(path).size < 2 * maxSizeBytes, `the file has ${statSync(path).size} bytes`)
})

test('a damaged file is set aside, and a new one is begun', t => {
  const { store, path, folder, notes } = open(t)
  writeFileSync(path, 'this is no database, but it was here before'.repeat(100))
  const first = store.write([parcelOfAll(frameOf(1, [{ n: 1 }]))], NOW)
  assert.equal(first.kind, 'failed')
  assert.deepEqual(store.write([parcelOfAll(frameOf(1, [{ n: 1 }]))], NOW), { kind: 'done' })
  assert.deepEqual(numbers(path), [1])
  const aside = readdirSync(folder).find(name => name.startsWith('logs.db.damaged-1970-01-01T'))
  assert.match(readFileSync(join(folder, aside ?? ''), 'utf8'), /^this is no database/)
  assert.equal(notes[0]?.event, 'store_damaged')
})

test('damage in the midst of a store is found while writing', t => {
  const { store, path, settings } = open(t)
  const records = Array.from({ length: 500 }, (_, n) => ({ n, filler: 'y'.repeat(200) }))
  store.write([parcelOfAll(frameOf(1, records))], NOW)
  store.close()
  const bytes = readFileSync(path)
  writeFileSync(path, bytes.fill(0xab, 4096))
  const again = new Store(settings, () => {})
  t.after(() => again.close())
  assert.equal(again.write([parcelOfAll(frameOf(2, records))], NOW).kind, 'failed')
  assert.deepEqual(again.write([parcelOfAll(frameOf(2, records))], NOW), { kind: 'done' })
  assert.equal(numbers(path).length, 500)
})

test('a store that is removed while open is begun anew', t => {
  const { store, path, notes } = open(t)
  store.write([parcelOfAll(frameOf(1, [{ n: 1 }]))], NOW)
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  assert.deepEqual(store.write([parcelOfAll(frameOf(2, [{ n: 2 }]))], NOW), { kind: 'done' })
  assert.deepEqual(numbers(path), [2])
  assert.equal(notes[0]?.event, 'store_replaced')
})

test('what the user has to mend is a refusal with a reason', async t => {
  const cases: { name: string; make: (path: string) => void; reason: RegExp }[] = [
    {
      name: 'a database of another program',
      make: path => {
        const other = new DatabaseSync(path)
        other.exec('CREATE TABLE accounts (id)')
        other.close()
      },
      reason: /logs\.db is a database of another program/,
    },
    {
      name: 'a store of a newer version',
      make: path => {
        const newer = new DatabaseSync(path)
        newer.exec(
          `PRAGMA application_id = ${0x6f757472}; PRAGMA user_version = 99; CREATE TABLE records (id)`,
        )
        newer.close()
      },
      reason: /written by a newer outrigger \(layout 99, this one knows 1\)/,
    },
    { name: 'a folder', make: path => mkdirSync(path), reason: /logs\.db cannot be opened/ },
  ]
  for (const { name, make, reason } of cases) {
    await t.test(name, t => {
      const { store, path } = open(t)
      make(path)
      const outcome = store.write([parcelOfAll(frameOf(1, [{ n: 1 }]))], NOW)
      assert.ok(outcome.kind === 'failed' && outcome.refused)
      assert.match(outcome.reason, reason)
    })
  }
})

test('a file where the folder should be is a refusal', t => {
  const { folder } = open(t)
  writeFileSync(join(folder, 'file'), '')
  const store = new Store(settingsFor(join(folder, 'file', 'logs.db')), () => {})
  const outcome = store.write([parcelOfAll(frameOf(1, [{ n: 1 }]))], NOW)
  assert.ok(outcome.kind === 'failed' && outcome.refused)
})

test('a write that another process keeps out for too long fails, and the next one succeeds', t => {
  const { store, path } = open(t)
  store.write([parcelOfAll(frameOf(1, [{ n: 1 }]))], NOW)
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  const outcome = store.write([parcelOfAll(frameOf(2, [{ n: 2 }]))], NOW)
  assert.ok(outcome.kind === 'failed' && /another process is writing/.test(outcome.reason))
  other.exec('ROLLBACK')
  other.close()
  assert.deepEqual(store.write([parcelOfAll(frameOf(2, [{ n: 2 }]))], NOW), { kind: 'done' })
  assert.deepEqual(numbers(path), [1, 2])
})

test('a failed write leaves nothing behind', t => {
  const { store, path } = open(t)
  store.write([parcelOfAll(frameOf(1, [{ n: 1 }]))], NOW)
  const database = new DatabaseSync(path)
  database.exec(`CREATE TRIGGER full BEFORE INSERT ON records WHEN NEW.id % 32768 = 2
    BEGIN SELECT RAISE(ABORT, 'no more'); END`)
  const frame = frameOf(2, [{ n: 2 }, { n: 3 }, { n: 4 }])
  assert.equal(store.write([parcelOfAll(frame)], NOW).kind, 'failed')
  assert.deepEqual(numbers(path), [1])
  database.exec('DROP TRIGGER full')
  database.close()
  assert.deepEqual(store.write([parcelOfAll(frame)], NOW), { kind: 'done' })
  assert.deepEqual(numbers(path).sort(), [1, 2, 3, 4])
})

test('fullText says which words are found', async t => {
  const record = { message: 'payment refused', path: '/checkout', nested: { list: ['deep'] } }
  const cases = [
    { fullText: 'record', found: ['payment', 'checkout', 'deep'], missing: ['message', 'nested'] },
    { fullText: 'message', found: ['refused'], missing: ['checkout', 'deep'] },
    { fullText: 'none', found: [], missing: ['payment', 'checkout'] },
  ] as const
  for (const { fullText, found, missing } of cases) {
    await t.test(fullText, t => {
      const { store, path } = open(t, { fullText })
      store.write([parcelOfAll(frameOf(1, [record]))], NOW)
      for (const text of found) assert.equal(search(path, { text }).length, 1, text)
      for (const text of missing) assert.equal(search(path, { text }).length, 0, text)
    })
  }
})

function open(t: TestContext, change: Partial<StoreSettings> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-store-'))
  const path = join(folder, 'logs.db')
  const notes: Note[] = []
  const settings = settingsFor(path, change)
  const store = new Store(settings, note => notes.push(note))
  t.after(() => {
    store.close()
    chmodSync(folder, 0o700)
    rmSync(folder, { recursive: true, maxRetries: 9 })
  })
  return { store, path, folder, notes, settings }
}

function search(path: string, what: Search = {}) {
  using reader = new StoreReader(path)
  return reader.find(what, 10_000)
}

function numbers(path: string): number[] {
  return search(path).map(found => JSON.parse(found.record.toString()).n)
}
