import { type CommandLine, commandLineDocument } from './command-line/command-line.ts'
import { shippedParsers } from './parsers/shipped.ts'
import type { ConfigurationDocument, ConfigurationFiles, Finding, Item, Place } from './syntax/document.ts'
import { isText, textOf } from './syntax/document.ts'
import { directoryOf, resolvePath } from './syntax/paths.ts'
import { type Reading, readConfiguration, readFurther } from './syntax/read.ts'
import type { Lookup } from './syntax/variables.ts'
import { type Translation, translate } from './translate.ts'

export interface LoadOptions {
  readonly commandLine: CommandLine
  readonly files: ConfigurationFiles
  readonly cwd: string
  readonly environment: Lookup
  /** Whether the value of a variable is not read from its file: the environment is asked for it then. */
  readonly keepsValueOf?: (name: string) => boolean
}

export interface FluentBitLoaded extends Translation {
  /** Absolute paths of all that was read. */
  readonly files: readonly string[]
  readonly refreshed: Reading['refreshed']
}

/** Reads what a command line names, adds what it says itself, and translates all of it. */
export function loadFluentBit({ commandLine, ...options }: LoadOptions): FluentBitLoaded {
  const { config } = commandLine
  const own = commandLineDocument(commandLine, options.environment)
  const main = config === undefined ? undefined : readConfiguration(config, options)
  const document = merged(main === undefined ? [own.document] : [main.document, own.document])
  const directory = config === undefined ? options.cwd : directoryOf(resolvePath(options.cwd, config))
  const parserFiles = [
    ...parsersFilesOf(document),
    ...commandLine.parsers.map(path => ({ value: path, place: commandPlace })),
  ]
  const further = readFurther(parserFiles, directory, { ...options, shipped: shippedParsers })
  const whole = merged([document, withoutService(further.document)])
  const translation = translate(withSyslogParsers(whole, directory), { strict: commandLine.strict })
  const readings = main === undefined ? [further] : [main, further]
  return {
    ...translation,
    files: readings.flatMap(({ files }) => files),
    refreshed: readings.flatMap(({ refreshed }) => refreshed),
    findings: [
      ...own.findings,
      ...readings.flatMap(({ findings }) => findings),
      ...translation.findings,
      ...emptiness(document),
    ].toSorted(byPlace),
  }
}

/** Where what the command line says stands. */
export const commandPlace: Place = { file: 'command line', line: 0, column: 0 }

function parsersFilesOf({ service }: ConfigurationDocument): Item[] {
  return service.properties.flatMap(({ key, value, place }) => {
    if (key.toLowerCase() !== 'parsers_file') return []
    return isText(value) ? [{ value: value.trim(), place }] : Array.isArray(value) ? value : []
  })
}

function merged(documents: readonly ConfigurationDocument[]): ConfigurationDocument {
  const all = <K extends keyof ConfigurationDocument>(key: K) =>
    documents.flatMap(document => document[key] as readonly never[]) as unknown as ConfigurationDocument[K]
  return {
    service: {
      place: documents[0].service.place,
      properties: overriddenService(documents),
    },
    inputs: all('inputs'),
    filters: all('filters'),
    outputs: all('outputs'),
    customs: all('customs'),
    parsers: all('parsers'),
    multilineParsers: all('multilineParsers'),
    upstreams: all('upstreams'),
    streamTasks: all('streamTasks'),
    plugins: all('plugins'),
  }
}

function withoutService(document: ConfigurationDocument): ConfigurationDocument {
  return { ...document, service: { ...document.service, properties: [] } }
}

/** An input `syslog` names no parser as a rule, and means one that comes with Fluent Bit. */
function withSyslogParsers(document: ConfigurationDocument, directory: string): ConfigurationDocument {
  if (!document.inputs.some(input => textOf(input, 'name')?.toLowerCase() === 'syslog')) return document
  const options = {
    files: { read: () => undefined, glob: () => [] },
    cwd: directory,
    environment: () => undefined,
    shipped: shippedParsers,
  }
  const { parsers } = readFurther(
    [{ value: 'parsers.conf', place: commandPlace }],
    directory,
    options,
  ).document
  const defined = new Set(document.parsers.map(parser => textOf(parser, 'name')))
  const missing = parsers.filter(parser => {
    const name = textOf(parser, 'name')
    return name?.startsWith('syslog-') && !defined.has(name)
  })
  return { ...document, parsers: [...document.parsers, ...missing] }
}

/** A configuration without inputs or outputs does nothing, which nobody means. */
function emptiness({ inputs, outputs, service }: ConfigurationDocument): Finding[] {
  const tell = (what: string): Finding => ({
    level: 'error',
    place: service.place,
    subject: '',
    message: `there is no ${what}`,
    hint: `add one, for example ${what === 'input' ? '[INPUT] with Name tail' : '[OUTPUT] with Name stdout'}`,
  })
  return [...(inputs.length === 0 ? [tell('input')] : []), ...(outputs.length === 0 ? [tell('output')] : [])]
}

function byPlace(a: Finding, b: Finding): number {
  if (a.place.file !== b.place.file) return 0
  return a.place.line - b.place.line || a.place.column - b.place.column
}

/** What a later document says of an option is stronger. */
function overriddenService(
  documents: readonly ConfigurationDocument[],
): ConfigurationDocument['service']['properties'] {
  return documents.flatMap(({ service }, index) => {
    const later = documents.slice(index + 1).flatMap(document => document.service.properties)
    const keys = new Set(later.map(({ key }) => key.toLowerCase()))
    return service.properties.filter(({ key }) => !keys.has(key.toLowerCase()))
  })
}
