import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Located } from '../kernel/config/parse.ts'
import { MAX_MANIFEST_LENGTH, type Manifests, readManifests } from '../manifests/read.ts'
import type { Io } from './io.ts'

const MANIFEST = /\.(?:ya?ml|json)$/i
const MAX_DEPTH = 32
/** Folders in which no manifest is, or, as in a mounted ConfigMap, the same ones again. */
const SKIPPED = /^(?:\.|node_modules$)/

export interface ManifestFiles {
  /** In the order of the arguments; those of a folder by name. */
  readonly files: readonly Manifests[]
  /** What could not be opened. What could be opened and not be read stands in the files' own problems. */
  readonly problems: readonly Located[]
}

/** Files, folders with all their YAML and JSON files, and `-` for standard input, as commands take them. */
export async function readManifestFiles(
  paths: readonly string[],
  io: Pick<Io, 'cwd' | 'stdin'>,
): Promise<ManifestFiles> {
  const files: Manifests[] = []
  const problems: Located[] = []
  const problem = (file: string, message: string) => problems.push({ file, path: [], message })
  const add = async (name: string) => {
    try {
      files.push(
        readManifests(name, name === '-' ? await readAll(io.stdin) : await readText(resolve(io.cwd, name))),
      )
    } catch (error) {
      problem(name === '-' ? 'standard input' : name, reasonOf(error as NodeJS.ErrnoException))
    }
  }
  for (const path of paths) {
    const isFolder = path !== '-' && (await stat(resolve(io.cwd, path)).catch(() => undefined))?.isDirectory()
    if (!isFolder) await add(path)
    else {
      const found = await manifestsIn(path, io.cwd, 0).catch((error: NodeJS.ErrnoException) => {
        problem(error.path ?? path, reasonOf(error))
      })
      if (found === undefined) continue
      if (found.length === 0) problem(path, 'there is no YAML or JSON file in it')
      for (const name of found) await add(name)
    }
  }
  return { files, problems }
}

async function manifestsIn(folder: string, cwd: string, depth: number): Promise<string[]> {
  const entries = await readdir(resolve(cwd, folder), { withFileTypes: true })
  const found: string[] = []
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && !SKIPPED.test(entry.name) && depth < MAX_DEPTH)
      found.push(...(await manifestsIn(path, cwd, depth + 1)))
    else if (!entry.isDirectory() && MANIFEST.test(entry.name)) found.push(path)
  }
  return found
}

async function readText(path: string): Promise<string> {
  const { size } = await stat(path)
  // Longer ones are refused by the reader; they need not be in memory for that.
  if (size > MAX_MANIFEST_LENGTH * 4) throw new Error('the file is larger than 8 MiB')
  return decode(await readFile(path))
}

async function readAll(stdin: Io['stdin']): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk as string | Buffer)
    size += bytes.length
    if (size > MAX_MANIFEST_LENGTH * 4) throw new Error('it is larger than 8 MiB')
    chunks.push(bytes)
  }
  return decode(Buffer.concat(chunks))
}

/** Manifests are UTF-8; what is none would be changed by reading it. */
function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Error('this is binary data or not UTF-8, so it is no YAML or JSON')
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOENT':
      return 'there is no such file'
    case 'EACCES':
      return 'it may not be read (permission denied)'
    case 'EISDIR':
      return 'it is a folder'
    default:
      return message
  }
}
