import type { Entry } from '../../src/injection/catalogue/entry.ts'
import {
  containersOutlined,
  parametersOutlined,
  withDefaults,
} from '../../src/injection/catalogue/outline.ts'

/** The reference page of the catalogue that comes with the product: each entry with what it takes and asks. */
export function sidecarsPage(entries: readonly Entry[]): string {
  return `${[
    '# The approved sidecars',
    '',
    'What the catalogue that comes with Outrigger holds, made from its entries. A pod asks for one by its name',
    '(`outrigger.dev/inject: NAME`) and sets a parameter by an annotation of its own (`outrigger.dev/NAME.PARAMETER: value`).',
    '',
    '| name | purpose |',
    '|---|---|',
    ...entries.map(({ name, purpose }) => `| [\`${name}\`](#${name}) | ${cell(purpose)} |`),
    '',
    ...entries.flatMap(section),
  ]
    .join('\n')
    .trimEnd()}\n`
}

function section(entry: Entry): string[] {
  const rendered = withDefaults(entry)
  const aliases = Object.entries(entry.aliases).map(([name, { about }]) => `- \`${name}\`: ${about}`)
  const waivers = entry.waivers.map(({ field, reason }) => `- \`${field}\`: ${reason}`)
  return [
    `## ${entry.name}`,
    '',
    `${entry.purpose} Version ${entry.version}${entry.compose === undefined ? ', for Kubernetes only' : ''}.`,
    '',
    ...(aliases.length === 0 ? [] : ['Also asked for as:', '', ...aliases, '']),
    '| container | kind | image | CPU | memory |',
    '|---|---|---|---|---|',
    ...containersOutlined(rendered).map(
      ({ name, kind, image, cpu, memory }) => `| \`${name}\` | ${kind} | \`${image}\` | ${cpu} | ${memory} |`,
    ),
    '',
    ...(waivers.length === 0 ? [] : ['What it lacks of Pod Security "restricted":', '', ...waivers, '']),
    '| parameter | value | | meaning |',
    '|---|---|---|---|',
    ...parametersOutlined(entry).map(each => {
      const presence = /^required/.test(each.default)
        ? each.default
        : each.default === '-'
          ? 'optional'
          : `default \`${each.default}\``
      return `| \`${each.name}\` | ${cell(each.expected)} | ${cell(presence)} | ${cell(each.about)} |`
    }),
    '',
  ]
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('*', '\\*')
}
