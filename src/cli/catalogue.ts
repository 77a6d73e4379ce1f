import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Catalogue } from '../injection/catalogue/catalogue.ts'
import { readCatalogue } from '../injection/catalogue/read.ts'
import { renderReport } from '../kernel/config/report.ts'
import type { Io } from './io.ts'
import { readManifestFiles } from './manifest-files.ts'

export type Opened =
  | { readonly ok: true; readonly catalogue: Catalogue }
  | { readonly ok: false; readonly report: string }

/** The catalogue of these files and folders; without any, the one that comes with Outrigger. */
export async function openCatalogue(
  paths: readonly string[],
  io: Pick<Io, 'cwd' | 'stdin'>,
): Promise<Opened> {
  const names = paths.length > 0 ? paths : [builtIn()]
  const { files, problems } = await readManifestFiles(names, io)
  const read = readCatalogue(files.map(({ file, text }) => ({ name: file, text })))
  const all = [...problems, ...read.problems]
  if (all.length > 0) return { ok: false, report: renderReport(all, names) }
  return { ok: true, catalogue: read.catalogue }
}

/** Beside the sources in a checkout, beside the bundle in a package. */
function builtIn(): string {
  const places = ['../../catalog/', '../catalog/'].map(each => fileURLToPath(new URL(each, import.meta.url)))
  return places.find(existsSync) ?? places[0]!
}
