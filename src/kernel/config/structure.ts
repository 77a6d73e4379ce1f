import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Scalar,
} from 'yaml'
import type { Located, MakeProblem } from './parse.ts'
import { isMergeKey } from './position.ts'

/** Each is looked up among all others when the document becomes plain values. */
const MAX_ALIASES = 5000

/**
 * What the YAML library lets pass, or takes long over: keys that a mapping has twice, aliases without an anchor before
 * them or inside it, more aliases than anybody writes. One pass over the document.
 */
export function structureProblems(document: Document, lines: LineCounter, problem: MakeProblem): Located[] {
  const problems: Located[] = []
  const anchors = new Map<string, Node>()
  const around = new Set<Node>()
  let aliases = 0

  const look = (node: Node | null | undefined): void => {
    if (!node) return
    if (isAlias(node)) {
      lookAtAlias(node.source, node.range?.[0] ?? 0)
      return
    }
    if (node.anchor !== undefined) anchors.set(node.anchor, node)
    around.add(node)
    if (isMap<Node, Node | null>(node)) {
      const first = new Map<string, number>()
      for (const { key, value } of node.items) {
        if (isScalar(key)) lookAtKey(key, first)
        look(key)
        look(value)
      }
    } else if (isSeq<Node>(node)) for (const item of node.items) look(item)
    around.delete(node)
  }

  const lookAtKey = (key: Scalar, first: Map<string, number>): void => {
    if (isMergeKey(key)) return
    const name = String(key.value)
    const earlier = first.get(name)
    const offset = key.range?.[0] ?? 0
    if (earlier === undefined) {
      first.set(name, offset)
      return
    }
    const { line } = lines.linePos(earlier)
    problems.push(problem(offset, `"${name}" is given twice; first at line ${line}`, 'keep one of them'))
  }

  const lookAtAlias = (name: string, offset: number): void => {
    const target = anchors.get(name)
    if (target === undefined) {
      const message = `the alias *${name} has no anchor &${name} before it`
      problems.push(problem(offset, message, `if it is text, put it in quotes: "*${name}"`))
    } else if (around.has(target)) {
      const message = `the alias *${name} stands inside what it stands for`
      problems.push(problem(offset, message, 'write it out where it is needed'))
    } else if (++aliases === MAX_ALIASES + 1)
      problems.push(problem(offset, `there are more than ${MAX_ALIASES} aliases (*name)`, 'write them out'))
  }

  look(document.contents as Node | null)
  return problems
}
