import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Batch } from './batch.ts'
import { linesOf, recordsOf } from './lines-fake.ts'
import { processorOf } from './processor-fake.ts'

describe('the processor', () => {
  it("hands the input's own buffer on while no record differs from its line", () => {
    const lines = linesOf('{"a":1}\n{"a":2}\r\n\n{"a":3}\n')
    const batch = processorOf({}, [{ drop: 'a == 2' }]).process(lines)
    assert.equal(batch.bytes, lines.bytes)
    assert.deepEqual(recordsOf(batch), ['{"a":1}', '{"a":3}'])
  })

  it('goes over to a buffer of its own with the first record that differs', () => {
    const lines = linesOf('junk\n{"a":1}\n{"a":2}\nnope\n{"a":3}\n')
    lines.starts[0] = lines.ends[0]
    const batch = processorOf({}).process(lines)
    assert.notEqual(batch.bytes, lines.bytes)
    assert.deepEqual(
      recordsOf(batch).map(record => JSON.parse(record) as object),
      [
        { a: 1 },
        { a: 2 },
        { message: 'nope', parse_error: 'not a JSON object: expected an object at byte 1' },
        { a: 3 },
      ],
    )
  })

  const withoutText: [format: object, records: string[]][] = [
    [{ format: 'raw' }, ['{"message":""}', '{"message":"a"}', '{"message":""}']],
    [{ format: 'regex', pattern: '^(?<x>a?)$', skipEmpty: false }, ['{"x":""}', '{"x":"a"}', '{"x":""}']],
    [{ format: 'regex', pattern: '^(?<x>a)$' }, ['""', '{"x":"a"}', '""']],
    [{ format: 'logfmt' }, ['""', '""', '""']],
    [{ format: 'ltsv' }, ['{}', '""', '{}']],
    [{ format: 'json' }, ['""', '""', '""']],
    [{ format: 'syslog' }, ['""', '""', '""']],
  ]
  for (const [format, expected] of withoutText)
    it(`makes a record of a line without text where the input keeps them: ${JSON.stringify(format)}`, () => {
      const { process } = processorOf(format, [], { keepEmptyLines: true })
      const records = recordsOf(process(linesOf('\na\n\r\n')))
      const short = records.map(record =>
        'parse_error' in JSON.parse(record) && JSON.parse(record).message === '' ? '""' : record,
      )
      assert.equal(short.length, 3)
      for (const [index, each] of expected.entries())
        if (each !== '""' || index !== 1) assert.equal(short[index], each)
    })

  it('gives a batch of no records its origin, so that the position moves on', () => {
    const { process, metric } = processorOf({}, [{ drop: 'exists(a)' }])
    const lines = linesOf('{"a":1}\n\n\r\n')
    const batch = process(lines)
    assert.equal(batch.count, 0)
    assert.equal(batch.origin, lines.origin)
    assert.equal(metric('dropped_records_total', { reason: 'steps[0].drop' }), 1)
    assert.equal(process(linesOf('')).count, 0)
  })

  for (const format of ['json', 'raw', 'cri']) {
    it(`marks the pieces of a line that was split under ${format}, and does not parse them`, () => {
      const { process, metric } = processorOf({ format }, [{ add: { fields: { x: 1 } } }])
      const batch = process(linesOf('{"a":"\xff\n"}', { pieces: Uint8Array.of(1, 1) }))
      assert.deepEqual(recordsOf(batch), [
        '{"message":"{\\"a\\":\\"\xff","line_split":true,"x":1}',
        '{"message":"\\"}","line_split":true,"x":1}',
      ])
      assert.equal(metric('line_pieces_total'), 2)
      assert.equal(metric('parse_failures_total', { format }), 0)
    })
  }

  it('gives pieces the time at which they were read, and does not call it unreadable', () => {
    const { process, metric } = processorOf({ time: { field: 't' } })
    const batch = process(linesOf('x', { pieces: Uint8Array.of(1) }))
    assert.equal(batch.timesMs[0], Date.UTC(2026, 0, 1))
    assert.equal(metric('unreadable_times_total'), 0)
  })

  it('gives batches that do not share memory with each other', () => {
    const { process } = processorOf({ format: 'raw' })
    const first = process('a\nb')
    process('cc\ndd')
    assert.deepEqual(recordsOf(first), ['{"message":"a"}', '{"message":"b"}'])
  })

  it('wastes little of the buffers that wait for their outputs', () => {
    const { process } = processorOf({}, [{ add: { fields: { added: 'x'.repeat(100) } } }])
    for (let round = 0; round < 3; round++) {
      const { bytes, ends, count } = process('{"a":1}\n'.repeat(1000))
      assert.ok(bytes.buffer.byteLength <= ends[count - 1] * 1.3)
    }
  })

  it('takes many lines in steps of a few, so that it never holds the loop for long', () => {
    const line = `{"text":"${'x'.repeat(990)}"}\n`
    const work = processorOf({}).begin(line.repeat(200))
    let steps = 1
    let step = work.next()
    for (; !step.done; step = work.next()) steps++
    assert.equal(step.value[0].count, 200)
    assert.ok(steps > 10 && steps < 20, `${steps} steps`)
  })

  it('keeps several batches apart that are under way in turn', () => {
    const { begin } = processorOf({ format: 'raw' })
    const texts = ['a', 'b', 'c'].map(letter => letter.repeat(5000))
    const under = texts.map(text => begin(`${text}\n`.repeat(20)))
    const batches: Batch[] = []
    for (let left = under.length; left > 0; ) {
      for (const [n, work] of under.entries()) {
        if (batches[n] !== undefined) continue
        const step = work.next()
        if (!step.done) continue
        batches[n] = step.value[0]
        left--
      }
    }
    for (const [n, text] of texts.entries())
      assert.deepEqual(recordsOf(batches[n]), Array(20).fill(`{"message":"${text}"}`))
  })

  it('does with any mixture of lines what parsing each of them would', () => {
    const line = fc.constantFrom(
      '{"a":1}',
      '{"a":2, "k":"v"}',
      '{"a":3,"s":"x"}',
      ' {"a":4} \r',
      'nope',
      '',
      '\r',
      '{"a":2}',
    )
    const { process } = processorOf({}, [{ drop: 'a == 2' }, { redact: { fields: ['s'] } }])
    const property = fc.property(fc.array(line, { maxLength: 12 }), lines => {
      const wanted = lines
        .filter(line => line.trim() !== '' && !line.includes('"a":2'))
        .map(line => (line === 'nope' ? 'nope' : line.trim().replace('"x"', '"[redacted]"')))
      const records = recordsOf(process(lines.map(line => `${line}\n`).join('')))
      assert.deepEqual(
        records.map(record => (record.startsWith('{"message"') ? 'nope' : record)),
        wanted,
      )
    })
    fc.assert(property, { numRuns: 500 })
  })
})

