import { type Document, isScalar, Lexer, LineCounter, parseAllDocuments } from 'yaml'
import { type Located, type MakeProblem, placeOf } from '../kernel/config/parse.ts'
import { type Position, positionOf } from '../kernel/config/position.ts'
import { structureProblems } from '../kernel/config/structure.ts'
import { explainSyntax } from '../kernel/config/syntax.ts'
import { isObject, type Json, type Path } from './json.ts'

/** Larger than any manifest that an API server takes, and small enough to be read in a moment. */
export const MAX_MANIFEST_LENGTH = 8 * 1024 * 1024
/** Of one document; what aliases may stand for, as a multiple of what is written. */
const MAX_ALIASES = 1000
/** The parser calls itself for each level. */
const MAX_DEPTH = 500

/** One document of a file. JSON is read as YAML. */
export interface ManifestDocument {
  readonly file: string
  /** Plain values: aliases and merge keys are resolved. */
  readonly value: Json
  readonly kind: 'kubernetes' | 'compose' | 'other'
  /** With ranges into the file's text, all comments, and the tokens that edit/ works on. */
  readonly yaml: Document
  /** Of the value at a path, or of its key; of the nearest ancestor where there is nothing. */
  locate(path: Path, at?: 'key' | 'value'): Position
}

export interface Manifests {
  readonly file: string
  /** As it was given. */
  readonly text: string
  readonly documents: readonly ManifestDocument[]
  /** What is wrong with one document does not hide the others. */
  readonly problems: readonly Located[]
}

/** All documents of a text, the empty ones left out. Never throws: what cannot be read is told in `problems`. */
export function readManifests(file: string, text: string): Manifests {
  const whole = (message: string, hint?: string): Manifests => ({
    file,
    text,
    documents: [],
    problems: [{ file, path: [], message, ...(hint !== undefined && { hint }) }],
  })
  if (text.length > MAX_MANIFEST_LENGTH) return whole('the file is larger than 8 MiB', 'split it')
  if (text.includes('\0')) return whole('this is binary data, not YAML or JSON')
  if (isTooDeep(text))
    return whole(
      'it is nested deeper than 500 levels',
      'no manifest is; look for a bracket that is never closed',
    )
  const lines = new LineCounter()
  const problem: MakeProblem = (offset, message, hint) => ({
    file,
    position: placeOf(lines, offset),
    path: [],
    message,
    ...(hint !== undefined && { hint }),
  })
  const documents: ManifestDocument[] = []
  const problems: Located[] = []
  for (const yaml of parse(withoutMark(text), lines)) {
    const syntax = yaml.errors[0]
    if (syntax !== undefined) {
      const template = /\{\{-?\s/.test(text)
      const [message, hint] = explainSyntax(syntax, text)
      problems.push(
        problem(
          syntax.pos[0],
          message,
          template ? 'render the template first: helm template … | outrigger …' : hint,
        ),
      )
      continue
    }
    const { contents } = yaml
    if (contents === null || (isScalar(contents) && contents.value === null)) continue
    const structure = structureProblems(yaml, lines, problem)
    if (structure.length > 0) {
      problems.push(...structure)
      continue
    }
    try {
      const value = yaml.toJS({ maxAliasCount: MAX_ALIASES }) as Json
      const start = placeOf(lines, contents.range?.[0] ?? 0)
      const locate: ManifestDocument['locate'] = (path, at = 'value') =>
        positionOf(yaml, lines, path, at) ?? start
      documents.push({ file, value, kind: kindOf(value), yaml, locate })
    } catch (error) {
      const tooMuch = error instanceof ReferenceError
      const message = tooMuch ? 'the aliases (*name) stand for too much' : (error as Error).message
      problems.push(problem(contents.range?.[0] ?? 0, message, 'write it out where it is needed'))
    }
  }
  return { file, text, documents, problems }
}

/** What is parsed, and what all offsets mean: the YAML library counts a byte order mark as a column. */
export function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text
}

/** Brackets that the parser would go into one by one, which takes the longer the more there are. */
function isTooDeep(text: string): boolean {
  const depthOf = (parts: Iterable<string>): number => {
    let depth = 0
    let deepest = 0
    for (const part of parts) {
      if (part === '[' || part === '{') deepest = Math.max(deepest, ++depth)
      else if ((part === ']' || part === '}') && depth > 0) depth--
    }
    return deepest
  }
  // Text may hold any number of brackets; the lexer, which takes longer, knows those of YAML.
  return depthOf(text) > MAX_DEPTH && depthOf(new Lexer().lex(text)) > MAX_DEPTH
}

function parse(text: string, lines: LineCounter): readonly Document[] {
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    merge: true,
    keepSourceTokens: true,
    logLevel: 'error',
  })
  return Array.isArray(parsed) ? (parsed as Document[]) : []
}

function kindOf(value: Json): ManifestDocument['kind'] {
  if (!isObject(value)) return 'other'
  if (typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string') return 'kubernetes'
  return isObject(value['services']) ? 'compose' : 'other'
}
