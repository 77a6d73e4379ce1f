import { stat } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import type { Edit } from '../../manifests/edit/edit.ts'
import { isObject, type Json } from '../../manifests/json.ts'
import type { Manifests } from '../../manifests/read.ts'
import { applyPatch } from '../../wire/json-patch/patch.ts'
import { unifiedDiff } from '../../wire/unified-diff/unified-diff.ts'
import type { Call } from '../call.ts'
import type { Io } from '../io.ts'
import { replaceFiles } from './replace-files.ts'
import { painter } from './report.ts'

/** A file with what changes in it. */
export interface EditedFile {
  readonly manifests: Manifests
  readonly edits: readonly Edit[]
  /** After the edits. */
  readonly text: string
}

const FORMATS = ['yaml', 'json', 'patch']

/** What is wrong with the options that say where results go. */
export function outputMistake({ values }: Call, paths: readonly string[]): string | undefined {
  const { format, output, 'in-place': inPlace } = values
  if (format !== undefined && !FORMATS.includes(String(format)))
    return `-o is one of ${FORMATS.join(', ')}, not "${format}"`
  if (inPlace === true && output !== undefined) return 'takes --output or --in-place, not both'
  if (inPlace === true && paths.includes('-')) return 'standard input cannot be changed in place'
  if (inPlace === true && format !== undefined && format !== 'yaml')
    return `-o ${format} cannot be written in place`
  return undefined
}

/** Gives the results: to standard output, to files, or in place. Resolves with the exit code. */
export async function emit(
  call: Call,
  name: string,
  paths: readonly string[],
  files: readonly EditedFile[],
): Promise<number> {
  const { io, values } = call
  const { output, 'in-place': inPlace, diff } = values
  if (diff === true) await write(io, files.map(file => diffOf(file, io)).join(''))
  if (inPlace === true)
    return replace(
      call,
      name,
      files
        .filter(({ text, manifests }) => text !== manifests.text)
        .map(({ text, manifests }) => [resolve(io.cwd, manifests.file), text]),
    )
  if (output !== undefined) {
    const target = resolve(io.cwd, String(output))
    if (!(await isFolder(target, String(output), files)))
      return replace(call, name, [[target, streamOf(files, values['format'])]])
    const format = values['format']
    if (format !== undefined && format !== 'yaml')
      return fail(call, name, `-o ${format} goes to standard output or into one file`)
    const targets = new Map(
      files.map(file => [join(target, insideOf(file.manifests.file, paths, io)), file.text]),
    )
    if (targets.size < files.length)
      return fail(call, name, 'two of the files have the same name; put them into folders and name those')
    return replace(call, name, [...targets])
  }
  if (diff === true) return 0
  const compose = files.filter(({ manifests }) => manifests.documents.some(({ kind }) => kind === 'compose'))
  if (compose.length > 0 && files.length > 1)
    return fail(
      call,
      name,
      'a Compose file and others cannot go to one output; use --output FOLDER or --in-place',
    )
  await write(io, streamOf(files, values['format']))
  return 0
}

function fail({ io }: Call, name: string, message: string): number {
  io.stderr.write(`outrigger ${name}: ${message}\n`)
  return 2
}

async function replace(
  call: Call,
  name: string,
  files: readonly (readonly [path: string, text: string])[],
): Promise<number> {
  const failure = await replaceFiles(files)
  return failure === undefined ? 0 : fail(call, name, `${failure}; nothing was written`)
}

/** Several results, or a folder that is there or meant (`out/`), go into a folder by their names. */
async function isFolder(target: string, written: string, files: readonly EditedFile[]): Promise<boolean> {
  if (written.endsWith('/') || files.length > 1) return true
  return (await stat(target).catch(() => undefined))?.isDirectory() ?? false
}

/** Where a file stood in the folder that was named. */
function insideOf(file: string, paths: readonly string[], { cwd }: Io): string {
  if (file === '-') return 'stdin.yaml'
  const folder = paths.find(
    path => path !== file && !relative(resolve(cwd, path), resolve(cwd, file)).startsWith('..'),
  )
  return folder === undefined ? basename(file) : relative(resolve(cwd, folder), resolve(cwd, file))
}

function streamOf(files: readonly EditedFile[], format: unknown): string {
  if (format === 'json') return jsonOf(files)
  if (format === 'patch') return patchesOf(files)
  const [first, ...others] = files.map(({ text }) => text)
  return others.reduce((stream, text) => {
    const ended = stream === '' || stream.endsWith('\n') ? stream : `${stream}\n`
    const body = text.replace(/^\ufeff/, '')
    return ended + (/^---(\s|$)/.test(body) ? body : `---\n${body}`)
  }, first ?? '')
}

/** All objects: one by itself, several in a List. */
function jsonOf(files: readonly EditedFile[]): string {
  const objects = files.flatMap(({ manifests, edits }) =>
    manifests.documents.map(document => {
      const edit = edits.find(each => each.document === document)
      return edit === undefined ? document.value : applyPatch(document.value, edit.patch)
    }),
  )
  const value = objects.length === 1 ? objects[0] : { apiVersion: 'v1', kind: 'List', items: objects }
  return `${JSON.stringify(value, null, 2)}\n`
}

/** One line of JSON for each document that changes, with its JSON Patch (RFC 6902). */
function patchesOf(files: readonly EditedFile[]): string {
  return files
    .flatMap(({ manifests, edits }) =>
      edits.map(({ document, patch }) => {
        const index = manifests.documents.indexOf(document)
        return `${JSON.stringify({ file: manifests.file, document: index, ...nameOf(document.value), patch })}\n`
      }),
    )
    .join('')
}

function nameOf(value: Json): object {
  if (!isObject(value)) return {}
  const { kind, metadata } = value
  const { name, namespace } = isObject(metadata) ? metadata : {}
  return { kind, name, namespace }
}

function diffOf({ manifests, text }: EditedFile, { stdout, env }: Io): string {
  const paint = painter(stdout, env)
  const name = manifests.file === '-' ? 'stdin' : manifests.file.replace(/^\//, '')
  const diff = unifiedDiff(manifests.text, text, { before: `a/${name}`, after: `b/${name}` })
  const colours: Readonly<Record<string, string>> = { '+': '32', '-': '31', '@': '36' }
  return diff.replaceAll(/^([-+@])[^\n]*$/gm, (line, mark: string) =>
    paint(line.startsWith('--- ') || line.startsWith('+++ ') ? '1' : colours[mark]!, line),
  )
}

/** Waits until a slow reader has taken it: the process ends soon after the command. */
async function write({ stdout }: Io, text: string): Promise<void> {
  if (text === '' || stdout.write(text)) return
  await new Promise<void>(done => {
    stdout.once('drain', done)
  })
}
