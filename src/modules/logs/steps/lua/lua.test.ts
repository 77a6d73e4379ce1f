import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { recordsOf } from '../../lines-fake.ts'
import { processorOf } from '../../processor-fake.ts'
import { stepsSchema } from '../config.ts'
import { checkLua, luaConfig } from './config.ts'
import { LuaEngine } from './engine.ts'
import { loadLuaFor } from './library.ts'

before(async () => {
  const steps = stepsSchema.decode([{ lua: { function: 'cb', source: '' } }])
  assert.ok(steps.ok)
  await loadLuaFor({ steps: [], inputs: [], outputs: [{ config: { steps: steps.value } }] })
})

/** What a script makes of one record. */
function run(source: string, record: object, options: object = {}) {
  const processor = processorOf({ format: 'json' }, [{ lua: { function: 'cb', source, ...options } }])
  const ascii = JSON.stringify(record).replaceAll('ä', '\\u00e4')
  const batch = processor.process(`${ascii}\n`)
  const text = batch.count === 0 ? undefined : batch.bytes.toString('utf8', batch.starts[0], batch.ends[0])
  return { text, timeMs: batch.timesMs[0] }
}

describe('the lua step', () => {
  const table: [string, string, object, string | undefined, object?][] = [
    ['-1 drops', 'return -1, t, r', { a: 1 }, undefined],
    ['0 leaves, whatever was changed', 'r.a = 2 return 0, t, r', { a: 1 }, '{"a":1}'],
    ['1 and 2 take the record', 'r.b = "x" .. r.a return 2, t, r', { a: 1 }, '{"a":1,"b":"x1"}'],
    [
      'large whole numbers stay whole',
      'r.s = tostring(r.n) return 2, t, r',
      { n: 1767323045678 },
      '{"n":1767323045678,"s":"1767323045678"}',
    ],
    ['sums do not wrap', 'r.n = r.n + 2000000000 return 2, t, r', { n: 2000000000 }, '{"n":4000000000}'],
    [
      '%d takes any whole number',
      'r.s = string.format("%d|%5.1f|%s|%%", r.n, 2.5, "y") return 2, t, r',
      { n: 1767323045678 },
      '{"n":1767323045678,"s":"1767323045678|  2.5|y|%"}',
    ],
    ['texts keep their bytes', 'r.s = r.s:gsub("b", "ß") return 2, t, r', { s: 'äbc\n' }, '{"s":"äßc\\n"}'],
    ['tables with 1…n are arrays', 'r.l = {1, {x = 2}} return 2, t, r', {}, '{"l":[1,{"x":2}]}'],
    ['empty tables are objects', 'return 2, t, r', { l: [], o: {} }, '{"l":{},"o":{}}'],
    ['… but for some fields', 'return 2, t, r', { l: [] }, '{"l":[]}', { arrayFields: ['l'] }],
    ['fields become whole numbers', 'r.n = "7.9" return 2, t, r', {}, '{"n":7}', { integerFields: ['n'] }],
    ['nulls are nil', 'return 2, t, r', { a: null, b: 1 }, '{"b":1}'],
    [
      '… or flb_null',
      'r.is = r.a == flb_null return 2, t, r',
      { a: null },
      '{"a":null,"is":true}',
      { keepNull: true },
    ],
    [
      'what LuaJIT has',
      'r.u = unpack({7}) r.n = table.getn({1,2}) r.l = loadstring("return 3")() return 2, t, r',
      {},
      '{"u":7,"n":2,"l":3}',
    ],
    ['dates', 'r.y = os.date("!%Y-%m-%d", 86400) return 2, t, r', {}, '{"y":"1970-01-02"}'],
    [
      'no machine',
      'r.io = tostring(io) .. tostring(require) .. tostring(os.execute) .. tostring(dofile) return 2, t, r',
      {},
      '{"io":"nilnilnilnil"}',
    ],
  ]
  for (const [what, body, record, text, options] of table)
    test(what, () => {
      const { text: got } = run(`function cb(tag, t, r) ${body} end`, record, options)
      // The order in which Lua walks over a table is its own.
      assert.deepEqual(got && JSON.parse(got), text && JSON.parse(text))
    })

  test('a list of records takes the place of the one, and each goes on behind the script', () => {
    const source = 'function cb(t, ts, r) return 2, ts, { { n = 1 }, { n = 2 }, { n = 3 } } end'
    const { process } = processorOf({ format: 'json' }, [
      { add: { fields: { before: true } } },
      { only: { when: 'exists(n)', steps: [{ lua: { function: 'cb', source } }] } },
      { drop: 'n == 2' },
      { add: { fields: { after: true } } },
    ])
    assert.deepEqual(recordsOf(process('{"n":0}\n{"x":1}')), [
      '{"n":1,"after":true}',
      '{"n":3,"after":true}',
      '{"x":1,"before":true,"after":true}',
    ])
  })

  test('an empty list drops, and a list of anything else fails', () => {
    assert.equal(run('function cb(t, ts, r) return 2, ts, { 1 } end', { a: 1 }).text, '{"a":1}')
  })

  test('1 takes the time, as a number or as a table', () => {
    assert.equal(run('function cb(tag, t, r) return 1, 1700000000.5, r end', {}).timeMs, 1700000000500)
    const source = 'function cb(tag, t, r) return 1, {sec = 5, nsec = t.nsec - t.nsec + 6e6}, r end'
    assert.equal(run(source, {}, { timeAsTable: true }).timeMs, 5006)
  })

  const failing: [string, string][] = [
    ['throws', 'error("what")'],
    ['does not end', 'while true do end'],
    [
      'does not end and catches that it was stopped',
      'while true do pcall(function() while true do end end) end',
    ],
    ['returns another code', 'return 7, t, r'],
    ['returns several things that are no records', 'return 2, t, {{1}, 5}'],
    ['returns no record', 'return 2, t'],
    ['returns a record within itself', 'r.r = r return 2, t, r'],
  ]
  for (const [what, body] of failing)
    test(`a script that ${what} fails for the record, which stays, or is dropped`, () => {
      const source = `function cb(tag, t, r) ${body} end`
      assert.equal(run(source, { a: 1 }, { maxInstructions: 5000 }).text, '{"a":1}')
      assert.equal(run(source, { a: 1 }, { maxInstructions: 5000, onFailure: 'drop' }).text, undefined)
    })

  const mistakes: [string, RegExp][] = [
    ['function cb(', /source:1: <?/],
    ['x = 1', /no function cb/],
    ['while true do end', /more than 5000 instructions/],
  ]
  for (const [source, message] of mistakes)
    test(`does not begin with: ${source}`, () =>
      assert.throws(() => run(source, {}, { maxInstructions: 5000 }), message))

  test('reads a file, keeps its globals, and sees the environment', async t => {
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-lua-'))
    t.after(() => rm(folder, { recursive: true, maxRetries: 9 }))
    const file = join(folder, 'a.lua')
    await writeFile(file, 'n = 0 function cb(tag, t, r) n = n + 1 r.n = n return 2, t, r end')
    const processor = processorOf({ format: 'json' }, [{ lua: { function: 'cb', file } }])
    assert.match(processor.process('{}\n{}\n').bytes.toString(), /"n":1[\s\S]*"n":2/)
    const printed: string[] = []
    const engine = new LuaEngine({
      source: 'function cb(tag) print(tag, 1, nil) return 0 end print(os.getenv("HOME"), os.getenv("NO"))',
      name: 'x',
      function: 'cb',
      timeAsTable: false,
      integerFields: new Set(),
      arrayFields: new Set(),
      keepNull: false,
      maxInstructions: 1000,
      getenv: name => (name === 'HOME' ? '/home' : undefined),
      print: text => printed.push(text),
    })
    engine.call('app', 0, {})
    assert.deepEqual(printed, ['/home\tnil', 'app\t1\tnil'])
  })
})

test('the options name one script', () => {
  for (const [options, problems] of [
    [{ file: 'a' }, 0],
    [{ source: 'a' }, 0],
    [{}, 1],
    [{ file: 'a', source: 'b' }, 1],
  ] as const) {
    const decoded = luaConfig.decode({ function: 'cb', ...options })
    assert.ok(decoded.ok)
    assert.equal(checkLua(decoded.value, []).length, problems)
  }
})
