import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Catalogue } from '../injection/catalogue/catalogue.ts'
import { type CatalogueFile, readCatalogue } from '../injection/catalogue/read.ts'
import type { Located } from '../kernel/config/parse.ts'
import { renderReport } from '../kernel/config/report.ts'
import { readTar, TarError } from '../wire/tar/tar.ts'
import type { Io } from './io.ts'
import { readManifestFiles } from './manifest-files.ts'

export type Opened =
  | { readonly ok: true; readonly catalogue: Catalogue }
  | { readonly ok: false; readonly report: string }

/** The name of the catalogue that comes with Outrigger, where a path would stand. */
export const BUILT_IN = 'builtin'

const ARCHIVE = /\.(?:tar|tar\.gz|tgz)$/i
/** Of an archive, before and after it is unpacked. */
const MAX_ARCHIVE_BYTES = 8 * 1024 * 1024
const MAX_FILES = 1000

/**
 * The catalogue of these files, folders, archives and ConfigMaps together; without any, the one that comes with Outrigger
 * (also as `builtin`). With `replace` a later one may replace entries of an earlier one.
 */
export async function openCatalogue(
  paths: readonly string[],
  io: Pick<Io, 'cwd' | 'stdin'>,
  options: { readonly replace?: boolean } = {},
): Promise<Opened> {
  const { files, problems } = await readSources(paths.length > 0 ? paths : [BUILT_IN], io)
  const read = readCatalogue(files, options)
  const all = [...problems, ...read.problems]
  if (all.length === 0) return { ok: true, catalogue: read.catalogue }
  return {
    ok: false,
    report: renderReport(
      all,
      files.map(({ name }) => name),
    ),
  }
}

/** All files of these catalogues, each with the path that it came by as its layer. */
export async function readSources(
  paths: readonly string[],
  io: Pick<Io, 'cwd' | 'stdin'>,
): Promise<{ readonly files: readonly CatalogueFile[]; readonly problems: readonly Located[] }> {
  const files: CatalogueFile[] = []
  const problems: Located[] = []
  for (const layer of paths) {
    const path = layer === BUILT_IN ? builtIn() : layer
    if (ARCHIVE.test(path)) {
      try {
        files.push(...(await readArchive(path, io.cwd)).map(file => ({ ...file, layer })))
      } catch (error) {
        problems.push({ file: path, path: [], message: reasonOf(error as NodeJS.ErrnoException) })
      }
      continue
    }
    const read = await readManifestFiles([path], io)
    files.push(...read.files.map(({ file, text }) => ({ name: file, text, layer })))
    problems.push(...read.problems)
  }
  return { files, problems }
}

async function readArchive(path: string, cwd: string): Promise<CatalogueFile[]> {
  const place = resolve(cwd, path)
  if ((await stat(place)).size > MAX_ARCHIVE_BYTES) throw new TarError('the archive is larger than 8 MiB')
  const bytes = unpacked(await readFile(place))
  const limits = { maxFiles: MAX_FILES, maxBytes: MAX_ARCHIVE_BYTES }
  const found = readTar(bytes, limits).filter(({ name }) => /\.(?:ya?ml|json)$/i.test(name))
  if (found.length === 0) throw new TarError('there is no YAML or JSON file in it')
  return found
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, bytes: content }) => ({ name: `${path}/${name}`, text: new TextDecoder().decode(content) }))
}

/** By its first bytes; what would unpack to more than we take is refused before it does. */
function unpacked(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  const { gunzipSync } = process.getBuiltinModule('node:zlib')
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_ARCHIVE_BYTES * 2 })
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    throw new TarError(tooLarge ? 'unpacked it is larger than 16 MiB' : 'it is no gzip, or it is damaged')
  }
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error instanceof TarError) return error.message
  return error.code === 'ENOENT' ? 'there is no such file' : error.message
}

/** Beside the sources in a checkout, beside the bundle in a package. */
function builtIn(): string {
  const places = ['../../catalog/', '../catalog/'].map(each => fileURLToPath(new URL(each, import.meta.url)))
  return places.find(existsSync) ?? places[0]!
}
