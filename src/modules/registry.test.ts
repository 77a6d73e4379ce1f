import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { jsonSchema } from '../kernel/config/json-schema.ts'
import { type Node, violations } from '../kernel/config/json-schema-fake.ts'
import { wholeDoc } from '../kernel/config/whole.ts'
import { modules } from './registry.ts'

let schema: Node

before(async () => {
  schema = jsonSchema(await wholeDoc(modules))
})

test('every module goes by the name that it stands under', async () => {
  for (const [name, load] of Object.entries(modules)) assert.equal((await load()).name, name)
})

test('every option has a description that is a sentence', () => {
  visit(schema, '', (node, path) => assert.match(node['description'], path === '' ? /./ : /\.$/, path))
})

test('every default and every example is allowed by its own schema', () => {
  visit(schema, '', (node, path) => {
    if ('default' in node && !isEmpty(node['default']))
      assert.deepEqual(violations(node, node['default'], '', schema), [], path)
    for (const example of node['examples'] ?? [])
      assert.deepEqual(violations(node, example, '', schema), [], path)
  })
})

/** Every node of the schema; what stands in several places at the first of them. */
function visit(
  node: Node,
  path: string,
  call: (node: Node, path: string) => void,
  seen = new Set<string>(),
): void {
  if (node['$ref'] !== undefined) {
    if (seen.has(node['$ref'])) return
    seen.add(node['$ref'])
    visit(schema['$defs'][node['$ref'].slice('#/$defs/'.length)], path, call, seen)
    return
  }
  call(node, path)
  for (const [key, child] of Object.entries((node['properties'] ?? {}) as Node))
    visit(child, `${path}/${key}`, call, seen)
  if (node['items']) visit(node['items'], `${path}[]`, call, seen)
  if (typeof node['additionalProperties'] === 'object')
    visit(node['additionalProperties'], `${path}/*`, call, seen)
}

/** `default: {}` of a mapping stands for the defaults of its fields. */
function isEmpty(value: unknown): boolean {
  return JSON.stringify(value) === '{}'
}
