import { equal, type PatchOperation } from './patch.ts'

/**
 * A patch that makes `to` of `from`, as small as its shape allows: members of mappings are told one by one, of lists
 * only the items between the common beginning and the common end. Members that are added stand behind the others. Values
 * of the patch are the patch's own.
 */
export function difference(from: unknown, to: unknown, pointer = ''): PatchOperation[] {
  if (equal(from, to)) return []
  if (Array.isArray(from) && Array.isArray(to)) return betweenLists(from, to, pointer)
  if (isMapping(from) && isMapping(to)) return betweenMappings(from, to, pointer)
  return [{ op: 'replace', path: pointer, value: structuredClone(to) }]
}

type Mapping = Readonly<Record<string, unknown>>

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function betweenMappings(from: Mapping, to: Mapping, pointer: string): PatchOperation[] {
  const step = (key: string) => `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
  const gone = Object.keys(from).filter(key => !Object.hasOwn(to, key))
  return [
    ...gone.map((key): PatchOperation => ({ op: 'remove', path: step(key) })),
    ...Object.entries(to).flatMap(([key, value]): PatchOperation[] =>
      Object.hasOwn(from, key)
        ? difference(from[key], value, step(key))
        : [{ op: 'add', path: step(key), value: structuredClone(value) }],
    ),
  ]
}

function betweenLists(from: readonly unknown[], to: readonly unknown[], pointer: string): PatchOperation[] {
  const shorter = Math.min(from.length, to.length)
  let start = 0
  while (start < shorter && equal(from[start], to[start])) start++
  let end = 0
  while (end < shorter - start && equal(from[from.length - 1 - end], to[to.length - 1 - end])) end++
  const operations: PatchOperation[] = []
  const shared = Math.min(from.length, to.length) - start - end
  for (let index = start; index < start + shared; index++)
    operations.push(...difference(from[index], to[index], `${pointer}/${index}`))
  for (let index = from.length - end - 1; index >= start + shared; index--)
    operations.push({ op: 'remove', path: `${pointer}/${index}` })
  for (let index = start + shared; index < to.length - end; index++)
    operations.push({ op: 'add', path: `${pointer}/${index}`, value: structuredClone(to[index]) })
  return operations
}
