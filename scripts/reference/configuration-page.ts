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
  const page = new Page(root)
  const sections = Object.entries(root.fields!).flatMap(([name, doc]) => page.section(name, doc))
  return [
    `# ${title}`,
    '',
    `Every option of \`${file}\`, made from the schemas that the program checks the file with.`,
    ...values,
    '',
    '## The top level',
    '',
    ...page.optionTable(root),
    ...sections,
  ]
    .join('\n')
    .trimEnd()
    .concat('\n')
}

/** Options that several places share have one section, at the place with the shortest path; the others lead there. */
class Page {
  readonly #homes = new Map<Doc, string>()
  readonly #parts = new Map<Doc, Readonly<Record<string, Doc>>>()

  constructor(root: Doc) {
    for (const [name, doc] of Object.entries(root.fields!)) this.#settle(name, doc)
  }

  section(path: string, doc: Doc, alternative = false): string[] {
    if (doc.kind === 'map') return this.section(`${path}.NAME`, doc.item!, true)
    const inside = Object.entries(this.#inside(doc))
    if (inside.length === 0 || this.#homes.get(doc) !== path) return []
    const deeper = inside.flatMap(([name, child]) => this.section(`${path}.${name}`, child, isOneOf(doc)))
    const head = [`## \`${path}\``, '', escaped(doc.about), '', facts(doc, alternative), '']
    return [...head, ...this.optionTable(doc), ...deeper]
  }

  optionTable(doc: Doc): string[] {
    const rows = Object.entries(this.#inside(doc)).map(([name, child]) =>
      this.#row(name, child, isOneOf(doc)),
    )
    return ['| option | type | | meaning |', '|---|---|---|---|', ...rows, '']
  }

  #row(name: string, doc: Doc, alternative: boolean): string {
    const home = this.#homes.get(doc.kind === 'map' ? doc.item! : doc)
    const label = home === undefined ? `\`${name}\`` : `[\`${name}\`](#${anchor(home)})`
    const example =
      doc.example === undefined || home !== undefined ? '' : ` Example: \`${written(doc.example)}\`.`
    const presence = alternative ? '' : presenceInCode(doc)
    return `| ${label} | ${cell(typeOf(doc))} | ${cell(presence)} | ${cell(escaped(doc.about) + example)} |`
  }

  #settle(path: string, doc: Doc): void {
    if (doc.kind === 'map') {
      this.#settle(`${path}.NAME`, doc.item!)
      return
    }
    const inside = Object.entries(this.#inside(doc))
    if (inside.length === 0) return
    const known = this.#homes.get(doc)
    if (known !== undefined && depth(known) <= depth(path)) return
    this.#homes.set(doc, path)
    for (const [name, child] of inside) this.#settle(`${path}.${name}`, child)
  }

  /** The same parts each time: some are made when they are asked for. */
  #inside(doc: Doc): Readonly<Record<string, Doc>> {
    let inside = this.#parts.get(doc)
    if (inside === undefined) {
      inside = children(doc) ?? {}
      this.#parts.set(doc, inside)
    }
    return inside
  }
}

function depth(path: string): number {
  return path.split('.').length
}

function facts(doc: Doc, alternative: boolean): string {
  const presence = alternative ? '' : `; ${presenceInCode(doc)}`
  const example = doc.example === undefined ? '' : ` Example: \`${written(doc.example)}\`.`
  return `Type: ${typeOf(doc)}${presence}.${example}`
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
