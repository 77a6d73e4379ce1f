import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { keyOf, keyPathOf } from './path.ts'
import { JsonRecord } from './record.ts'
import { ValueSpan } from './value.ts'
import { ByteWriter } from './writer.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Edit =
  | { do: 'set'; path: string[]; value: Json }
  | { do: 'add'; path: string[]; value: Json }
  | { do: 'remove'; path: string[] }
  | { do: 'rename'; path: string[]; name: string }

/** Few names, so that edits meet members and each other; some that need escapes. */
const name = fc.constantFrom('a', 'b', 'c', 'äö', 'q"\\', '\n', '')
const path = fc.array(name, { minLength: 1, maxLength: 3 })
const json = fc.letrec<{ value: Json; object: { [key: string]: Json } }>(tie => ({
  object: fc.dictionary(name, tie('value'), { maxKeys: 5 }),
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Json>(null, true, false, 0, -1.5e300, 12, 'x', '"\\\u0001', ''),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
  ),
}))
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ do: fc.constant('set' as const), path, value: json.value }),
  fc.record({ do: fc.constant('add' as const), path, value: json.value }),
  fc.record({ do: fc.constant('remove' as const), path }),
  fc.record({ do: fc.constant('rename' as const), path, name }),
)
const spacing = fc.constantFrom<number | string | undefined>(undefined, 1, '\t')

function opened(text: string | Buffer): JsonRecord {
  const record = new JsonRecord()
  const bytes = Buffer.from(text)
  assert.ok(record.open(bytes, 0, bytes.length), record.error)
  return record
}

function written(record: JsonRecord): string {
  const out = new ByteWriter(1)
  record.writeTo(out)
  return out.bytes.toString('latin1', 0, out.length)
}

