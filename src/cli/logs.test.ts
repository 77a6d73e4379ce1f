import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { frameOf, parcelOfAll, settingsFor } from '../modules/logs/outputs/store/records-fake.ts'
import { Store } from '../modules/logs/outputs/store/store.ts'
import { fakeIo } from './io-fake.ts'
import { main } from './main.ts'

const RECORDS = [
  '{"message":"order shown","status":200}',
  '{"message":"payment timeout","status":503, "n" : 1}',
  '{"message":"payment refused","status":500}',
]
let folder = ''

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'outrigger-logs-'))
  const store = new Store(
    settingsFor(join(folder, 'store.db'), { maxAgeMs: Number.MAX_SAFE_INTEGER }),
    () => {},
  )
  const records = [frameOf(1, RECORDS, Date.now() - 60_000), frameOf(2, ['{"message":"long ago"}'], 0)]
  assert.deepEqual(store.write(records.map(parcelOfAll), 0), { kind: 'done' })
  store.close()
})
after(() => rmSync(folder, { recursive: true, maxRetries: 9 }))

async function logs(...argv: string[]) {
  const io = fakeIo({ cwd: folder })
  const code = await main(['logs', ...argv], io)
  return { code, out: io.stdout.text, err: io.stderr.text }
}

test('--json prints the records as they were written', async () => {
  const { code, out } = await logs('--store', 'store.db', '--json', 'status >= 500')
  assert.equal(code, 0)
  assert.equal(out, `${RECORDS[1]}\n${RECORDS[2]}\n`)
})

test('queries, words, time and limit narrow what is found', async () => {
  const cases: [argv: string[], count: number][] = [
    [[], 4],
    [['status', '>=', '500'], 2],
    [['--text', 'payment'], 2],
    [['--text', '"payment refused"', 'status == 500'], 1],
    [['--since', '1h'], 3],
    [['--until', '1970-01-02'], 1],
    [['--since', '2h', '--until', '1h'], 0],
    [['--limit', '2'], 2],
    [['-n', '1'], 1],
  ]
  for (const [argv, count] of cases) {
    const { code, out } = await logs('--store', folder, '--json', ...argv)
    assert.equal(code, 0)
    assert.equal(out.split('\n').length - 1, count, argv.join(' '))
  }
})

test('--count prints only the number, whatever the limit', async () => {
  assert.deepEqual(await logs('--store', folder, '--count', '--limit', '1', 'status >= 500'), {
    code: 0,
    out: '2\n',
    err: '',
  })
})

test('without --json a record is a line for reading', async () => {
  const { out } = await logs('--store', folder, 'status == 503')
  assert.match(out, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ERROR payment timeout status=503 n=1\n$/)
})

test('what is wrong is said with the way out', async () => {
  const cases: [argv: string[], code: number, message: RegExp][] = [
    [[], 2, /--store PATH is missing/],
    [['--store', 'nothing.db'], 1, /there is no store at .*nothing\.db/],
    [['--store', folder, 'status >='], 2, /column 10: expected a value.*\n {2}status >=\n {11}\^\n.*--text/s],
    [['--store', folder, '--since', 'yesterday'], 2, /--since: expected a duration such as 1h or a date/],
    [['--store', folder, '--limit', '0'], 2, /--limit: expected a whole number from 1 on, got "0"/],
    [['--store', folder, '--text', '...'], 1, /has no word to search for/],
  ]
  for (const [argv, code, message] of cases) {
    const result = await logs(...argv)
    assert.equal(result.code, code, argv.join(' '))
    assert.match(result.err, message)
    assert.equal(result.out, '')
  }
})
