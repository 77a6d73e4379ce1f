// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references of the configuration, not templates
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import type { Address } from '../module.ts'
import { Interpolated } from './interpolated.ts'
import type { Problem } from './problem.ts'
import { type Infer, type Schema, Secret, s } from './schema.ts'

const about = 'for the test'
const everything = s.object(
  {
    text: s.string({ about, optional: true }),
    slug: s.string({ about, optional: true, pattern: /^[a-z]+$/, expected: 'lower-case letters' }),
    key: s.secret({ about, optional: true }),
    url: s.url({ about, optional: true }),
    listen: s.address({ about, optional: true }),
    count: s.integer({ about, default: 3, min: 1, max: 9 }),
    ratio: s.number({ about, optional: true }),
    on: s.boolean({ about, default: true }),
    timeout: s.duration({ about, default: '5s', min: '1s', max: '1m' }),
    body: s.size({ about, default: '1MiB' }),
    mode: s.choice(['fast', 'safe'], { about, default: 'safe' }),
    any: s.scalar({ about, default: null }),
    status: s.ignored({ about }),
    names: s.list(s.string({ about }), { about, default: [] }),
    labels: s.map(s.scalar({ about }), { about, default: {} }),
    nested: s.object({ wait: s.duration({ about, default: '1s' }) }, { about, default: {} }),
    target: s.oneOf(
      { http: s.object({ url: s.url({ about }) }, { about }), none: s.object({}, { about }) },
      { about, optional: true },
    ),
  },
  { about },
)

test('defaults are filled in, units are resolved into the names of the fields, optional fields are absent', () => {
  assert.deepEqual(decoded(everything, {}), {
    count: 3,
    on: true,
    timeoutMs: 5_000,
    bodyBytes: 1_048_576,
    mode: 'safe',
    any: null,
    names: [],
    labels: {},
    nested: { waitMs: 1_000 },
  })
})

test('what is ignored may be anything, and is not part of the value', () => {
  for (const status of [null, 1, 'x', [{}], { a: { b: [1] } }])
    assert.deepEqual(decoded(everything, { status }), decoded(everything, {}))
})

test('decoded values have the types that the schema infers', () => {
  const value: Infer<typeof everything> = decoded(everything, {
    target: { http: { url: 'http://a' } },
    listen: '[::1]:80',
  })
  const wait: number = value.nested.waitMs
  const listen: Address | undefined = value.listen
  const mode: 'fast' | 'safe' = value.mode
  const text: string | undefined = value.text
  const url = value.target?.kind === 'http' ? value.target.config.url : undefined
  // @ts-expect-error decoded values are read-only
  value.count = 5
  // @ts-expect-error the name carries the unit
  assert.equal(value.timeout, undefined)
  assert.deepEqual(
    { wait, listen, mode, text, url },
    { wait: 1_000, listen: { host: '::1', port: 80 }, mode: 'safe', text: undefined, url: 'http://a' },
  )
})

test('values of two calls share nothing', () => {
  const [first, second] = [decoded(everything, {}), decoded(everything, {})]
  assert.notEqual(first.names, second.names)
  assert.notEqual(first.labels, second.labels)
})

const conversions: [keyof Infer<typeof everything>, string, string, unknown][] = [
  ['count', 'count', '7', 7],
  ['ratio', 'ratio', '-0.5', -0.5],
  ['on', 'on', 'FALSE', false],
  ['timeoutMs', 'timeout', '1m', 60_000],
  ['bodyBytes', 'body', '2KiB', 2_048],
  ['text', 'text', '42', '42'],
  ['any', 'any', '42', '42'],
]

for (const [name, key, text, expected] of conversions) {
  test(`"${text}" from the environment becomes ${JSON.stringify(expected)} in ${key}`, () => {
    assert.deepEqual(decoded(everything, { [key]: new Interpolated(text, '${X}') })[name], expected)
  })
}

test('a secret shows itself only when it is asked to', () => {
  const { key } = decoded(everything, { key: 'hunter2' })
  assert.ok(key instanceof Secret)
  assert.equal(key.reveal(), 'hunter2')
  for (const shown of [
    String(key),
    `${key}`,
    JSON.stringify({ key }),
    inspect(key),
    inspect({ key }, { showHidden: true, depth: 9 }),
  ])
    assert.doesNotMatch(shown, /hunter2/)
})

