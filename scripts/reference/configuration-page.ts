// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references of the configuration, not templates
import { presenceOf, typeOf, written } from '../../src/kernel/config/describe.ts'
import type { Doc } from '../../src/kernel/config/doc.ts'
import { children } from '../../src/kernel/config/navigate.ts'

/** How values are written. */
const VALUES: readonly string[] = [
  'Durations are written `500ms`, `5s`, `1h30m`; sizes `64KiB`, `1MiB` (1024s) or `10MB` (1000s).',
  '`${NAME}` and `${NAME:-default}` stand for environment variables in any text; `$${` is a literal `${`.',
]

/** The reference page of a configuration as Markdown: a section for each mapping, parents first. */
export function referencePage(
  root: Doc,
  { title = 'Configuration reference', file = 'outrigger.yaml', values = VALUES } = {},
): string {
  const sections = Object.entries(root.fields!).flatMap(([name, doc]) => section(name, doc))
  return [
    `# ${title}`,
    '',
    `Every option of \`${file}\`, made from the schemas that the program checks the file with.`,
    ...values,
    '',
    '## The top level',
    '',
    ...optionTable('', root),
    ...sections,
  ]
    .join('\n')
    .trimEnd()
    .concat('\n')
}

function section(path: string, doc: Doc, alternative = false): string[] {
  if (doc.kind === 'map') return section(`${path}.NAME`, doc.item!, true)
  const inside = Object.entries(children(doc) ?? {})
  if (inside.length === 0) return []
  const deeper = inside.flatMap(([name, child]) => section(`${path}.${name}`, child, isOneOf(doc)))
  const head = [`## \`${path}\``, '', escaped(doc.about), '', facts(doc, alternative), '']
  return [...head, ...optionTable(path, doc), ...deeper]
}

function facts(doc: Doc, alternative: boolean): string {
  const presence = alternative ? '' : `; ${presenceInCode(doc)}`
  const example = doc.example === undefined ? '' : ` Example: \`${written(doc.example)}\`.`
  return `Type: ${typeOf(doc)}${presence}.${example}`
}

function optionTable(path: string, doc: Doc): string[] {
  const rows = Object.entries(children(doc)!).map(([name, child]) =>
    optionRow(path, name, child, isOneOf(doc)),
  )
  return ['| option | type | | meaning |', '|---|---|---|---|', ...rows, '']
}

function optionRow(path: string, name: string, doc: Doc, alternative: boolean): string {
  const target = path === '' ? name : `${path}.${name}`
  const link = anchor(doc.kind === 'map' ? `${target}.NAME` : target)
  const label = hasSection(doc) ? `[\`${name}\`](#${link})` : `\`${name}\``
  const example = doc.example === undefined || hasSection(doc) ? '' : ` Example: \`${written(doc.example)}\`.`
  const presence = alternative ? '' : presenceInCode(doc)
  return `| ${label} | ${cell(typeOf(doc))} | ${cell(presence)} | ${cell(escaped(doc.about) + example)} |`
}

function hasSection(doc: Doc): boolean {
  return Object.keys(children(doc.kind === 'map' ? doc.item! : doc) ?? {}).length > 0
}

function isOneOf(doc: Doc): boolean {
  return doc.kind === 'list' ? isOneOf(doc.item!) : doc.kind === 'oneOf'
}

function presenceInCode(doc: Doc): string {
  return presenceOf(doc).replace(/^default (.*)$/s, 'default `$1`')
}

/** As Markdown renderers make it of the heading. */
function anchor(path: string): string {
  return path.toLowerCase().replace(/[^\w-]/g, '')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

/** `*` and `<` outside of code would be read as markup. */
function escaped(text: string): string {
  return text
    .split('`')
    .map((part, i) => (i % 2 === 1 ? part : part.replace(/[*<]/g, '\\$&')))
    .join('`')
}
