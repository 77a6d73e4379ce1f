// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are places of templates
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Json } from '../../manifests/json.ts'
import type { Facts } from './catalogue.ts'
import type { Parameter } from './entry.ts'
import { schemaFaults } from './parameter-schema.ts'
import { joinSets, resolveParameters } from './parameters.ts'

const FACTS: Facts = {
  app: { container: 'web', port: 8080, ports: [8080] },
  workload: { kind: 'Deployment', name: 'web' },
  namespace: 'shop',
  target: 'kubernetes',
}

function resolve(
  parameters: Record<string, Parameter>,
  given: Record<string, string>,
  set: Record<string, Json> = {},
) {
  const texts = Object.entries(given).map(([name, text]) => ({ name, text, from: `annotation ${name}` }))
  return resolveParameters({ name: 'entry', parameters }, set, texts, FACTS)
}

describe('a text becomes the value of its parameter', () => {
  const read: readonly (readonly [schema: Parameter, text: string, value: Json])[] = [
    [{ type: 'string' }, ' as it is ', ' as it is '],
    [{ type: 'string', enum: ['a', 'b'] }, 'b', 'b'],
    [{ type: 'integer' }, ' 42 ', 42],
    [{ type: 'number' }, '-1.5e1', -15],
    [{ type: 'boolean' }, 'true', true],
    [{ type: 'array', items: { type: 'string' } }, 'a, b,c', ['a', 'b', 'c']],
    [{ type: 'array', items: { type: 'string' } }, '', []],
    [{ type: 'array', items: { type: 'integer' } }, '1,2', [1, 2]],
    [{ type: 'array', items: { type: 'string' } }, '["a,b"]', ['a,b']],
    [{ type: 'object' }, '{"a": {"b": 1}}', { a: { b: 1 } }],
    [{ type: 'string', format: 'quantity' }, '64Mi', '64Mi'],
    [{ type: 'string', format: 'duration' }, '1h30m', '1h30m'],
    [{ type: 'string', format: 'size' }, '5MiB', '5MiB'],
    [{ type: 'string', format: 'url' }, 'https://es.logs:9200/a/b', 'https://es.logs:9200/a/b'],
    [{ type: 'string', format: 'host-port' }, '[::1]:80', '[::1]:80'],
    [{ type: 'string', format: 'path' }, '/var/log/app', '/var/log/app'],
    [{ type: 'string', format: 'cidr' }, '10.0.0.0/8', '10.0.0.0/8'],
  ]
  for (const [schema, text, value] of read)
    test(`${JSON.stringify(schema)}: ${text}`, () => {
      const { values, problems } = resolve({ x: schema }, { x: text })
      assert.deepEqual(problems, [])
      assert.deepEqual(values['x'], value)
    })
})