test('all problems come at once, each with its path', () => {
  const result = everything.decode({
    count: 0,
    timeot: '5s',
    names: ['a', 5],
    labels: { x: {} },
    nested: { wait: 1 },
    target: { http: {} },
  })
  assert.ok(!result.ok)
  const paths = result.problems.map(({ path }) => path.join('.')).sort()
  assert.deepEqual(paths, ['count', 'labels.x', 'names.1', 'nested.wait', 'target.http.url', 'timeot'])
})

test('a field whose name already ends with its unit is a mistake of the programmer', () => {
  assert.throws(() => s.object({ maxBytes: s.size({ about }) }, { about }), /maxBytesBytes/)
  assert.throws(() => s.object({ waitMs: s.duration({ about }) }, { about }), /waitMsMs/)
})

test('decoding never throws, says something about every refusal on one line, and shows no secret', () => {
  const odd = fc.anything({ withBigInt: false, withNullPrototype: true })
  const key = fc.constantFrom(...Object.keys(everything.doc.fields!))
  const input = fc.oneof(odd, fc.jsonValue(), fc.dictionary(key, fc.oneof(odd, fc.jsonValue())))
  fc.assert(
    fc.property(input, value => {
      const result = everything.decode(value)
      if (!result.ok) {
        assert.ok(result.problems.length > 0)
        for (const { message } of result.problems) assert.doesNotMatch(message, /\n/)
      }
    }),
    { numRuns: 500 },
  )
  fc.assert(
    fc.property(fc.string({ minLength: 12 }), secret => {
      const result = everything.decode({
        key: [secret],
        target: secret,
        nested: secret,
        names: secret,
        labels: secret,
      })
      assert.ok(!result.ok)
      for (const { message, hint } of result.problems)
        assert.ok(!message.includes(secret) && !hint?.includes(secret))
    }),
  )
})

function decoded<T>(schema: Schema<T>, input: unknown): T {
  const result = schema.decode(input)
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

const shape = s.tagged(
  'type',
  {
    circle: s.object(
      { type: s.choice(['circle'], { about: 'Round.' }), radius: s.integer({ about: 'Its radius.' }) },
      { about: 'A circle.' },
    ),
    square: s.object(
      {
        type: s.choice(['square'], { about: 'Not round.' }),
        side: s.duration({ about: 'Its side.', default: '2s' }),
      },
      { about: 'A square.' },
    ),
  },
  { about: 'A shape.' },
)

test('a tagged mapping is decoded by the schema that its tag names', () => {
  assert.deepEqual(shape.decode({ type: 'circle', radius: 3 }), {
    ok: true,
    value: { type: 'circle', radius: 3 },
  })
  assert.deepEqual(shape.decode({ type: 'square' }), { ok: true, value: { type: 'square', sideMs: 2000 } })
})

const wronglyTagged: [unknown, Problem[]][] = [
  [{}, [{ path: [], message: 'required option is missing; expected type: one of circle, square' }]],
  [
    { type: 'sqare' },
    [
      {
        path: ['type'],
        message: 'expected one of circle, square, got "sqare"',
        hint: 'did you mean "square"?',
      },
    ],
  ],
  [
    { type: 'circle', radius: 1, side: '1s' },
    [{ path: ['side'], message: 'unknown option', hint: 'options here: type, radius', at: 'key' }],
  ],
]

for (const [input, problems] of wronglyTagged) {
  test(`a tagged mapping refuses ${JSON.stringify(input)} in its own words`, () =>
    assert.deepEqual(shape.decode(input), { ok: false, problems }))
}

test('text in place of a mapping is led to the one field that is required', () => {
  const address = s.address({ about })
  const weight = s.integer({ about, default: 1 })
  const one = s.object({ address, weight }, { about })
  const two = s.object({ address, url: s.url({ about }) }, { about })
  assert.equal(hintOf(one, '10.0.0.7:80'), 'write "address:" before it')
  assert.equal(hintOf(two, '10.0.0.7:80'), undefined)
})

test('quotes are advised only for what they would mend', () => {
  assert.equal(hintOf(s.string({ about, pattern: /^\d+$/ }), 8080), 'put it in quotes')
  assert.equal(hintOf(s.string({ about, pattern: /^[a-z]+$/ }), 8080), undefined)
})

function hintOf(schema: Schema<unknown>, input: unknown): string | undefined {
  const result = schema.decode(input)
  assert.ok(!result.ok)
  return result.problems[0]?.hint
}
