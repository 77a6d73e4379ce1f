import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { StdinJsonFraming } from './json-framing.ts'

/** What is found when the text comes in these parts: each message, behind its time when it has one. */
function foundIn(parts: readonly Buffer[], maxBytes = 1 << 20): string[] {
  const framing = new StdinJsonFraming(maxBytes)
  const messages: string[] = []
  let rest: Buffer = Buffer.alloc(0)
  const take = (chunk: Buffer, final: boolean) => {
    const bytes = Buffer.concat([rest, chunk])
    const { count, starts, ends, timesMs, next } = framing.find(bytes, final)
    for (let i = 0; i < count; i++) {
      const time = timesMs?.[i] ?? Number.NaN
      messages.push(`${Number.isNaN(time) ? '' : `${time} `}${bytes.toString('utf8', starts[i], ends[i])}`)
    }
    rest = bytes.subarray(next)
  }
  for (const part of parts) take(part, false)
  take(Buffer.alloc(0), true)
  assert.equal(rest.length, 0)
  return messages
}

describe('JSON on standard input', () => {
  const cases: readonly (readonly [text: string, messages: readonly string[]])[] = [
    ['{"a":1}{"a":2}', ['{"a":1}', '{"a":2}']],
    ['{"a":1}, {"a":\n{"b":[2]}}\n\n', ['{"a":1}', '{"a": {"b":[2]}}']],
    [
      '[1475898286, {"a":1}]\n[ 5.5,{"a":"]"} ]{"b":1}',
      ['1475898286000 {"a":1}', '5500 {"a":"]"}', '{"b":1}'],
    ],
    ['oh no\n{"a":1}\n', ['oh no', '{"a":1}']],
    ['{"a":1} and more\n{"a":2}', ['{"a":1}', 'and more', '{"a":2}']],
    ['[1,2]\n{"a":1}', ['[1,2]', '{"a":1}']],
    ['{"a":"\\"}{"}{"b":', ['{"a":"\\"}{"}', '{"b":']],
    ['', []],
    [' \n,]\n', []],
  ]
  for (const [text, messages] of cases)
    test(`${JSON.stringify(text)} holds ${messages.length}`, () =>
      assert.deepEqual(foundIn([Buffer.from(text)]), messages))

  test('wherever the pipe cuts the text', () => {
    const text = '{"a":1}[12.5, {"b":"\\"}"}]\nnone\n{"c":[{"d":"ä"}]}'
    const whole = foundIn([Buffer.from(text)])
    assert.equal(whole.length, 4)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: Buffer.byteLength(text) }), { maxLength: 6 }), cuts => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), Buffer.byteLength(text)]
        const parts = at.slice(1).map((end, i) => Buffer.from(text).subarray(at[i], end))
        assert.deepEqual(foundIn(parts), whole)
      }),
    )
  })

  test('what does not end is not held without a bound', () => {
    const messages = foundIn([Buffer.from('{"a":"'), Buffer.alloc(100, 'x'), Buffer.from('\n{"b":1}')], 64)
    assert.equal(messages.join('').includes('{"b":1}'), true)
    assert.ok(messages.length >= 2)
  })
})
