import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '../../../../kernel/clock/system.ts'
import type { Condition, Scalar } from '../../condition/ast.ts'
import { parseCondition } from '../../condition/parse.ts'
import { frameOf, parcelOfAll, settingsFor } from './records-fake.ts'
import { type Search, SearchError, StoreReader } from './search.ts'
import { Store } from './store.ts'

const ACCESS = [
  { n: 0, status: 200, path: '/orders/1', user: { name: 'Ada' } },
  { n: 1, status: 503, path: '/orders/2', message: 'Connection refused by 10.0.0.7' },
  { n: 2, status: 404, path: '/favicon.ico', message: 'connection was refused' },
  { n: 3, status: '500', path: '/health', level: null },
  { n: 4, message: 'checkout of "größe" done' },
]

test('searches narrow by condition, words and time', t => {
  const { path } = filled(t, ACCESS)
  const cases: [name: string, search: Search, expected: number[]][] = [
    ['everything', {}, [0, 1, 2, 3, 4]],
    ['a number, also as text', { condition: condition('status >= 500') }, [1, 3]],
    ['nested', { condition: condition('user.name == "Ada"') }, [0]],
    ['not', { condition: condition('not (status < 500)') }, [1, 3, 4]],
    ['pattern', { condition: condition('path matches "^/orders/[0-9]+$"') }, [0, 1]],
    ['contains', { condition: condition('path contains "fav"') }, [2]],
    ['exists', { condition: condition('exists(level)') }, [3]],
    ['in', { condition: condition('status in [200, 404]') }, [0, 2]],
    ['a word in any case', { text: 'CONNECTION' }, [1, 2]],
    ['a phrase', { text: '"connection refused"' }, [1]],
    ['a word with punctuation', { text: '10.0.0.7' }, [1]],
    ['a beginning', { text: 'check*' }, [4]],
    ['letters beyond ASCII', { text: 'größe' }, [4]],
    ['no such word', { text: 'nothing' }, []],
    ['since', { sinceMs: 1_000_003 }, [3, 4]],
    ['until', { untilMs: 1_000_001 }, [0]],
    ['all together', { text: 'refused', condition: condition('status == 404'), sinceMs: 1_000_001 }, [2]],
  ]
  using reader = new StoreReader(path)
  for (const [name, search, expected] of cases) {
    assert.deepEqual(numbers(reader, search), expected, name)
    assert.equal(reader.count(search), expected.length, `${name}: count`)
  }
})

test('the limit keeps the newest, and they come oldest first', t => {
  const { path } = filled(t, ACCESS)
  using reader = new StoreReader(path)
  assert.deepEqual(numbers(reader, {}, 2), [3, 4])
})

test('words of SQL and of the index are only words', t => {
  const { path } = filled(t, ACCESS)
  using reader = new StoreReader(path)
  for (const text of ["'; DROP TABLE records; --", 'NEAR(a b)', 'text:refused', '-refused', '^a', 'a" OR "b'])
    assert.doesNotThrow(() => reader.find({ text }, 10), text)
  assert.equal(reader.count({}), 5)
})

test('a record that is nested very deeply does not spoil a search', t => {
  const { path } = filled(t, [
    { n: 0, status: 500 },
    `{"n":1,"deep":${'['.repeat(3000)}${']'.repeat(3000)},"status":500}`,
  ])
  using reader = new StoreReader(path)
  assert.equal(reader.count({ condition: condition('status == 500') }), 1)
  assert.equal(reader.count({}), 2)
})

test('conditions select what a plain evaluation of the parsed records selects', t => {
  const scalar = fc.oneof(
    fc.integer({ min: -3, max: 3 }),
    fc.constantFrom('a', 'b', 'ab', 'é"\\'),
    fc.boolean(),
    fc.constant(null),
  )
  const record = fc.record(
    { x: scalar, y: fc.record({ z: scalar }, { requiredKeys: [] }) },
    { requiredKeys: [] },
  )
  const field = fc.constantFrom(['x'], ['y', 'z'], ['y'], ['missing'])
  const leaf: fc.Arbitrary<Condition> = fc.oneof(
    fc.record({
      kind: fc.constant('compare' as const),
      field,
      op: fc.constantFrom('==', '!=', '<', '>='),
      value: scalar,
    }),
    fc.record({
      kind: fc.constant('in' as const),
      field,
      values: fc.array(scalar, { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('exists' as const), field }),
  )
  const { tree } = fc.letrec<{ tree: Condition }>(tie => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        items: fc.array(tie('tree'), { minLength: 2, maxLength: 3 }),
      }),
      fc.record({ kind: fc.constant('not' as const), item: tie('tree') }),
    ),
  }))
  const records = fc.sample(record, { numRuns: 100, seed: 7 })
  const { path } = filled(
    t,
    records.map((it, n) => ({ ...it, n })),
  )
  using reader = new StoreReader(path)
  fc.assert(
    fc.property(tree, condition => {
      const expected = records.flatMap((it, n) => (holds(condition, it) ? [n] : []))
      assert.deepEqual(numbers(reader, { condition }), expected)
    }),
    { numRuns: 200 },
  )
})

