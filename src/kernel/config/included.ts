import { readSources } from './files.ts'
import { Interpolated } from './interpolated.ts'
import { type Located, type Parsed, parseDocuments } from './parse.ts'
import type { Problem } from './problem.ts'

/** An option that names files and folders, and the list that the YAML documents in them are put at the end of. */
export interface DocumentFiles {
  readonly files: string
  readonly into: string
  /** What of a document joins the list, by what the module's mapping says; all of it unless given. */
  readonly select?: (
    mapping: Readonly<Record<string, unknown>>,
  ) => (document: Parsed['root']) => readonly Selection[]
}

/** A part of a document, by the steps that lead to it. */
export interface Selection {
  readonly at: Problem['path']
  readonly value: Parsed['root']
  /** Why it does not join the list. */
  readonly skipped?: string
}

/** A module's mapping with the documents of its files in it. */
export interface Included {
  readonly input: unknown
  /** Where the documents stand: the first of them is at `from` in the list. */
  readonly from: number
  readonly documents: readonly Parsed[]
  readonly problems: readonly Located[]
  /** What was skipped. */
  readonly notes: readonly Located[]
  /** Absolute paths of what must be watched. */
  readonly watch: readonly string[]
}

/** Reads what the option names. Variables are not read in the documents: they are somebody else's, as they are. */
export async function includeDocuments(
  input: unknown,
  { files, into, select }: DocumentFiles,
  cwd: string,
): Promise<Included | undefined> {
  if (typeof input !== 'object' || input === null) return undefined
  const { [files]: named, [into]: own = [] } = input as Record<string, unknown>
  if (!Array.isArray(named) || !Array.isArray(own)) return undefined
  const names = named.map(name => (name instanceof Interpolated ? name.text : name))
  const sources = await readSources(
    names.filter(name => typeof name === 'string'),
    cwd,
  )
  const parsings = sources.files.map(({ name, text }) => parseDocuments(name, text))
  const selected = select?.(input as Record<string, unknown>)
  const parts = parsings
    .flatMap(({ parsed }) => parsed)
    .flatMap(parsed => (selected?.(parsed.root) ?? [whole(parsed)]).map(selection => part(parsed, selection)))
  const documents = parts.filter(({ skipped }) => skipped === undefined)
  return {
    input: { ...input, [into]: [...own, ...documents.map(({ root }) => root)] },
    from: own.length,
    documents,
    problems: [
      ...sources.problems.map(problem => ({ ...problem, hint: `it is named in ${files}` })),
      ...parsings.flatMap(({ problems }) => problems),
    ],
    notes: parts.flatMap(({ file, locate, skipped: message }) => {
      const position = locate([], 'value')
      return message === undefined ? [] : [{ file, path: [], message, ...(position && { position }) }]
    }),
    watch: sources.watch,
  }
}

function whole({ root }: Parsed): Selection {
  return { at: [], value: root }
}

function part(parsed: Parsed, { at, value, skipped }: Selection): Parsed & Pick<Selection, 'skipped'> {
  return {
    file: parsed.file,
    root: value,
    locate: (path, place) => parsed.locate([...at, ...path], place),
    ...(skipped !== undefined && { skipped }),
  }
}
