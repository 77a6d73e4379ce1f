import {
  everyFilter,
  everyInput,
  everyOutput,
  type Option,
  type Options,
} from '../../src/personalities/fluent-bit/plugins/option.ts'
import { processorPlugins } from '../../src/personalities/fluent-bit/plugins/processors.ts'
import {
  filterPlugins,
  inputPlugins,
  outputPlugins,
  refusedPlugins,
} from '../../src/personalities/fluent-bit/plugins/registry.ts'
import { serviceOptions } from '../../src/personalities/fluent-bit/service.ts'

type Plugins = Readonly<Record<string, { readonly about: string; readonly options: Options }>>

/** Every plugin and every key of Fluent Bit that `outrigger as fluent-bit` knows, with what becomes of it. */
export function fluentBitPage(): string {
  const parts = [
    section('Inputs', inputPlugins, everyInput, refusedPlugins.input),
    section('Filters', filterPlugins, everyFilter, refusedPlugins.filter),
    section('Processors', processorPlugins, {}, {}),
    section('Outputs', outputPlugins, everyOutput, refusedPlugins.output),
  ]
  return [
    '# Fluent Bit: plugins and keys',
    '',
    'Written by `node scripts/reference.ts`. What `outrigger as fluent-bit` and `outrigger import fluent-bit` make of each',
    'key; the guide is [here](../fluent-bit.md). *Carried over*: it does what it does there. *Nothing to do*: it is taken',
    'silently, for the reason given. *Lost*: it is told at the start, with its place. Any other key is an error.',
    '',
    '## Service',
    '',
    table(serviceOptions),
    ...parts,
  ].join('\n')
}

function section(
  title: string,
  plugins: Plugins,
  common: Options,
  refused: Readonly<Record<string, string>>,
): string {
  const lines = [`\n## ${title}\n`]
  if (Object.keys(common).length > 0) lines.push(`Every one of them has these keys:\n\n${table(common)}`)
  for (const [name, { about, options }] of Object.entries(plugins)) {
    lines.push(
      `### ${name}${title === 'Inputs' ? ' (input)' : title === 'Outputs' ? ' (output)' : ''}\n\n${about}.\n`,
    )
    if (Object.keys(options).length > 0) lines.push(table(options))
  }
  const others = Object.entries(refused)
  if (others.length > 0)
    lines.push(`Refused with a reason: ${others.map(([name]) => `\`${name}\``).join(', ')}.\n`)
  return lines.join('\n')
}

function table(options: Options): string {
  const rows = Object.entries(options).map(
    ([key, option]) =>
      `| \`${key}\` | ${option.default === undefined ? '' : `\`${cell(option.default)}\``} | ${effect(option)} |`,
  )
  return ['| key | default | here |', '|---|---|---|', ...rows, ''].join('\n')
}

function effect({ lost, needless }: Option): string {
  if (lost !== undefined) return `lost: ${cell(lost)}`
  return needless === undefined ? 'carried over' : `nothing to do: ${cell(needless)}`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