function rewritten(record: JsonRecord): Json {
  return JSON.parse(Buffer.from(written(record), 'latin1').toString()) as Json
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The same edit on a parsed object, by the words of JsonRecord's contract. */
function applyTo(object: { [key: string]: Json }, { path: [key, ...rest], ...edit }: Edit): boolean {
  if (rest.length > 0) {
    if ((edit.do === 'set' || edit.do === 'add') && !Object.hasOwn(object, key)) object[key] = {}
    const inner = Object.hasOwn(object, key) ? object[key] : undefined
    return isObject(inner) && applyTo(inner, { ...edit, path: rest } as Edit)
  }
  if (edit.do === 'add' && Object.hasOwn(object, key)) return false
  if (edit.do === 'set' || edit.do === 'add') {
    object[key] = edit.value
    return true
  }
  if (!Object.hasOwn(object, key)) return false
  if (edit.do === 'rename' && edit.name === key) return true
  const value = object[key]
  delete object[key]
  if (edit.do === 'rename') object[edit.name] = value
  return true
}

function apply(record: JsonRecord, edit: Edit): boolean {
  const path = keyPathOf(edit.path)
  if (edit.do === 'set') return record.set(path, Buffer.from(JSON.stringify(edit.value)))
  if (edit.do === 'add') return record.add(path, Buffer.from(JSON.stringify(edit.value)))
  if (edit.do === 'remove') return record.remove(path)
  return record.rename(path, keyOf(edit.name))
}

describe('JsonRecord', () => {
  it('edits as the same edits on the parsed object do, record after record', () => {
    const record = new JsonRecord()
    const property = fc.property(
      json.object,
      spacing,
      fc.array(edit, { maxLength: 6 }),
      (object, space, edits) => {
        const bytes = Buffer.from(JSON.stringify(object, undefined, space))
        assert.ok(record.open(bytes, 0, bytes.length), record.error)
        for (const one of edits) assert.equal(apply(record, one), applyTo(object, one))
        assert.deepEqual(rewritten(record), JSON.parse(JSON.stringify(object)))
      },
    )
    fc.assert(property, { numRuns: 2000 })
  })

  it('reads a field at any depth as it is after the edits', () => {
    const record = new JsonRecord()
    const value = new ValueSpan()
    const property = fc.property(json.object, spacing, fc.option(edit), path, (object, space, edit, path) => {
      const bytes = Buffer.from(JSON.stringify(object, undefined, space))
      assert.ok(record.open(bytes, 0, bytes.length), record.error)
      if (edit) apply(record, edit)
      const wanted = path.reduce<Json | undefined>(
        (at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined),
        rewritten(record),
      )
      const found = record.locate(keyPathOf(path), value)
      assert.equal(found, wanted !== undefined)
      if (found) assert.deepEqual(JSON.parse(value.bytes.toString('utf8', value.start, value.end)), wanted)
      if (typeof wanted === 'string') assert.equal(value.text(), wanted)
      if (typeof wanted === 'number') assert.equal(value.number(), wanted)
    })
    fc.assert(property, { numRuns: 2000 })
  })

  it('knows whether an edit has changed anything', () => {
    const record = opened('{"a":{"b":1}}')
    assert.equal(record.remove(keyPathOf(['a', 'x'])), false)
    assert.equal(record.changed, false)
    assert.equal(record.remove(keyPathOf(['a', 'b'])), true)
    assert.equal(record.changed, true)
    assert.equal(written(record), '{"a":{}}')
  })

  it('reads the last of several members with one name and cuts them all', () => {
    const record = opened('{"a":1, "b":2, "\\u0061":3}')
    const value = new ValueSpan()
    assert.ok(record.locate(keyPathOf(['a']), value))
    assert.equal(value.number(), 3)
    record.remove(keyPathOf(['a']))
    assert.equal(written(record), '{"b":2}')
  })

  const cuts: [text: string, remove: string[], left: string][] = [
    ['{"a":1}', ['a'], '{}'],
    ['{ "a" : 1 }', ['a'], '{}'],
    ['{"a":1,"b":2,"c":3}', ['a'], '{"b":2,"c":3}'],
    ['{"a":1,"b":2,"c":3}', ['b'], '{"a":1,"c":3}'],
    ['{"a":1,"b":2,"c":3}', ['c'], '{"a":1,"b":2}'],
    ['{"a":1,"b":2,"c":3}', ['a', 'b', 'c'], '{}'],
    ['{"a":1 , "b":2 , "c":3}', ['c'], '{"a":1 , "b":2}'],
  ]
  for (const [text, names, left] of cuts) {
    it(`leaves ${left} of ${text} without ${names.join(' and ')}`, () => {
      const record = opened(text)
      for (const name of names) record.remove(keyPathOf([name]))
      assert.equal(written(record), left)
    })
  }

  it('keeps bytes that are not UTF-8 through an edit', () => {
    const record = opened(Buffer.from('{"a":"\xff\xfe","b":"\x80"}', 'latin1'))
    record.set(keyPathOf(['c']), Buffer.from('1'))
    assert.equal(written(record), '{"a":"\xff\xfe","b":"\x80","c":1}')
  })

  it('rewrites a value from its own bytes', () => {
    const record = opened('{"a":{"b":"secret","c":1}}')
    const path = keyPathOf(['a', 'b'])
    const value = new ValueSpan()
    assert.ok(record.locate(path, value))
    record.rewrite(path, out => {
      out.string(Buffer.from('x'), 0, 1)
    })
    assert.equal(written(record), '{"a":{"b":"x","c":1}}')
  })
})

describe('ByteWriter', () => {
  it('writes any text as the JSON string that JSON.parse reads back', () => {
    const property = fc.property(fc.string({ unit: 'binary' }), text => {
      const source = Buffer.from(text)
      const out = new ByteWriter(1)
      out.string(source, 0, source.length)
      assert.equal(JSON.parse(out.bytes.toString('utf8', 0, out.length)), source.toString())
    })
    fc.assert(property)
  })

  it('keeps bytes that are not UTF-8 and escapes those that may not stand bare', () => {
    const source = Buffer.from('\xff"\\\x00\x1f\x7f\n\t\r\b\f', 'latin1')
    const out = new ByteWriter(1)
    out.string(source, 0, source.length)
    assert.equal(
      out.bytes.toString('latin1', 0, out.length),
      '"\xff\\"\\\\\\u0000\\u001f\x7f\\n\\t\\r\\b\\f"',
    )
  })
})
