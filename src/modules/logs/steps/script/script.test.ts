// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are sources of scripts
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { recordsOf } from '../../lines-fake.ts'
import { processorOf } from '../../processor-fake.ts'
import { checkSteps, stepsSchema } from '../config.ts'
import { isBounded } from './bounded.ts'

function scripted(source: string, lines: string, more: object = {}): string[] {
  return recordsOf(processorOf({}, [{ script: { source, timeout: '1s', ...more } }]).process(lines))
}

describe('a script', () => {
  const cases: [title: string, source: string, line: string, records: string[]][] = [
    ['edits the record', 'record.b = record.a + 1', '{"a":1}', ['{"a":1,"b":2}']],
    ['takes fields away', 'delete record.a', '{"a":1,"b":2}', ['{"b":2}']],
    ['drops with false', 'record.a > 1', '{"a":1}\n{"a":2}', ['{"a":2}']],
    ['drops with null', 'null', '{"a":1}', []],
    ['replaces the record', '({ was: record })', '{"a":1}', ['{"was":{"a":1}}']],
    [
      'knows where the record is from',
      '({ tag, path, input, time })',
      '{}',
      ['{"tag":"test","path":"/var/log/test.log","input":"test","time":1767225600000}'],
    ],
    ['keeps the record for any other value', '42', '{"a" : 1}', ['{"a":1}']],
    ['keeps an untouched record byte for byte where its text is plain', 'true', '{"a":1.5}', ['{"a":1.5}']],
    ['has the language', 'record.m = [3, 1, 2].map(n => n * 2).sort().join("-")', '{}', ['{"m":"2-4-6"}']],
    [
      'has patterns',
      'record.id = /id=(\\d+)/.exec(record.m)?.[1]',
      '{"m":"x id=7"}',
      ['{"m":"x id=7","id":"7"}'],
    ],
    ['may have a comment at its end', 'true // fine', '{"a":1}', ['{"a":1}']],
  ]
  for (const [title, source, lines, records] of cases)
    it(title, () => assert.deepEqual(scripted(source, lines), records))

  it('that throws leaves the record and is counted, with what it said', () => {
    const { process, metric } = processorOf({}, [{ script: { source: 'record.a.b.c' } }])
    assert.deepEqual(recordsOf(process('{"a":1}\n{"a":{"b":{"c":1}}}\n{"x":1}')), [
      '{"a":1}',
      '{"a":{"b":{"c":1}}}',
      '{"x":1}',
    ])
    assert.equal(metric('script_failures_total', { step: 'logs.steps[0].script' }), 2)
  })

  it('counts what it drops', () => {
    const { process, metric } = processorOf({}, [{ script: { source: 'record.a > 1' } }])
    process('{"a":1}\n{"a":2}\n{"a":0}')
    assert.equal(metric('dropped_records_total', { reason: 'steps[0].script' }), 2)
  })

  it('that throws can drop the record', () =>
    assert.deepEqual(scripted('record.a.b.c', '{}', { onFailure: 'drop' }), []))

  it('that does not end is ended, and rests for a while', () => {
    const { process, metric, clock } = processorOf({}, [
      { script: { source: 'record.a ? (() => { for (;;); })() : (record.b = 1)', timeout: '50ms' } },
    ])
    assert.deepEqual(recordsOf(process('{"a":1}\n{"a":0}')), ['{"a":1}', '{"a":0}'])
    clock.advance(500)
    assert.deepEqual(recordsOf(process('{"a":0}')), ['{"a":0,"b":1}'])
    assert.equal(metric('script_failures_total', { step: 'logs.steps[0].script' }), 2)
  })

  for (const [what, source] of [
    ['endless recursion', '(function f() { return f() })()'],
    ['a getter that does not end', '({ get a() { for (;;); } })'],
    ['a toJSON that does not end', '({ toJSON() { for (;;); } })'],
    ['an error whose text does not end', '(() => { throw { toString() { for (;;); } } })()'],
  ])
    it(`cannot hold the process up with ${what}`, () =>
      assert.equal(scripted(source, '{"a":1}', { timeout: '50ms' }).length, 1))

  for (const source of [
    'typeof process',
    'typeof require',
    'typeof console',
    'typeof setTimeout',
    'typeof fetch',
    'typeof WebAssembly',
    'typeof Buffer',
    'typeof global',
    'typeof Promise',
    'typeof AsyncDisposableStack',
    'typeof Array.fromAsync',
  ])
    it(`sees nothing as ${source}`, () =>
      assert.deepEqual(scripted(`({ is: ${source} })`, '{}'), ['{"is":"undefined"}']))

  for (const [what, source] of [
    ['the constructor of a function', '(() => {}).constructor("return process")()'],
    ['the constructor of the record', 'record.constructor.constructor("return process")()'],
    ['eval', '(0, eval)("1")'],
    ['a prototype', 'Object.prototype.polluted = 1'],
    ['an array’s methods', 'Array.prototype.map = 1'],
    ['the global object', 'globalThis.kept = 1'],
    ['its own entry', '__run = 1'],
    ['a prototype by its name', 'record.__proto__.x = 1'],
    ['a method of its inside', 'JSON.stringify = () => "{}"'],
  ])
    it(`cannot get at ${what}`, () => {
      const { process, metric } = processorOf({}, [{ script: { source } }])
      assert.deepEqual(recordsOf(process('{"a":1}')), ['{"a":1}'])
      assert.equal(metric('script_failures_total', { step: 'logs.steps[0].script' }), 1)
      assert.equal(({} as { polluted?: unknown }).polluted, undefined)
    })

  it('cannot get at an error of the host, which would lead to its functions', () => {
    const source = `(() => {
      let foreign = false
      const note = error => { if (!(error instanceof Error)) foreign = true }
      const deep = () => {
        try { deep() } catch (error) { try { error.stack } catch (other) { note(other) } }
        const error = new Error('x')
        try { error.stack } catch (other) { note(other) }
      }
      try { deep() } catch (error) { note(error) }
      record.foreign = foreign
    })()`
    assert.deepEqual(scripted(source, '{}'), ['{"foreign":false}'])
  })

  for (const [what, source] of [
    ['one text', '(record.x = "x".repeat(2 ** 27), true)'],
    ['many', '(record.x = Array(1e6).fill("12345"), true)'],
    ['itself', 'record.a = record'],
  ])
    it(`cannot make a record without end of ${what}`, () => {
      const { process, metric } = processorOf({}, [{ script: { source, timeout: '1s' } }])
      assert.deepEqual(recordsOf(process('{"a":1}')), ['{"a":1}'])
      assert.equal(metric('script_failures_total', { step: 'logs.steps[0].script' }), 1)
    })

  for (const source of [
    '(async () => {})()',
    'import("node:fs")',
    '/"/.test(record.a) || import("node:fs").catch(error => error) || /"/',
    '`${import("node:fs")}`',
  ])
    it(`is refused as ${source}: a record does not wait`, () => {
      const decoded = stepsSchema.decode([{ script: { source } }])
      assert.ok(decoded.ok)
      assert.match(checkSteps(decoded.value, ['steps'])[0].message, /^a record does not wait/)
    })

  it('may have any word in a text', () =>
    assert.deepEqual(scripted('record.m === "await import"', '{"m":"await import"}'), [
      '{"m":"await import"}',
    ]))

  for (const source of ['1); globalThis.x = 1; (2', '1], [2'])
    it(`is refused as ${source}: it is more than one expression`, () => {
      const decoded = stepsSchema.decode([{ script: { source } }])
      assert.ok(decoded.ok)
      assert.match(checkSteps(decoded.value, ['steps'])[0].message, /^expected a JavaScript expression/)
    })

  it('is refused when it is no expression', () => {
    const decoded = stepsSchema.decode([{ script: { source: 'if (a) b' } }])
    assert.ok(decoded.ok)
    const [problem] = checkSteps(decoded.value, ['steps'])
    assert.match(problem.message, /^expected a JavaScript expression: Unexpected token 'if'/)
  })
})

describe('that a script ends is', () => {
  for (const source of [
    'record.level === "debug" ? false : true',
    'record.a = (record.b + 1) * 2, delete record.c',
    'record.m = String(record.m).toLowerCase().slice(0, 5)',
    "record.x = 'for (;;) {}'",
    '({ a: record.a ?? null, b: Math.max(record.b, 1) })',
    'record.a?.includes("x")',
  ])
    it(`proved of ${source}`, () => assert.ok(isBounded(source)))

  for (const source of [
    '(() => { for (;;); })()',
    'record.a.repeat(1e9)',
    'record["constructor"]("x")',
    'record.list.map(record.f)',
    '(0, eval)("1")',
    '/(a+)+$/.test(record.m)',
    '`${record.a}`',
    'function f() {}',
    'record.padEnd(1e9)',
    '(record.f)("x")',
    'record.f?.("x")',
    'new Array(1e9)',
    "'unclosed",
    '\\u0065val("1")',
    'record.f\n(1)',
    '"a" + "\\"" + \'"\' + f()',
    '[].concat.call(1)',
    '({ toString: record.f })',
  ])
    it(`not proved of ${source}`, () => assert.equal(isBounded(source), source.includes('toString: ')))
})
