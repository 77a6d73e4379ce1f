import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isIndependent, mend } from './mend.ts'
import { s } from './schema.ts'

const about = 'Something.'
const schema = s.object(
  {
    name: s.string({ about }),
    port: s.integer({ about, min: 1, max: 9, default: 3 }),
    places: s.list(
      s.oneOf(
        { web: s.object({ url: s.url({ about }), wait: s.duration({ about, min: '2s' }) }, { about }) },
        { about },
      ),
      { about, minItems: 1 },
    ),
    named: s.map(s.object({ size: s.size({ about }), on: s.boolean({ about, optional: true }) }, { about }), {
      about,
      default: {},
    }),
    step: s.tagged(
      'type',
      {
        keep: s.object({ type: s.choice(['keep'], { about }), key: s.secret({ about }) }, { about }),
        drop: s.object({ type: s.choice(['drop'], { about }) }, { about }),
      },
      { about, optional: true },
    ),
  },
  { about },
)

const mended = (input: unknown) => {
  const decoded = schema.decode(input)
  return decoded.ok
    ? input
    : mend(
        schema.doc,
        input,
        decoded.problems.map(({ path }) => path),
      )
}

const table: [what: string, input: unknown, output: unknown][] = [
  [
    'an option with a default is left out',
    { name: 'a', port: 99, places: [{ web: { url: 'http://a', wait: '3s' } }] },
    { name: 'a', places: [{ web: { url: 'http://a', wait: '3s' } }] },
  ],
  [
    'an unknown option is left out',
    { name: 'a', prot: 1, places: [{ web: { url: 'http://a', wait: '3s' } }] },
    { name: 'a', places: [{ web: { url: 'http://a', wait: '3s' } }] },
  ],
  [
    'what is required is made up, in its place',
    { name: 1, places: [{ web: { url: 'a', wait: '1s' } }, 5] },
    {
      name: 'x',
      places: [
        { web: { url: 'http://host.invalid', wait: '2s' } },
        { web: { url: 'http://host.invalid', wait: '2s' } },
      ],
    },
  ],
  [
    'names that the user chose stay',
    { name: 'a', places: [{ web: { url: 'http://a', wait: '3s' } }], named: { one: 5 } },
    { name: 'a', places: [{ web: { url: 'http://a', wait: '3s' } }], named: { one: { size: '1MiB' } } },
  ],
  [
    'a missing list gets as many items as it needs',
    { name: 'a' },
    { name: 'a', places: [{ web: { url: 'http://host.invalid', wait: '2s' } }] },
  ],
]
describe('mending', () => {
  for (const [what, input, output] of table) test(what, () => assert.deepEqual(mended(input), output))

  test('gives what the schema takes, whatever came', () => {
    const junk = fc.oneof(
      fc.constantFrom(null, 1, 'x', true, '3s', '1KiB', 'http://a', 'drop'),
      fc.array(fc.integer(), { maxLength: 2 }),
    )
    const item = fc.oneof(
      junk,
      fc.record({
        web: fc.oneof(junk, fc.record({ url: junk, wait: junk, more: junk }, { requiredKeys: [] })),
      }),
    )
    const input = fc.record(
      {
        name: junk,
        port: junk,
        places: fc.oneof(junk, fc.array(item)),
        named: fc.oneof(
          junk,
          fc.dictionary(
            fc.string(),
            fc.oneof(junk, fc.record({ size: junk, on: junk, x: junk }, { requiredKeys: [] })),
          ),
        ),
        step: fc.oneof(junk, fc.record({ type: junk, key: junk }, { requiredKeys: [] })),
        more: junk,
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(input, value => {
        const decoded = schema.decode(mended(value))
        assert.ok(decoded.ok, JSON.stringify(decoded))
      }),
      {
        examples: [
          [{ named: JSON.parse('{"__proto__":{}}') }],
          [{ named: JSON.parse('{"__proto__":{},"":{}}') }],
        ],
      },
    )
  })

  test('gives up on text that must match a pattern nobody gave an example of', () => {
    const strict = s.object({ name: s.string({ about, pattern: /^z+$/ }) }, { about })
    assert.equal(mend(strict.doc, { name: 'a' }, [['name']]), undefined)
  })
})

const independence: [path: (string | number)[], wrong: (string | number)[], independent: boolean][] = [
  [['a', 'b'], ['a', 'c'], false],
  [['a', 'b'], ['a', 'c', 'd'], false],
  [['a', 'b', 'c'], ['a', 'b'], false],
  [['a', 'b'], ['a', 'b', 'c'], false],
  [['a'], ['b'], false],
  [['a', 'b'], ['c'], true],
  [['a', 0, 'b'], ['a', 1, 'b'], true],
]
for (const [path, wrong, independent] of independence)
  test(`a rule's problem at ${path.join('.')} ${independent ? 'stands' : 'may follow from'} ${independent ? 'beside' : 'what is'} wrong at ${wrong.join('.')}`, () =>
    assert.equal(isIndependent({ path, message: '' }, [wrong]), independent))
