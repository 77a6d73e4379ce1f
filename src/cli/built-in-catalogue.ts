import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { CatalogueFile } from '../injection/catalogue/read.ts'

/** The catalogue that comes with the product: `catalog/` beside package.json, of a checkout and of the package. */
export async function builtInCatalogue(): Promise<readonly CatalogueFile[]> {
  const folder = builtInFolder()
  const names = (await readdir(folder)).filter(name => /\.ya?ml$/.test(name)).sort()
  return Promise.all(
    names.map(async name => ({ name: `catalog/${name}`, text: await readFile(join(folder, name), 'utf8') })),
  )
}

function builtInFolder(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const catalogue = join(folder, 'catalog')
    if (existsSync(join(folder, 'package.json')) && existsSync(catalogue)) return catalogue
  }
  throw new Error('the catalogue that comes with Outrigger is missing: name one with --catalog')
}
