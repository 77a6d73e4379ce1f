import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ByteWriter } from '../../../../wire/json/writer.ts'
import { fakeSlice } from '../output-fakes.ts'
import { writeArrows } from './arrows.ts'
import { arrowLines, jsonArray, jsonLines, taggedLines } from './layout.ts'

const TIME = Date.UTC(2026, 0, 2, 3, 4, 5) + 678.5

function slice(records: readonly object[]) {
  const { frame, from, to } = fakeSlice(records)
  const timesMs = new Float64Array(records.length).fill(TIME)
  const origin = { input: 'x', path: 'x', tag: 'app.0' }
  return { frame: { ...frame, batch: { ...frame.batch, timesMs, origin } }, from, to }
}

describe('records as lines', () => {
  const slices = [slice([{ a: 1 }, {}]), slice([{ b: 'x' }])]

  test('JSON with the time as its first field', () => {
    const lines = jsonLines({ field: 'date', format: 'double' })(slices).toString()
    assert.equal(
      lines,
      '{"date":1767323045.678000,"a":1}\n{"date":1767323045.678000}\n{"date":1767323045.678000,"b":"x"}\n',
    )
  })

  test('one JSON array', () => {
    assert.equal(jsonArray(undefined)(slices).toString(), '[{"a":1},{},{"b":"x"}]\n')
    assert.equal(
      jsonArray({ field: 'd', format: 'epoch' })([slices[1]]).toString(),
      '[{"d":1767323045,"b":"x"}]\n',
    )
  })

  test('for reading, counted anew for each batch', () => {
    assert.equal(
      arrowLines(slices).toString(),
      '[0] app.0: [[1767323045.678500000, {}], {"a"=>1}]\n[1] app.0: [[1767323045.678500000, {}], {}]\n[0] app.0: [[1767323045.678500000, {}], {"b"=>"x"}]\n',
    )
  })

  test('with tag and time before the record', () => {
    assert.equal(taggedLines([slices[1]]).toString(), 'app.0: [1767323045.678500000, {"b":"x"}]\n')
  })
})

describe('JSON with arrows', () => {
  const arrows = (value: unknown) => {
    const bytes = Buffer.from(JSON.stringify(value))
    const out = new ByteWriter(16)
    writeArrows(bytes, 0, bytes.length, out)
    return out.bytes.toString('utf8', 0, out.length)
  }

  test('has an arrow for each colon, a nil for each null, six digits behind each point', () => {
    assert.equal(
      arrows({ a: [1, 2.5, null, true], 'b:c,"': { d: 'x: y, null' }, e: -1e300, f: {} }),
      `{"a"=>[1, 2.500000, nil, true], "b:c,""=>{"d"=>"x: y, null"}, "e"=>${(-1e300).toFixed(6)}, "f"=>{}}`,
    )
  })

  test('shows texts as they are', () => {
    assert.equal(arrows({ log: 'in "main"\n\tat a\\b ä\u0001' }), '{"log"=>"in "main"\n\tat a\\b ä\u0001"}')
  })

  test('leads back to the same value where no text is escaped', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), value => {
        fc.pre(!JSON.stringify(value).includes('\\'))
        const text = JSON.stringify(value, (_, each) =>
          typeof each === 'number' ? Math.trunc(each) % 1e9 : each,
        )
        const bytes = Buffer.from(text)
        const out = new ByteWriter(16)
        writeArrows(bytes, 0, bytes.length, out)
        const back = out.bytes
          .toString('utf8', 0, out.length)
          .replaceAll(/"(?:[^"\\]|\\.)*"|=>|nil/g, piece =>
            piece === '=>' ? ':' : piece === 'nil' ? 'null' : piece,
          )
        assert.deepEqual(JSON.parse(back), JSON.parse(text))
      }),
    )
  })
})
