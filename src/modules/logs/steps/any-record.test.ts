import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { recordsOf } from '../lines-fake.ts'
import { processorOf } from '../processor-fake.ts'

/** One of every kind, on fields that the records below have in every shape. */
const STEPS: readonly object[] = [
  { add: { fields: { a: 1, 'o.p.q': 'x' }, overwrite: true } },
  { fill: { fields: { id: '{$uuid}', 'o.t': '{a}{b|"-"}{$path}{%Y}' } } },
  { remove: ['a', 'o.b', 'x*', '/^y/'] },
  { select: ['*'] },
  { rename: { fields: { a: 'ü"', 'o.a': 'b' } } },
  { move: { fields: { a: 'o.a', o: 'p.o' } } },
  { copy: { fields: { b: 'o.b', o: 'o.o' } } },
  { nest: { fields: ['a*', 'o'], under: 'o.n', addPrefix: 'n_' } },
  { lift: { field: 'o', removePrefix: 'n' } },
  { order: { first: ['b', 'o'], last: ['a'] } },
  { convert: { fields: { a: 'integer', b: 'float', c: 'boolean', 'o.a': 'string', o: 'json', x: 'hex' } } },
  { parse: { field: 'a', format: 'json', into: 'o.parsed' } },
  { parse: { field: 'b', format: 'logfmt', keepField: true, otherwise: [{ format: 'syslog' }] } },
  { keep: 'not (a == 17 and b matches "^never$")' },
  { drop: 'c in ["never", 4711] and any("^never$")' },
  { redact: { names: ['b*'], detect: ['card', 'email', 'jwt', 'token', 'aws_key', 'ipv4', 'ipv6'] } },
  { redact: { fields: ['o.a', 'a'], method: 'sha256' } },
  { redact: { pattern: '[0-9]{3}', mask: '"\\' } },
  { sample: { rate: 1, by: 'a' } },
  { throttle: { records: 1_000_000, by: ['a', 'o'] } },
  { dedupe: { by: ['nothing', 'a'], countField: 'o.count', window: '10ms' } },
  { metric: { kind: 'gauge', name: 'any_value', value: 'a', labels: { b: 'b', o: 'o' }, maxSeries: 5 } },
  { script: { source: 'record.s = String(record.a).slice(0, 5)' } },
  { retag: [{ field: 'b', to: 'again.{$0}' }] },
  { kubernetes: { podInfo: '/nowhere' } },
  { only: { tags: ['*'], when: 'exists(a)', steps: [{ remove: ['a'] }] } },
]

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    '4111 1111 1111 1111',
    'a@b.example',
    'AKIAABCDEFGHIJKLMNOP',
    '10.0.0.7',
    '{"x":[1,{"y":"z"}]}',
    'k=v level="q"',
    '0042.5e3',
    '0xff',
    'true',
    '<34>1 - - - - - - x',
    '\ud800',
  ),
)
const name = fc.oneof(fc.constantFrom('a', 'b', 'c', 'o', 'x', 'xy', 'id', 'ü"', ''), text)
const { value } = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.jsonValue({ maxDepth: 0 }),
    text,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4 }),
  ),
}))
/** JSON text with white space, escapes, numbers as no writer of ours has them, duplicate names, and bytes that are not UTF-8. */
const line = fc
  .tuple(fc.array(fc.tuple(name, value), { maxLength: 6 }), fc.constantFrom('', ' '), fc.boolean())
  .map(([members, space, breaks]) => {
    const written = members.map(
      ([name, of]) => `${JSON.stringify(name)}${space}:${JSON.stringify(of)?.replaceAll('1', '1.0e0')}`,
    )
    const bytes = Buffer.from(`{${space}${written.join(`${space},`)}}`).toString('latin1')
    return breaks ? bytes.replace(/"a/g, '"a\xff') : bytes
  })

describe('any steps over any record', () => {
  it('throw nothing and leave one JSON object each', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...STEPS), { minLength: 1, maxLength: 6 }),
        fc.array(line, { minLength: 1, maxLength: 4 }),
        (steps, lines) => {
          const { batches } = processorOf({ format: 'json' }, steps)
          for (const batch of batches(lines.join('\n')))
            for (const record of recordsOf(batch)) {
              const made: unknown = JSON.parse(Buffer.from(record, 'latin1').toString())
              assert.ok(typeof made === 'object' && made !== null && !Array.isArray(made), record)
            }
        },
      ),
      { numRuns: 400 },
    )
  })

  it('do so for each kind alone', () => {
    for (const step of STEPS)
      fc.assert(
        fc.property(line, text => {
          for (const batch of processorOf({ format: 'json' }, [step]).batches(text))
            for (const record of recordsOf(batch)) JSON.parse(Buffer.from(record, 'latin1').toString())
        }),
        { numRuns: 40 },
      )
  })
})
