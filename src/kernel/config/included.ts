import { readSources } from './files.ts'
import { Interpolated } from './interpolated.ts'
import { type Located, type Parsed, parseDocuments } from './parse.ts'

/** An option that names files and folders, and the list that the YAML documents in them are put at the end of. */
export interface DocumentFiles {
  readonly files: string
  readonly into: string
}

/** A module's mapping with the documents of its files in it. */
export interface Included {
  readonly input: unknown
  /** Where the documents stand: the first of them is at `from` in the list. */
  readonly from: number
  readonly documents: readonly Parsed[]
  readonly problems: readonly Located[]
  /** Absolute paths of what must be watched. */
  readonly watch: readonly string[]
}

/** Reads what the option names. Variables are not read in the documents: they are somebody else's, as they are. */
export async function includeDocuments(
  input: unknown,
  { files, into }: DocumentFiles,
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
  const documents = parsings.flatMap(({ parsed }) => parsed)
  return {
    input: { ...input, [into]: [...own, ...documents.map(({ root }) => root)] },
    from: own.length,
    documents,
    problems: [
      ...sources.problems.map(problem => ({ ...problem, hint: `it is named in ${files}` })),
      ...parsings.flatMap(({ problems }) => problems),
    ],
    watch: sources.watch,
  }
}
