// Writes docs/reference from the schemas and the table of commands; with --check it only says whether the pages are up to date.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { commands } from '../src/cli/commands.ts'
import { entrySchema } from '../src/injection/catalogue/entry-schema.ts'
import { readCatalogue } from '../src/injection/catalogue/read.ts'
import { controllerModules } from '../src/injection/controller/registry.ts'
import { wholeDoc } from '../src/kernel/config/whole.ts'
import { checks } from '../src/lint/checks/index.ts'
import { modules } from '../src/modules/registry.ts'
import { checksPage } from './reference/checks-page.ts'
import { commandsPage } from './reference/commands-page.ts'
import { referencePage } from './reference/configuration-page.ts'
import { fluentBitPage } from './reference/fluent-bit-page.ts'
import { sidecarsPage } from './reference/sidecars-page.ts'

const folder = join(import.meta.dirname, '..', 'docs', 'reference')
const approved = join(import.meta.dirname, '..', 'catalog')
const entries = await Promise.all(
  (await readdir(approved)).map(async name => ({ name, text: await readFile(join(approved, name), 'utf8') })),
)
const pages = {
  'configuration.md': referencePage(await wholeDoc(modules)),
  'controller.md': referencePage(await wholeDoc(controllerModules({ builtInCatalogue: async () => [] })), {
    title: 'Configuration reference of the controller',
    file: 'controller.yaml',
  }),
  'catalog.md': referencePage(entrySchema.doc, {
    title: 'Reference of a catalogue entry',
    file: 'catalog/*.yaml',
    values: [
      'How values of parameters come in is told on [the page of the catalogue](../catalog.md#values).',
    ],
  }),
  'sidecars.md': sidecarsPage(readCatalogue(entries).catalogue.entries),
  'cli.md': commandsPage(commands),
  'lint.md': checksPage(checks),
  'fluent-bit.md': fluentBitPage(),
}

await mkdir(folder, { recursive: true })
for (const [name, text] of Object.entries(pages)) {
  const path = join(folder, name)
  if (!process.argv.includes('--check')) await writeFile(path, text)
  else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
    console.error(`docs/reference/${name} is out of date: run node scripts/reference.ts`)
    process.exitCode = 1
  }
}
