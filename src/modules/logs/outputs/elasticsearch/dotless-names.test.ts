import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { replaceDots } from './dotless-names.ts'

const dotless = (json: string) => {
  const bytes = Buffer.from(`..${json}..`)
  replaceDots(bytes, 2, bytes.length - 2)
  assert.equal(bytes.toString('utf8', 0, 2) + bytes.toString('utf8', bytes.length - 2), '....')
  return bytes.toString('utf8', 2, bytes.length - 2)
}

describe('names without dots', () => {
  const cases: [json: string, dotless: string][] = [
    ['{"a.b":"c.d"}', '{"a_b":"c.d"}'],
    ['{"a":{"b.c.d" : [{"e.":1.5}]}}', '{"a":{"b_c_d" : [{"e_":1.5}]}}'],
    ['{"a\\".b":"\\":.\\""}', '{"a\\"_b":"\\":.\\""}'],
    ['{"x":["a.b","c.d"]}', '{"x":["a.b","c.d"]}'],
    ['{}', '{}'],
  ]
  for (const [json, expected] of cases)
    it(`${json} becomes ${expected}`, () => assert.equal(dotless(json), expected))

  it('are those of all objects, and nothing else changes', () => {
    const renamed = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(renamed)
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(
        Object.entries(value).map(([name, one]) => [name.replaceAll('.', '_'), renamed(one)]),
      )
    }
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 1), (value, indent) => {
        const json = JSON.stringify(value, null, indent)
        fc.pre(!json.includes('__proto__'))
        assert.deepEqual(JSON.parse(dotless(json)), renamed(JSON.parse(json)))
      }),
    )
  })
})
