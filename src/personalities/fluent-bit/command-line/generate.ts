import type { CommandLine, Instance } from './command-line.ts'

type Generated = { readonly configuration: Readonly<Record<string, unknown>> } | { readonly problem: string }

/** What a command line says, as the YAML format has it. */
export function generatedConfiguration(commandLine: CommandLine): Generated {
  const { config, workdir, service, parsers, instances, streamTasks, plugins } = commandLine
  if (config !== undefined) return { problem: '--generate-config cannot be used with --config' }
  if (workdir !== undefined) return { problem: '--generate-config cannot preserve --workdir' }
  const parsersFile = parsers.length > 1 ? [...parsers] : parsers[0]
  const of = (kind: Instance['kind']) => instances.filter(instance => instance.kind === kind).map(sectionOf)
  const [inputs, filters, outputs, customs] = [of('input'), of('filter'), of('output'), of('custom')]
  const options = {
    ...Object.fromEntries(service),
    ...(parsersFile !== undefined && { parsers_file: parsersFile }),
  }
  return {
    configuration: {
      ...(Object.keys(options).length > 0 && { service: options }),
      ...(customs.length > 0 && { customs }),
      ...(plugins.length > 0 && { plugins }),
      ...(streamTasks.length > 0 && {
        stream_processor: streamTasks.map((exec, index) => ({ name: `flb-console:${index}`, exec })),
      }),
      pipeline: {
        ...(inputs.length > 0 && { inputs }),
        ...(filters.length > 0 && { filters }),
        ...(outputs.length > 0 && { outputs }),
      },
    },
  }
}

/** A key that is given several times becomes a list. */
function sectionOf({ name, properties }: Instance): Record<string, string | string[]> {
  const section: Record<string, string | string[]> = { name }
  for (const [key, value] of properties) {
    const before = section[key]
    section[key] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]
  }
  return section
}