test('follow begins with the newest and goes on with what is added, by any sidecar', {
  timeout: 10_000,
}, async t => {
  const { path, store } = filled(t, ACCESS)
  const second = new Store(settingsFor(path, { spool: 'spool-2' }), () => {})
  t.after(() => second.close())
  using reader = new StoreReader(path)
  const stop = new AbortController()
  const found: number[] = []
  let round = 0
  for await (const batch of reader.follow({}, 2, systemClock(), stop.signal)) {
    found.push(...batch.map(numberOf))
    if (round === 0) store.write([parcelOfAll(frameOf(2, [{ n: 5 }, { n: 6 }]))], 0)
    // An older time does not hide a record.
    if (round === 1) second.write([parcelOfAll(frameOf(1, [{ n: 7 }], 10))], 0)
    if (round === 2) stop.abort()
    round++
  }
  assert.deepEqual(found, [3, 4, 5, 6, 7])
})

test('what is not a store is named, and how to mend it', t => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-search-'))
  t.after(() => rmSync(folder, { recursive: true, maxRetries: 9 }))
  const text = join(folder, 'text')
  writeFileSync(text, 'plain text '.repeat(100))
  const foreign = join(folder, 'foreign.db')
  const other = new DatabaseSync(foreign)
  other.exec('CREATE TABLE accounts (id)')
  other.close()
  const cases: [path: string, message: RegExp][] = [
    [join(folder, 'nothing.db'), /there is no store at .*nothing\.db/],
    [folder, /there is no store at .*store\.db/],
    [text, /text cannot be read as a store: file is not a database/],
    [foreign, /is a database of another program/],
  ]
  for (const [path, message] of cases)
    assert.throws(
      () => new StoreReader(path),
      (error: Error) => error instanceof SearchError && message.test(error.message),
      path,
    )
})

/** The meaning of a condition, written down a second time in the plainest way. */
function holds(condition: Condition, record: unknown): boolean {
  switch (condition.kind) {
    case 'and':
      return condition.items.every(item => holds(item, record))
    case 'or':
      return condition.items.some(item => holds(item, record))
    case 'not':
      return !holds(condition.item, record)
    case 'any':
    case 'all':
      return assert.fail('such conditions are not made here')
    default: {
      const value = condition.field.reduce<unknown>(
        (at, name) => (at as Record<string, unknown> | null | undefined)?.[name],
        record,
      )
      if (value === undefined) return false
      if (condition.kind === 'exists') return true
      if (condition.kind === 'in') return condition.values.some(each => value === each)
      assert.ok(condition.kind === 'compare')
      return compares(value, condition.op, condition.value)
    }
  }
}

function compares(value: unknown, op: string, wanted: Scalar): boolean {
  if (op === '==') return value === wanted
  if (op === '!=') return value !== wanted
  if (typeof value !== typeof wanted || (typeof wanted !== 'number' && typeof wanted !== 'string'))
    return false
  return op === '<' ? (value as number) < (wanted as number) : (value as number) >= (wanted as number)
}

function condition(text: string): Condition {
  const parsed = parseCondition(text)
  assert.ok('condition' in parsed, 'problem' in parsed ? parsed.problem : '')
  return parsed.condition
}

function filled(t: TestContext, records: readonly (object | string)[]) {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-search-'))
  const path = join(folder, 'logs.db')
  const store = new Store(settingsFor(path), () => {})
  t.after(() => {
    store.close()
    rmSync(folder, { recursive: true, maxRetries: 9 })
  })
  assert.deepEqual(store.write([parcelOfAll(frameOf(1, records))], 0), { kind: 'done' })
  return { path, store }
}

function numbers(reader: StoreReader, search: Search, limit = 1000): number[] {
  return reader.find(search, limit).map(numberOf)
}

function numberOf({ record }: { readonly record: Buffer }): number {
  return JSON.parse(record.toString()).n
}
