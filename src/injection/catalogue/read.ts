import type { Located } from '../../kernel/config/parse.ts'
import type { Problem } from '../../kernel/config/problem.ts'
import { isObject } from '../../manifests/json.ts'
import { type ManifestDocument, readManifests } from '../../manifests/read.ts'
import { canonicalJson } from '../../wire/json/canonical.ts'
import { sha256 } from '../../wire/sha256/sha256.ts'
import type { Catalogue } from './catalogue.ts'
import { entryProblems } from './check/entry.ts'
import { relationProblems } from './check/relations.ts'
import type { Entry, Parameter } from './entry.ts'
import { API_VERSION, entrySchema, KIND } from './entry-schema.ts'
import { catalogueOf } from './find.ts'

/** A file of a catalogue, wherever it came from. */
export interface CatalogueFile {
  /** What problems call it. */
  readonly name: string
  readonly text: string
}

export interface CatalogueReading {
  /** Entries that have problems are not in it. */
  readonly catalogue: Catalogue
  /** All of all files, with their places. */
  readonly problems: readonly Located[]
}

export interface CatalogueOptions {
  /** What is there already; what is read comes on top of it. */
  readonly base?: Catalogue
  /** Whether an entry may take the place of one of the base that has its name and version. */
  readonly replace?: boolean
}

/** The entries of all files. Never throws: what cannot be read is told in `problems`. */
export function readCatalogue(
  files: readonly CatalogueFile[],
  options: CatalogueOptions = {},
): CatalogueReading {
  const problems: Located[] = []
  const read: { readonly entry: Entry; readonly document: ManifestDocument }[] = []
  for (const file of files) {
    const manifests = readManifests(file.name, file.text)
    problems.push(...manifests.problems)
    for (const document of manifests.documents) {
      const reading = readEntry(document)
      problems.push(...reading.problems.map(problem => located(document, problem)))
      if (reading.entry !== undefined) read.push({ entry: reading.entry, document })
    }
  }
  const base = options.base?.entries ?? []
  const taken = new Set(base.map(idOf))
  const names = [...base, ...read.map(({ entry }) => entry)].flatMap(each => [
    each.name,
    ...Object.keys(each.aliases),
  ])
  const good = new Map(base.map(entry => [idOf(entry), entry]))
  for (const { entry, document } of read) {
    const id = idOf(entry)
    const found = relationProblems(entry, [...base, ...read.map(each => each.entry)], names)
    const isSame = good.get(id)?.hash === entry.hash
    if (taken.has(id) && !isSame && !(options.replace === true && base.some(each => idOf(each) === id)))
      found.push({ path: ['version'], message: `${id} is there already`, hint: 'give it another version' })
    problems.push(...found.map(problem => located(document, problem)))
    taken.add(id)
    if (found.length === 0) good.set(id, entry)
  }
  return { catalogue: catalogueOf([...good.values()]), problems }
}

/** `fluent-bit@1.0.0` */
export function idOf({ name, version }: Pick<Entry, 'name' | 'version'>): string {
  return `${name}@${version}`
}

interface EntryReading {
  readonly entry?: Entry
  readonly problems: readonly Problem[]
}

function readEntry({ value }: ManifestDocument): EntryReading {
  if (!isObject(value) || value['apiVersion'] !== API_VERSION || value['kind'] !== KIND) {
    const hint = `an entry begins with apiVersion: ${API_VERSION} and kind: ${KIND}`
    return { problems: [{ path: [], message: 'this is no entry of a catalogue', hint }] }
  }
  const decoded = entrySchema.decode(value)
  if (!decoded.ok) return { problems: decoded.problems }
  const { apiVersion: _, kind: __, parameters, ...fields } = decoded.value
  const entry = {
    ...fields,
    parameters: parameters as Readonly<Record<string, Parameter>>,
    hash: `sha256:${sha256(canonicalJson(value))}`,
  } as unknown as Entry
  const problems = entryProblems(entry, value)
  return problems.length > 0 ? { problems } : { entry, problems }
}

function located(document: ManifestDocument, problem: Problem): Located {
  return { ...problem, file: document.file, position: document.locate(problem.path, problem.at ?? 'value') }
}
