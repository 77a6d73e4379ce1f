import { type Document, isMap, isScalar, LineCounter, parseAllDocuments } from 'yaml'
import { type Position, positionOf } from './position.ts'
import type { Problem } from './problem.ts'
import { structureProblems } from './structure.ts'
import { explainSyntax } from './syntax.ts'
import { kindOf } from './value.ts'

const maxFileLength = 1024 * 1024
const maxAliases = 100

/** A problem and the place in a file that it is about. */
export interface Located extends Problem {
  readonly file: string
  readonly position?: Position
}

/** One file as plain values, with the way back from a path to its place. */
export interface Parsed {
  readonly file: string
  readonly root: Readonly<Record<string, unknown>>
  locate(path: Problem['path'], at: 'key' | 'value'): Position | undefined
}

export type Parsing =
  | { readonly ok: true; readonly parsed: Parsed }
  | { readonly ok: false; readonly problems: Located[] }

/**
 * YAML 1.2 (with `<<` merges) to plain values. One document whose root is a mapping; keys are unique.
 * An empty file is an empty mapping. `file` is the name that problems carry.
 */
export function parseYaml(file: string, text: string): Parsing {
  if (text.length > maxFileLength)
    return failed([{ file, path: [], message: 'the file is larger than 1 MiB' }])
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    merge: true,
    logLevel: 'error',
  })
  const document = (Array.isArray(documents) ? documents[0] : undefined) as Document | undefined
  if (document === undefined) return { ok: true, parsed: { file, root: {}, locate: () => undefined } }
  const problem = (offset: number, message: string, hint?: string): Located => ({
    file,
    position: placeOf(lines, offset),
    path: [],
    message,
    ...(hint !== undefined && { hint }),
  })
  // What follows the first mistake is mostly its consequence.
  const syntax = documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])[0]
  if (syntax !== undefined) return failed([problem(syntax.pos[0], ...explainSyntax(syntax, text))])
  if (documents.length > 1) {
    const start = documents[1].range?.[0] ?? 0
    return failed([
      problem(
        start,
        'a second YAML document begins here',
        'keep one document in a file; -c may be given several times',
      ),
    ])
  }
  const structure = structureProblems(document, lines, problem)
  if (structure.length > 0) return failed(structure)
  return plain(file, document, lines, problem)
}

/** All documents of a file, each a mapping, but for the empty ones; what is wrong with one does not hide the others. */
export function parseDocuments(
  file: string,
  text: string,
): { readonly parsed: readonly Parsed[]; readonly problems: readonly Located[] } {
  if (text.length > maxFileLength)
    return { parsed: [], problems: [{ file, path: [], message: 'the file is larger than 1 MiB' }] }
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    merge: true,
    logLevel: 'error',
  })
  const problem: MakeProblem = (offset, message, hint) => ({
    file,
    position: placeOf(lines, offset),
    path: [],
    message,
    ...(hint !== undefined && { hint }),
  })
  const parsed: Parsed[] = []
  const problems: Located[] = []
  for (const document of Array.isArray(documents) ? (documents as Document[]) : []) {
    const syntax = [...document.errors, ...document.warnings][0]
    if (syntax !== undefined) {
      problems.push(problem(syntax.pos[0], ...explainSyntax(syntax, text)))
      continue
    }
    const { contents } = document
    if (contents === null || (isScalar(contents) && contents.value === null)) continue
    const structure = structureProblems(document, lines, problem)
    const parsing: Parsing =
      structure.length > 0 ? failed(structure) : plain(file, document, lines, problem, 'a mapping')
    if (parsing.ok) parsed.push(parsing.parsed)
    else problems.push(...parsing.problems)
  }
  return { parsed, problems }
}

/** A problem at an offset of the text. */
export type MakeProblem = (offset: number, message: string, hint?: string) => Located

function plain(
  file: string,
  document: Document,
  lines: LineCounter,
  problem: MakeProblem,
  expected = 'a mapping of modules to their options',
): Parsing {
  let root: unknown
  try {
    root = document.toJS({ maxAliasCount: maxAliases }) ?? {}
  } catch (error) {
    const message = error instanceof ReferenceError ? 'the aliases (*name) stand for too much' : String(error)
    return failed([problem(0, message, 'write it out where it is needed')])
  }
  if (!isMap(document.contents) && document.contents !== null && kindOf(root) !== 'a mapping') {
    const start = document.contents.range?.[0] ?? 0
    return failed([
      problem(
        start,
        `expected ${expected}, got ${kindOf(root)}`,
        ...(expected === 'a mapping' ? [] : ['for example logs: {…}']),
      ),
    ])
  }
  const locate: Parsed['locate'] = (path, at) => positionOf(document, lines, path, at)
  return { ok: true, parsed: { file, root: root as Record<string, unknown>, locate } }
}

export function placeOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(line, 1), column: Math.max(col, 1) }
}

function failed(problems: Located[]): Parsing {
  return { ok: false, problems }
}
