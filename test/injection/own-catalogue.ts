// The catalogue that comes with the product.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Catalogue } from '../../src/injection/catalogue/catalogue.ts'
import { readCatalogue } from '../../src/injection/catalogue/read.ts'

export function ownCatalogue(): Catalogue {
  const folder = join(import.meta.dirname, '../../catalog')
  const files = readdirSync(folder).filter(name => name.endsWith('.yaml'))
  const { catalogue, problems } = readCatalogue(
    files.map(name => ({ name, text: readFileSync(join(folder, name), 'utf8') })),
  )
  if (problems.length > 0) throw new Error(JSON.stringify(problems[0]))
  return catalogue
}