describe('a text that does not fit is told', () => {
  const wrong: readonly (readonly [schema: Parameter, text: string, message: RegExp, hint?: RegExp])[] = [
    [
      { type: 'string', enum: ['json', 'raw'] },
      'jsno',
      /expected one of json, raw, got "jsno"/,
      /did you mean "json"/,
    ],
    [{ type: 'integer', minimum: 1, maximum: 9 }, '10', /expected a whole number from 1 to 9, got 10/],
    [{ type: 'integer' }, '1.5', /expected a whole number, got 1.5/],
    [{ type: 'integer' }, 'a1', /expected a whole number, got "a1"/],
    [{ type: 'integer' }, '0x10', /expected a whole number/],
    [{ type: 'number', minimum: 0 }, '-1', /expected a number, at least 0, got -1/],
    [{ type: 'boolean' }, 'yes', /expected true or false, got "yes"/, /write true/],
    [{ type: 'string', minLength: 2, maxLength: 3 }, 'a', /expected text of 2 to 3 characters/],
    [{ type: 'string', pattern: '^a+$' }, 'aab', /expected text that matches/],
    [{ type: 'string' }, 'a\0b', /expected text/],
    [{ type: 'string' }, 'x'.repeat(5000), /expected text/],
    [{ type: 'string' }, 'x'.repeat(70_000), /at most 64 KiB/],
    [{ type: 'string', format: 'quantity' }, '64MiB', /expected a quantity/],
    [{ type: 'string', format: 'quantity' }, '-1', /expected a quantity/],
    [{ type: 'string', format: 'duration' }, '5', /expected a duration/],
    [{ type: 'string', format: 'duration' }, '', /expected a duration/],
    [{ type: 'string', format: 'path' }, '/a/../b', /expected an absolute path/],
    [{ type: 'string', format: 'path' }, 'a/b', /expected an absolute path/],
    [{ type: 'string', format: 'path' }, '/${HOME}', /expected an absolute path/],
    [{ type: 'string', format: 'url' }, 'https://user:pass@host', /expected a URL/],
    [{ type: 'string', format: 'url' }, 'https://host/${X}', /expected a URL/],
    [{ type: 'string', format: 'host' }, 'a b', /expected the name/],
    [{ type: 'string', format: 'label' }, 'Upper', /expected a name/],
    [{ type: 'string', format: 'size' }, '5', /expected a size/],
    [{ type: 'array', items: { type: 'integer' } }, '1,b', /expected a whole number, got "b"/],
    [
      { type: 'array', items: { type: 'string' }, minItems: 1 },
      '',
      /expected a list of 1 to 100, got one of 0/,
    ],
    [{ type: 'array', items: { type: 'string' } }, 'a,'.repeat(200), /expected a list of 0 to 100/],
    [{ type: 'array', items: { type: 'string' }, uniqueItems: true }, 'a,a', /twice/],
    [{ type: 'array', items: { type: 'string' } }, '[1', /got "\[1"/, /as JSON/],
    [{ type: 'array', items: { type: 'string' } }, '[1]', /^0: expected text, got 1/],
    [{ type: 'object' }, 'a=1', /expected a mapping/, /write it as JSON/],
    [{ type: 'object', required: ['a'] }, '{}', /"a" is missing in it/],
    [
      { type: 'object', properties: { port: { type: 'integer' } }, additionalProperties: false },
      '{"prot": 1}',
      /prot: unknown key/,
      /did you mean "port"/,
    ],
    [{ type: 'object', additionalProperties: { type: 'string' } }, '{"a": 1}', /a: expected text, got 1/],
    [
      { type: 'object', propertyNames: { type: 'string', pattern: '^a$' } },
      '{"b": 1}',
      /b: expected text that matches/,
    ],
    [{ type: 'object', maxProperties: 1 }, '{"a": 1, "b": 2}', /at most 1 keys/],
  ]
  for (const [schema, text, message, hint] of wrong)
    test(`${JSON.stringify(schema)}: ${JSON.stringify(text.slice(0, 40))}`, () => {
      const { values, problems } = resolve({ x: schema }, { x: text })
      assert.match(problems[0]?.message ?? '', message)
      if (hint) assert.match(problems[0]?.hint ?? '', hint)
      assert.equal(problems[0]?.from, 'annotation x')
      assert.equal('x' in values, false)
    })
})