describe('tags', () => {
  it('keep records of one tag in one batch, and the position with the lines’ own', () => {
    const { batches } = processorOf({}, [{ only: { tags: ['test'], steps: [{ drop: 'n == 2' }] } }])
    const [batch, ...more] = batches('{"n":1}\n{"n":2}\n')
    assert.deepEqual([recordsOf(batch), batch.origin.tag, more.length], [['{"n":1}'], 'test', 0])
    const [other] = processorOf({}, [{ only: { tags: ['other'], steps: [{ drop: 'n == 2' }] } }]).batches(
      '{"n":1}\n{"n":2}\n',
    )
    assert.equal(other.count, 2)
  })

  it('of records whose condition does not hold leave them as they are', () => {
    const { process } = processorOf({}, [
      { only: { when: 'n > 1', steps: [{ add: { fields: { big: true } } }] } },
    ])
    assert.deepEqual(recordsOf(process('{"n":1}\n{"n":2}\n')), ['{"n":1}', '{"n":2,"big":true}'])
  })
})

it('takes the times that an input brought, and the moment of reading where it brought none', () => {
  const { process } = processorOf({})
  const lines = linesOf('{"n":1}\n{"n":2}\n', { timesMs: Float64Array.of(1000, Number.NaN) })
  assert.deepEqual([...process(lines).timesMs], [1000, lines.readAtMs])
})
