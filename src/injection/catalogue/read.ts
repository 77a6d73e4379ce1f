import type { Located } from '../../kernel/config/parse.ts'
import type { Problem } from '../../kernel/config/problem.ts'
import { isObject } from '../../manifests/json.ts'
import { type ManifestDocument, readManifests } from '../../manifests/read.ts'
import { canonicalJson } from '../../wire/json/canonical.ts'
import { sha256 } from '../../wire/sha256/sha256.ts'
import type { Catalogue } from './catalogue.ts'
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

/** An entry and the document that it was read from. */
export interface Source {
  readonly entry: Entry
  readonly document: ManifestDocument
}

/** The entries of all files. Never throws: what cannot be read is told in `problems`. */
export function readCatalogue(files: readonly CatalogueFile[]): CatalogueReading {
  const problems: Located[] = []
  const sources: Source[] = []
  for (const file of files) {
    const manifests = readManifests(file.name, file.text)
    problems.push(...manifests.problems)
    for (const document of manifests.documents) {
      const read = readEntry(document)
      if (read.problems.length > 0) problems.push(...read.problems.map(problem => located(document, problem)))
      else if (read.entry !== undefined) sources.push({ entry: read.entry, document })
    }
  }
  return { catalogue: catalogueOf(sources.map(({ entry }) => entry)), problems }
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
  return { entry, problems: [] }
}

function located(document: ManifestDocument, problem: Problem): Located {
  return { ...problem, file: document.file, position: document.locate(problem.path, problem.at ?? 'value') }
}
