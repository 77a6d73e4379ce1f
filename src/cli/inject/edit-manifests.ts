import { resolve } from 'node:path'
import type { Located } from '../../kernel/config/parse.ts'
import { applyToText, type Edit, EditError } from '../../manifests/edit/edit.ts'
import type { Finding } from '../../manifests/finding.ts'
import type { ManifestDocument, Manifests } from '../../manifests/read.ts'
import type { PatchOperation } from '../../wire/json-patch/patch.ts'
import type { Call } from '../call.ts'
import type { Io } from '../io.ts'
import { readManifestFiles } from '../manifest-files.ts'
import { type EditedFile, emit, outputMistake } from './output.ts'
import { findingsText, problemsText, type Result, summaryText, type Told } from './report.ts'

/** What becomes of one document, and what is to be told of it. */
export interface Transformed {
  readonly patch: readonly PatchOperation[]
  readonly findings: readonly Finding[]
  readonly results: readonly Result[]
}

export type Transform = (document: ManifestDocument) => Transformed

/**
 * What `inject` and `uninject` have in common: reads all manifests, transforms each document, tells what there is to
 * tell on stderr, and gives all results or none.
 */
export async function editManifests(call: Call, name: string, transform: Transform): Promise<number> {
  const { io, values } = call
  const paths = namedPaths(call)
  const mistake =
    paths.length === 0 ? 'say which files: -f FILE, -f FOLDER or -f -' : outputMistake(call, paths)
  if (mistake !== undefined) return wrongUsage(call, name, mistake)
  const { files, problems } = await readManifestFiles(paths, io)
  const read = [...problems, ...files.flatMap(file => [...file.problems, ...strangers(file, paths)])]
  if (read.length > 0) {
    io.stderr.write(problemsText(read, io))
    return 2
  }
  const manifests = withoutDoubles(files, io).filter(({ documents }) =>
    documents.some(({ kind }) => kind !== 'other'),
  )
  const told: Told[] = []
  const results: Result[] = []
  const edited: EditedFile[] = []
  const stuck: Located[] = []
  for (const file of manifests) {
    const edits: Edit[] = []
    for (const document of file.documents) {
      if (document.kind === 'other') {
        told.push({ ...STRANGER, document })
        continue
      }
      const { patch, findings, results: some } = transform(document)
      told.push(...findings.map(finding => ({ ...finding, document })))
      results.push(...some)
      if (patch.length > 0) edits.push({ document, patch })
    }
    try {
      edited.push({ manifests: file, edits, text: applyToText(file, edits) })
    } catch (error) {
      if (!(error instanceof EditError)) throw error
      stuck.push({
        file: file.file,
        path: [],
        position: placeIn(file.text, error.offset),
        message: error.message,
      })
    }
  }
  if (stuck.length > 0) {
    io.stderr.write(problemsText(stuck, io))
    return 2
  }
  const explain = values['explain'] === true
  io.stderr.write(findingsText(told, io, explain))
  const failed = told.some(
    ({ severity }) => severity === 'error' || (severity === 'warning' && values['strict'] === true),
  )
  if (values['quiet'] !== true) io.stderr.write(summaryText(results, io, { explain, failed }))
  if (failed) return 1
  return emit(call, name, paths, edited)
}

export function namedPaths({ values, positionals }: Call): string[] {
  const files = values['file']
  return [...(Array.isArray(files) ? files.map(String) : []), ...positionals]
}

export function wrongUsage({ io }: Call, name: string, message: string): number {
  io.stderr.write(`outrigger ${name}: ${message}\nTry outrigger ${name} --help.\n`)
  return 2
}

/** Files that are named twice, or stand in a folder that is named as well, are taken once. */
function withoutDoubles(files: readonly Manifests[], { cwd }: Io): Manifests[] {
  const byPath = new Map(files.map(file => [file.file === '-' ? '-' : resolve(cwd, file.file), file]))
  return [...byPath.values()]
}

/** A document among others that are manifests. */
const STRANGER: Finding = {
  code: 'no-manifest',
  severity: 'warning',
  path: [],
  message: 'this document is no manifest of Kubernetes or Compose; it stays as it is',
}

/** A file that was named itself must be a manifest; in folders, others are left alone. */
function strangers({ file, documents, problems }: Manifests, paths: readonly string[]): Located[] {
  if (!paths.includes(file) || problems.length > 0) return []
  if (documents.some(({ kind }) => kind !== 'other')) return []
  const message =
    documents.length === 0
      ? 'there is nothing in it'
      : 'this is neither an object of Kubernetes (apiVersion, kind) nor a Compose file (services)'
  const position = documents[0]?.locate([])
  return [{ file, path: [], message, ...(position && { position }) }]
}

function placeIn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset + (text.startsWith('\ufeff') ? 1 : 0)).split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}