describe('parameters together', () => {
  test('all problems are told at once, each with where the value came from', () => {
    const parameters = {
      port: { type: 'integer' },
      mode: { type: 'string', enum: ['a'] },
      need: { type: 'string', required: true },
    }
    const { problems } = resolve(parameters, { prot: '1', port: 'x', mode: 'b' })
    assert.deepEqual(
      problems.map(({ parameter, from }) => [parameter, from]),
      [
        ['prot', 'annotation prot'],
        ['port', 'annotation port'],
        ['mode', 'annotation mode'],
        ['need', undefined],
      ],
    )
    assert.match(problems[0]?.hint ?? '', /did you mean "port"/)
  })

  test('of two values the last one counts', () => {
    const given = ['1', '2'].map(text => ({ name: 'x', text, from: text }))
    const { values } = resolveParameters(
      { name: 'e', parameters: { x: { type: 'integer' } } },
      {},
      given,
      FACTS,
    )
    assert.deepEqual(values, { x: 2 })
  })

  test('a default may be a fact, and is absent where the fact is', () => {
    const parameters = {
      x: { type: 'integer', default: '${app.port}', required: true },
      y: { type: 'string', default: '${workload.name}-a' },
    }
    assert.deepEqual(resolve(parameters, {}).values, { x: 8080, y: 'web-a' })
    const facts = { ...FACTS, app: { container: 'web', ports: [] } }
    const { problems } = resolveParameters({ name: 'e', parameters }, {}, [], facts)
    assert.deepEqual(
      problems.map(each => [each.parameter, each.message]),
      [['x', 'a value is needed']],
    )
  })

  test('a value is needed where a condition says so, and the message says why', () => {
    const parameters = {
      url: { type: 'string', required: 'output == es' },
      output: { type: 'string', default: 'stdout' },
    }
    assert.deepEqual(resolve(parameters, {}).problems, [])
    assert.match(
      resolve(parameters, { output: 'es' }).problems[0]?.message ?? '',
      /needed, because output == es/,
    )
  })

  test('a value may be bounded by another', () => {
    const quantity = { type: 'string', format: 'quantity' }
    const parameters = {
      request: { ...quantity, default: '64Mi', atMost: 'limit' },
      limit: { ...quantity, default: '128Mi' },
    }
    assert.deepEqual(resolve(parameters, { request: '0.1Gi' }).problems, [])
    const [problem] = resolve(parameters, { request: '1Gi' }).problems
    assert.match(problem?.message ?? '', /"1Gi" is more than "128Mi", which is "limit"/)
    assert.equal(resolve(parameters, { limit: '1Mi' }).problems[0]?.parameter, 'request')
  })

  test('what an alias sets joins lists, and must agree otherwise', () => {
    const parameters = {
      modules: { type: 'array', items: { type: 'string' }, default: ['x'] },
      mode: { type: 'string' },
    }
    assert.deepEqual(resolve(parameters, { modules: 'b' }, { modules: ['a'] }).values, {
      modules: ['a', 'b'],
    })
    assert.deepEqual(resolve(parameters, {}, { modules: ['a'] }).values, { modules: ['a'] })
    assert.match(
      resolve(parameters, { mode: 'b' }, { mode: 'a' }).problems[0]?.message ?? '',
      /"a" by the name/,
    )
    assert.deepEqual(
      joinSets([
        { modules: ['a'], x: 1 },
        { modules: ['b', 'a'], x: 2 },
      ]),
      {
        set: { modules: ['a', 'b'], x: 1 },
        disagree: ['x'],
      },
    )
  })
})

describe('the schema of a parameter', () => {
  const base = { description: 'What it does.' }
  const wrong: readonly (readonly [what: string, schema: Json, message: RegExp, hint?: RegExp])[] = [
    ['is a mapping', 'string', /expected a JSON Schema/],
    ['has a type', base, /type is missing/],
    ['has a known type', { ...base, type: 'strnig' }, /expected one of string/],
    ['has a description', { type: 'string' }, /description is missing/],
    [
      'has known keywords',
      { ...base, type: 'string', patern: 'x' },
      /not known here/,
      /did you mean "pattern"/,
    ],
    ['has keywords of its type', { ...base, type: 'string', minimum: 1 }, /not known here/],
    ['does not use what we do not check', { ...base, type: 'string', oneOf: [] }, /not known here/],
    ['has numbers as bounds', { ...base, type: 'integer', minimum: '1' }, /expected a number/],
    ['has a known format', { ...base, type: 'string', format: 'uri' }, /expected one of quantity/],
    ['has a pattern that can be read', { ...base, type: 'string', pattern: '^(a$' }, /./],
    ['has a pattern for the whole text', { ...base, type: 'string', pattern: 'a+' }, /whole text/],
    ['has no pattern that is two', { ...base, type: 'string', pattern: '^a|b$' }, /whole text/],
    ['has no pattern without end', { ...base, type: 'string', pattern: '^(a+)+$' }, /without end/],
    ['says what a list has', { ...base, type: 'array' }, /expected a JSON Schema/],
    [
      'checks what is in a list',
      { ...base, type: 'array', items: { type: 'integer', max: 1 } },
      /not known here/,
    ],
    [
      'checks what is in a mapping',
      { ...base, type: 'object', properties: { a: { type: 'x' } } },
      /expected one of/,
    ],
    ['has choices', { ...base, type: 'string', enum: [] }, /expected a list/],
  ]
  for (const [what, schema, message, hint] of wrong)
    test(what, () => {
      const [fault] = schemaFaults(schema, ['parameters', 'x'])
      assert.match(fault?.message ?? '', message)
      if (hint) assert.match(fault?.hint ?? '', hint)
    })

  test('may nest', () => {
    const schema = {
      ...base,
      type: 'array',
      items: { type: 'object', properties: { a: { type: 'string', pattern: '^(?:a|b)$' } } },
    }
    assert.deepEqual(schemaFaults(schema, []), [])
  })
})
