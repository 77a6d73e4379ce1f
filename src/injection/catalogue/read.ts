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
  /** Which of several catalogues it is of; one that comes later may replace entries of another. */
  readonly layer?: string
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
  /** Whether an entry may take the place of one of the base, or of an earlier layer, that has its name and version. */
  readonly replace?: boolean
}

/** The entries of all files. Never throws: what cannot be read is told in `problems`. */
export function readCatalogue(
  files: readonly CatalogueFile[],
  options: CatalogueOptions = {},
): CatalogueReading {
  const problems: Located[] = []
  const read: Source[] = []
  for (const { document, layer } of files.flatMap(file => documentsOf(file, problems))) {
    const reading = readEntry(document)
    problems.push(...reading.problems.map(problem => located(document, problem)))
    if (reading.entry !== undefined) read.push({ entry: reading.entry, document, layer })
  }
  const base = (options.base?.entries ?? []).map((entry): Taken => ({ entry, layer: BASE }))
  const all = [...base, ...read].map(({ entry }) => entry)
  const names = all.flatMap(entry => [entry.name, ...Object.keys(entry.aliases)])
  const taken = new Map(base.map(each => [idOf(each.entry), each]))
  for (const source of read) {
    const { entry, document, layer } = source
    const found = relationProblems(entry, all, names)
    const before = taken.get(idOf(entry))
    const isFree = before === undefined || before.entry.hash === entry.hash
    if (!isFree && !(options.replace === true && before.layer !== layer)) {
      const hint =
        before.layer === layer
          ? 'give it another version'
          : 'give it another version, or allow it to replace the other'
      found.push({ path: ['version'], message: `${idOf(entry)} is there already`, hint })
    }
    problems.push(...found.map(problem => located(document, problem)))
    if (found.length === 0) taken.set(idOf(entry), source)
  }
  return { catalogue: catalogueOf([...taken.values()].map(({ entry }) => entry)), problems }
}

const BASE = Symbol('base')

interface Taken {
  readonly entry: Entry
  readonly layer: string | symbol | undefined
}

interface Source extends Taken {
  readonly document: ManifestDocument
  readonly layer: string | undefined
}

/** Those of a file; for a ConfigMap those of the files in it. */
function documentsOf(
  { name, text, layer }: CatalogueFile,
  problems: Located[],
): { readonly document: ManifestDocument; readonly layer: string | undefined }[] {
  const manifests = readManifests(name, text)
  problems.push(...manifests.problems)
  return manifests.documents.flatMap(document => {
    const { value } = document
    if (!isObject(value) || value['kind'] !== 'ConfigMap' || value['apiVersion'] !== 'v1')
      return [{ document, layer }]
    const data = isObject(value['data']) ? value['data'] : {}
    const inner = Object.entries(data).filter(([key]) => /\.(?:ya?ml|json)$/.test(key))
    if (inner.length === 0)
      problems.push(
        located(document, {
          path: ['data'],
          message: 'the ConfigMap has no key that ends in .yaml, .yml or .json',
        }),
      )
    return inner.flatMap(([key, entry]) => {
      const file = readManifests(`${name}[${key}]`, String(entry))
      problems.push(...file.problems)
      return file.documents.map(each => ({ document: each, layer }))
    })
  })
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
