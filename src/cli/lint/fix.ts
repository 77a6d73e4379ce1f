import { resolve } from 'node:path'
import type { LintFinding, Report } from '../../lint/report.ts'
import { applyToText, type Edit, EditError } from '../../manifests/edit/edit.ts'
import { pointer } from '../../manifests/json.ts'
import { type ManifestDocument, type Manifests, readManifests } from '../../manifests/read.ts'
import { PatchError, type PatchOperation } from '../../wire/json-patch/patch.ts'
import { unifiedDiff } from '../../wire/unified-diff/unified-diff.ts'
import { replaceFiles } from '../inject/replace-files.ts'
import type { Io } from '../io.ts'

/** One mend may make room for the next; more rounds than this would be a circle. */
const MAX_ROUNDS = 50

/**
 * Mends what is mechanical, in the files themselves or, from standard input, to standard output. With `isDiff` only what
 * would change is shown. `check` looks at all files again after each round, for mends that meet each other. Resolves with
 * what is left, or with undefined when the files could not be written; all of them are then as before.
 */
export async function writeFixes(
  files: readonly Manifests[],
  check: (files: readonly Manifests[]) => Report,
  isDiff: boolean,
  io: Io,
): Promise<Report | undefined> {
  let now = files
  let report = check(now)
  let mended = 0
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const rounds = now.map(file => fixed(file, report.findings))
    const count = rounds.reduce((sum, each) => sum + each.count, 0)
    if (count === 0) break
    mended += count
    now = now.map(({ file }, index) => readManifests(file, rounds[index]!.text))
    report = check(now)
  }
  const results = now.map(({ file, text }, index) => ({ file, text, old: files[index]!.text }))
  const changed = results.filter(({ file, text, old }) => file !== '-' && text !== old)
  if (isDiff)
    for (const { file, text, old } of results)
      io.stdout.write(unifiedDiff(old, text, { before: `a/${file}`, after: `b/${file}` }))
  else {
    const failure = await replaceFiles(
      changed.map(({ file, text }) => [resolve(io.cwd, file), text] as const),
    )
    if (failure !== undefined) {
      io.stderr.write(`outrigger lint: ${failure}\n`)
      return undefined
    }
    for (const { file, text } of results) if (file === '-') io.stdout.write(text)
  }
  io.stderr.write(`${mended} mended, ${report.findings.length} left\n`)
  return report
}

/** The text after all mends that do not meet each other. */
function fixed(
  file: Manifests,
  findings: readonly LintFinding[],
): { readonly text: string; readonly count: number } {
  let count = 0
  const edits = file.documents.map((document, index) => {
    const patch: PatchOperation[] = []
    const touched: string[] = []
    const own = findings.filter(each => each.file === file.file && each.document === index)
    for (const { fix = [] } of own) {
      const places = fix.map(({ path }) => pointer(path))
      const meets = places.some(place =>
        touched.some(other => place.startsWith(other) || other.startsWith(place)),
      )
      // What is taken away moves what stands behind it: such a mend goes alone.
      const moves = fix.some(({ op }) => op === 'remove')
      if (meets || (moves && touched.length > 0)) continue
      const operations = fix.map(each => ({ ...each, path: pointer(each.path) }) as PatchOperation)
      if (moves && losesComments(file, document, operations)) continue
      touched.push(...places)
      if (fix.length > 0) count++
      patch.push(...operations)
      if (moves) break
    }
    return { document, patch }
  })
  const text = edited(file, edits)
  return text === undefined ? { text: file.text, count: 0 } : { text, count }
}

/** undefined where the text allows no such edit. */
function edited(file: Manifests, edits: readonly Edit[]): string | undefined {
  try {
    return applyToText(file, edits)
  } catch (error) {
    if (error instanceof EditError || error instanceof PatchError) return undefined
    throw error
  }
}

/** What is taken away here and put there again is written anew, without the comments in it: that is left to people. */
function losesComments(
  file: Manifests,
  document: ManifestDocument,
  patch: readonly PatchOperation[],
): boolean {
  const text = edited(file, [{ document, patch }])
  return text === undefined || commentsOf(file.text).length > commentsOf(text).length
}

function commentsOf(text: string): readonly string[] {
  return text.match(/(?:^|\s)#.*$/gm) ?? []
}
