import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Catalogue } from '../../injection/catalogue/catalogue.ts'
import { readCatalogue } from '../../injection/catalogue/read.ts'
import type { Located } from '../../kernel/config/parse.ts'
import type { Call } from '../call.ts'
import { readManifestFiles } from '../manifest-files.ts'

type Opened =
  | { readonly ok: true; readonly catalogue: Catalogue }
  | { readonly ok: false; readonly problems: readonly Located[] }

/** The catalogue of `--catalog`, or the one that comes with the product. */
export async function openCatalogue({ io, values }: Call): Promise<Opened> {
  const given = values['catalog']
  const paths = Array.isArray(given) && given.length > 0 ? given.map(String) : [await builtIn()]
  const read = await readManifestFiles(paths, io)
  const { catalogue, problems } = readCatalogue(read.files.map(({ file, text }) => ({ name: file, text })))
  const all = [...read.problems, ...problems]
  return all.length > 0 ? { ok: false, problems: all } : { ok: true, catalogue }
}

/** Beside the sources, or beside the bundle. */
async function builtIn(): Promise<string> {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder))
    if ((await readdir(folder)).includes('catalog') && (await readdir(folder)).includes('package.json'))
      return join(folder, 'catalog')
  return 'catalog'
}
