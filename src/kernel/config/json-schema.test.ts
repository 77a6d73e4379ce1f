// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references of the configuration, not templates
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { fakeModules } from '../../../test/golden/config/modules-fake.ts'
import { jsonSchema } from './json-schema.ts'
import { wholeDoc } from './whole.ts'

// biome-ignore lint/suspicious/noExplicitAny: a JSON Schema holds anything
type Node = Readonly<Record<string, any>>
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

test('every option has its description, and every default is allowed by its own schema', () => {
  const walk = (node: Node, path: string) => {
    assert.ok(node['description'], `${path} has no description`)
    if ('default' in node && JSON.stringify(node['default']) !== '{}')
      assert.deepEqual(violations(node, node['default']), [], path)
    for (const [key, child] of Object.entries((node['properties'] ?? {}) as Node))
      walk(child, `${path}/${key}`)
    if (node['items']) walk(node['items'], `${path}[]`)
    if (typeof node['additionalProperties'] === 'object') walk(node['additionalProperties'], `${path}/*`)
  }
  walk(schema, '')
})

/** The places at which the keywords that we use are violated: a second, independent reading of the specification. */
function violations(node: Node, value: unknown, place = ''): string[] {
  for (const keyword of Object.keys(node))
    assert.ok(keywords.has(keyword), `the check does not know "${keyword}"`)
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  const types = [node['type'] ?? []].flat() as string[]
  const entries = isObject ? Object.entries(value as object) : []
  const wrong =
    (types.length > 0 && !types.some(type => hasType(type, value))) ||
    (node['enum'] && !node['enum'].includes(value)) ||
    (typeof value === 'string' && node['pattern'] && !new RegExp(node['pattern'], 'u').test(value)) ||
    (typeof value === 'number' &&
      (value < (node['minimum'] ?? -Infinity) || value > (node['maximum'] ?? Infinity))) ||
    (node['anyOf'] && !node['anyOf'].some((choice: Node) => violations(choice, value).length === 0)) ||
    (Array.isArray(value) && value.length < (node['minItems'] ?? 0)) ||
    (isObject && (node['required'] ?? []).some((key: string) => !(key in (value as object)))) ||
    (isObject &&
      (entries.length < (node['minProperties'] ?? 0) || entries.length > (node['maxProperties'] ?? Infinity)))
  if (wrong) return [place]
  const ofItems =
    Array.isArray(value) && node['items']
      ? value.flatMap((item, i) => violations(node['items'], item, `${place}/${i}`))
      : []
  const ofEntries = entries.flatMap(([key, item]) => {
    const child = node['properties']?.[key] ?? node['additionalProperties']
    return child === false ? [`${place}/${key}`] : child ? violations(child, item, `${place}/${key}`) : []
  })
  return [...ofItems, ...ofEntries]
}

const keywords = new Set(
  '$schema title description default examples type enum pattern minimum maximum anyOf minItems items required properties additionalProperties minProperties maxProperties'.split(
    ' ',
  ),
)

function hasType(type: string, value: unknown): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return type === 'integer' ? Number.isInteger(value) : typeof value === type
}
