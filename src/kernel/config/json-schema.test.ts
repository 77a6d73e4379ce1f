// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references of the configuration, not templates
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { fakeModules } from '../../../test/golden/config/modules-fake.ts'
import { jsonSchema } from './json-schema.ts'
import { type Node, violations } from './json-schema-fake.ts'
import { s } from './schema.ts'
import { wholeDoc } from './whole.ts'

let schema: Node

before(async () => {
  schema = jsonSchema(await wholeDoc(fakeModules))
})

const outputs = [{ stdout: null }]
const valid: [string, unknown][] = [
  ['nothing but an empty mapping', {}],
  ['a module with its required option', { logs: { outputs } }],
  ['a module without required options, left empty', { proxy: null }],
  [
    'units',
    {
      proxy: { timeout: '1h30m' },
      logs: { outputs, inputs: [{ tail: { paths: ['a'], maxLine: '64KiB' } }] },
    },
  ],
  [
    'references to the environment wherever a leaf stands',
    { proxy: { timeout: '${A}', retries: '${B:-3}', listen: '${C}' }, log: { level: '${D}' } },
  ],
  ['free names in a map', { logs: { outputs, labels: { team: 'a', shard: 5, none: null } } }],
]

for (const [name, value] of valid) {
  test(`the JSON Schema allows ${name}`, () => assert.deepEqual(violations(schema, value), []))
}

const invalid: [string, unknown, string][] = [
  ['an unknown module', { teleport: {} }, '/teleport'],
  ['an unknown option', { proxy: { timout: '5s' } }, '/proxy/timout'],
  ['a number without unit', { proxy: { timeout: 500 } }, '/proxy/timeout'],
  ['a duration with a wrong unit', { proxy: { timeout: '5y' } }, '/proxy/timeout'],
  ['a missing required option', { logs: {} }, '/logs'],
  ['a module with required options, left empty', { logs: null }, '/logs'],
  ['too few items', { logs: { outputs: [] } }, '/logs/outputs'],
  [
    'two alternatives in one item',
    { logs: { outputs: [{ stdout: {}, elasticsearch: { url: 'http://a' } }] } },
    '/logs/outputs/0',
  ],
  ['no alternative', { logs: { outputs: [{}] } }, '/logs/outputs/0'],
  [
    'a URL without scheme',
    { logs: { outputs: [{ elasticsearch: { url: 'es:9200' } }] } },
    '/logs/outputs/0/elasticsearch/url',
  ],
  [
    'a number out of range',
    { logs: { outputs: [{ elasticsearch: { url: 'http://a', retries: 99 } }] } },
    '/logs/outputs/0/elasticsearch/retries',
  ],
  ['a choice that does not exist', { log: { level: 'loud' } }, '/log/level'],
  [
    'a pattern that does not match',
    { logs: { outputs: [{ elasticsearch: { url: 'http://a', index: 'A' } }] } },
    '/logs/outputs/0/elasticsearch/index',
  ],
]

for (const [name, value, place] of invalid) {
  test(`the JSON Schema refuses ${name}`, () => assert.deepEqual(violations(schema, value), [place]))
}

test('what stands in several places is defined once, and means the same there', () => {
  const tls = s.object({ verify: s.boolean({ about: 'Whether.', default: true }) }, { about: 'TLS.' })
  const both = s.object({ one: tls, other: s.list(tls, { about: 'More.', default: [] }) }, { about: 'Both.' })
  const shared: Node = jsonSchema(both.doc)
  assert.deepEqual(shared['properties'].one, { $ref: '#/$defs/shared-1' })
  assert.deepEqual(violations(shared, { one: { verify: true }, other: [{ verify: 7 }] }), ['/other/0/verify'])
})
