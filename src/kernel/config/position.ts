import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Pair,
} from 'yaml'

/** Line and column count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

type Path = readonly (string | number)[]

/** Where `path` stands in a document: its value, or its key. A path that is not there gives its nearest ancestor's key. */
export function positionOf(
  document: Document,
  lines: LineCounter,
  path: Path,
  at: 'key' | 'value',
): Position | undefined {
  let node: unknown = document.contents
  let best: number | undefined = startOf(node)
  for (const [depth, step] of path.entries()) {
    const pair = pairAt(document, node, step)
    if (pair === undefined) break
    const key = startOf(pair.key) ?? startOf(pair.value)
    const value = startOf(pair.value)
    const last = depth === path.length - 1
    best = last && at === 'value' && !isEmpty(pair.value) ? (value ?? key) : (key ?? best)
    node = pair.value
  }
  if (best === undefined) return undefined
  const { line, col } = lines.linePos(best)
  return { line, column: col }
}

/** A list's item counts as a pair without key. */
function pairAt(
  document: Document,
  node: unknown,
  step: string | number,
): Pair<unknown, unknown> | undefined {
  const target = isAlias(node) ? node.resolve(document) : node
  if (isSeq(target)) return { key: undefined, value: target.items[Number(step)] } as Pair
  if (!isMap(target)) return undefined
  const pairs = target.items.filter(isPair)
  const own = pairs.findLast(({ key }) => String(isScalar(key) ? key.value : key) === String(step))
  if (own) return own
  const merged = pairs.filter(({ key }) => isMergeKey(key)).map(({ value }) => value)
  const sources = merged.flatMap(value => (isSeq(value) ? value.items : [value]))
  return sources.map(source => pairAt(document, source, step)).find(pair => pair !== undefined)
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0]
}

function isEmpty(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null && (node.source ?? '') === '')
}

/** A plain `<<`; the YAML library gives it a symbol as its value. */
export function isMergeKey(key: unknown): boolean {
  return isScalar(key) && (typeof key.value === 'symbol' || (key.type === 'PLAIN' && key.value === '<<'))
}
