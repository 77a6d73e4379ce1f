import assert from 'node:assert/strict'

// biome-ignore lint/suspicious/noExplicitAny: a JSON Schema holds anything
export type Node = Readonly<Record<string, any>>

/** The places at which the keywords that we use are violated: a second, independent reading of the specification. */
export function violations(node: Node, value: unknown, place = '', root = node): string[] {
  if (node['$ref'] !== undefined)
    return violations(root['$defs'][node['$ref'].slice('#/$defs/'.length)], value, place, root)
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
    (node['anyOf'] &&
      !node['anyOf'].some((choice: Node) => violations(choice, value, place, root).length === 0)) ||
    (Array.isArray(value) && value.length < (node['minItems'] ?? 0)) ||
    (isObject && (node['required'] ?? []).some((key: string) => !(key in (value as object)))) ||
    (isObject &&
      (entries.length < (node['minProperties'] ?? 0) || entries.length > (node['maxProperties'] ?? Infinity)))
  if (wrong) return [place]
  const ofItems =
    Array.isArray(value) && node['items']
      ? value.flatMap((item, i) => violations(node['items'], item, `${place}/${i}`, root))
      : []
  const ofEntries = entries.flatMap(([key, item]) => {
    const child = node['properties']?.[key] ?? node['additionalProperties']
    return child === false
      ? [`${place}/${key}`]
      : child
        ? violations(child, item, `${place}/${key}`, root)
        : []
  })
  return [...ofItems, ...ofEntries]
}

const keywords = new Set(
  '$schema $defs title description default examples type enum pattern minimum maximum anyOf minItems items required properties additionalProperties minProperties maxProperties'.split(
    ' ',
  ),
)

function hasType(type: string, value: unknown): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return type === 'integer' ? Number.isInteger(value) : typeof value === type
}
