import { everyFilter, everyInput, everyOutput, type Option, type Options } from '../plugins/option.ts'
import { filterPlugins, inputPlugins, outputPlugins } from '../plugins/registry.ts'
import { FLUENT_BIT_VERSION } from '../version.ts'
import { type CommandLine, flags } from './command-line.ts'

const TABLES = {
  input: { plugins: inputPlugins, common: everyInput },
  filter: { plugins: filterPlugins, common: everyFilter },
  output: { plugins: outputPlugins, common: everyOutput },
}

/** `--help` */
export function helpText(): string {
  const rows = (list: readonly (readonly [string, string])[]) =>
    list.map(([left, right]) => `  ${left.padEnd(24)}${left.length >= 24 ? ' ' : ''}${right}\n`).join('')
  const plugins = (table: Readonly<Record<string, { readonly about: string }>>) =>
    rows(Object.entries(table).map(([name, { about }]) => [name, about]))
  const options = flags.map(({ short, long, value, about }) => {
    const names = `${short === undefined ? '    ' : `-${short}, `}--${long}${value === undefined ? '' : `=${value}`}`
    return [names, about] as const
  })
  return [
    'Usage: fluent-bit [OPTION]\n\nAvailable Options\n',
    rows(options),
    '\nInputs\n',
    plugins(inputPlugins),
    '\nFilters\n',
    plugins(filterPlugins),
    '\nOutputs\n',
    plugins(outputPlugins),
  ].join('')
}

/** `-i NAME -h`: the options of the plugin that stood last; undefined when there was none. */
export function pluginHelp({ instances, help }: CommandLine): string | undefined {
  const last = instances.at(-1)
  if (last === undefined || last.kind === 'custom') return undefined
  const { plugins, common } = TABLES[last.kind]
  const name = last.name.toLowerCase()
  if (!Object.hasOwn(plugins, name)) return `there is no ${last.kind} plugin "${last.name}"\n`
  const plugin = plugins[name]
  const own = entriesOf(plugin.options)
  const shared = entriesOf(common)
  if (help === 'json') {
    const json = (list: typeof own) =>
      list.map(([key, option]) => ({
        name: key,
        description: effectOf(option),
        default: option.default ?? null,
        type: option.type,
      }))
    const document = {
      type: last.kind,
      name,
      description: plugin.about,
      properties: { global_options: json(shared), options: json(own) },
    }
    return `${JSON.stringify(document)}\n`
  }
  const text = (list: typeof own) =>
    list.map(([key, option]) => {
      const fallback = option.default === undefined ? '' : `default: ${option.default}, `
      return `${key.padEnd(36)}${effectOf(option)}\n${' '.repeat(36)}> ${fallback}type: ${option.type}\n\n`
    })
  return [
    `Fluent Bit v${FLUENT_BIT_VERSION}\n\nHELP\n${name} ${last.kind} plugin\n\nDESCRIPTION\n${plugin.about}\n\nOPTIONS\n`,
    ...text(own),
    'GLOBAL OPTIONS\n',
    ...text(shared),
  ].join('')
}

function entriesOf(options: Options): readonly (readonly [string, Option])[] {
  return Object.entries(options)
}

function effectOf({ lost, needless }: Option): string {
  if (lost !== undefined) return `not supported: ${lost}`
  return needless === undefined ? 'supported' : `changes nothing: ${needless}`
}
