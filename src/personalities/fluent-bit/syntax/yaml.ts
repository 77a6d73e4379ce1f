import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml'
import { explainSyntax } from '../../../kernel/config/syntax.ts'
import type { Item, Mapping, Place, Property, Value } from './document.ts'

export type YamlText =
  | { readonly ok: true; readonly root: Mapping }
  | { readonly ok: false; readonly place: Place; readonly message: string; readonly hint?: string }

const MAX_DEPTH = 32
const MAX_NODES = 200_000

/** A file in the YAML format as ordered properties: repeated keys stay, scalars stay the text that was written. Never throws. */
export function readYaml(file: string, text: string): YamlText {
  const lines = new LineCounter()
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    merge: true,
    logLevel: 'error',
  })
  if (!Array.isArray(documents) || documents.length === 0) return { ok: true, root: { properties: [] } }
  const error = documents.flatMap(({ errors }) => errors)[0]
  if (error !== undefined) {
    const [message, hint] = explainSyntax(error, text)
    return { ok: false, place: at(error.pos[0]), message, ...(hint !== undefined && { hint }) }
  }
  const [document] = documents
  let nodes = 0

  function nodeValue(node: unknown, depth: number): Value {
    if (++nodes > MAX_NODES || depth > MAX_DEPTH) throw new TooMuch()
    const target = isAlias(node) ? node.resolve(document) : node
    if (isScalar(target)) return scalarText(target)
    if (isSeq(target)) return target.items.map(item => itemOf(item, depth + 1))
    if (!isMap(target)) return ''
    return { properties: target.items.filter(isPair).flatMap(pair => propertiesOf(pair, depth + 1)) }
  }

  function itemOf(node: unknown, depth: number): Item {
    return { value: nodeValue(node, depth), place: at((node as Node | null)?.range?.[0] ?? 0) }
  }

  function propertiesOf({ key, value }: { key: unknown; value: unknown }, depth: number): Property[] {
    const name = isScalar(key) ? scalarText(key) : ''
    if (name === '<<' || (isScalar(key) && typeof key.value === 'symbol')) {
      const merged = nodeValue(value, depth)
      return typeof merged === 'object' && 'properties' in merged ? [...merged.properties] : []
    }
    const keyPlace = at((key as Node | null)?.range?.[0] ?? 0)
    const item = value === null ? { value: '', place: keyPlace } : itemOf(value, depth)
    return [{ key: name, keyPlace, ...item }]
  }

  try {
    const root = nodeValue(document.contents, 0)
    if (root === '') return { ok: true, root: { properties: [] } }
    if (typeof root === 'object' && 'properties' in root) return { ok: true, root }
    return { ok: false, place: at(0), message: 'expected a mapping such as "pipeline: {…}"' }
  } catch (failure) {
    if (!(failure instanceof TooMuch)) throw failure
    return {
      ok: false,
      place: at(0),
      message: 'the file is nested too deeply, or its aliases stand for too much',
    }
  }
}

class TooMuch extends Error {}

/** `on`, `0644` and `1.0` are what was written, not what YAML makes of them. */
function scalarText(node: {
  readonly type?: string
  readonly source?: string
  readonly value: unknown
}): string {
  if (node.type === 'PLAIN') return node.source === '~' || node.source === 'null' ? '' : (node.source ?? '')
  return String(node.value ?? '')
}
