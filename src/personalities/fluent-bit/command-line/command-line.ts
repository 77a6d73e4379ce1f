import type { ConfigurationDocument, Finding, Place, Property, Section } from '../syntax/document.ts'
import { expandMapping, type Lookup } from '../syntax/variables.ts'

/** What a call of `fluent-bit` says. */
export interface CommandLine {
  readonly config?: string
  readonly parsers: readonly string[]
  readonly plugins: readonly string[]
  readonly workdir?: string
  readonly dryRun: boolean
  readonly help: 'none' | 'text' | 'json'
  readonly version: boolean
  readonly quiet: boolean
  /** 1: debug, 2: trace. */
  readonly verbosity: number
  readonly strict: boolean
  readonly generate: boolean
  readonly sosreport: boolean
  /** Options of the service that stand on the command line, which is stronger than files. */
  readonly service: readonly (readonly [key: string, value: string])[]
  readonly instances: readonly Instance[]
  readonly streamTasks: readonly string[]
}

/** A plugin of the command line with its properties. */
export interface Instance {
  readonly kind: 'input' | 'filter' | 'output' | 'custom'
  readonly name: string
  readonly properties: readonly (readonly [key: string, value: string])[]
}

export type ParsedCommandLine =
  | { readonly ok: true; readonly commandLine: CommandLine }
  | { readonly ok: false; readonly message: string }

interface Flag {
  readonly long: string
  readonly short?: string
  readonly value?: string
  readonly about: string
}

/** All flags, in the order of --help. */
export const flags: readonly Flag[] = [
  { short: 'b', long: 'storage_path', value: 'PATH', about: 'specify a storage buffering path' },
  { short: 'c', long: 'config', value: 'FILE', about: 'specify an optional configuration file' },
  { short: 'd', long: 'daemon', about: 'not supported: it runs in the foreground' },
  { short: 'D', long: 'dry-run', about: 'check the configuration and end' },
  { short: 'f', long: 'flush', value: 'SECONDS', about: 'flush timeout in seconds (default: 1)' },
  { short: 'C', long: 'custom', value: 'CUSTOM', about: 'not supported: custom plugins' },
  { short: 'i', long: 'input', value: 'INPUT', about: 'set an input' },
  { short: 'F', long: 'filter', value: 'FILTER', about: 'set a filter' },
  { short: 'm', long: 'match', value: 'MATCH', about: "set plugin match, same as '-p match=abc'" },
  { short: 'o', long: 'output', value: 'OUTPUT', about: 'set an output' },
  { short: 'p', long: 'prop', value: '"A=B"', about: 'set plugin configuration property' },
  { short: 'R', long: 'parser', value: 'FILE', about: 'specify a parser configuration file' },
  { short: 'e', long: 'plugin', value: 'FILE', about: 'not supported: plugins of shared libraries' },
  { short: 'l', long: 'log_file', value: 'FILE', about: 'write log info to a file' },
  { short: 't', long: 'tag', value: 'TAG', about: "set plugin tag, same as '-p tag=abc'" },
  { short: 'T', long: 'sp-task', value: 'SQL', about: 'not supported: tasks of the stream processor' },
  { short: 'v', long: 'verbose', about: 'increase logging verbosity (default: info)' },
  { long: 'vv', about: 'trace mode' },
  { short: 'Z', long: 'enable-chunk-trace', about: 'not supported: outrigger logs tail shows what passes' },
  { short: 'w', long: 'workdir', value: 'DIR', about: 'set the working directory' },
  { short: 'H', long: 'http', about: 'enable monitoring HTTP server' },
  { short: 'L', long: 'listen', value: 'ADDRESS', about: 'set HTTP server listening interface' },
  { short: 'P', long: 'port', value: 'PORT', about: 'set HTTP server TCP port (default: 2020)' },
  { short: 's', long: 'coro_stack_size', value: 'BYTES', about: 'accepted; there are no coroutines' },
  { short: 'q', long: 'quiet', about: 'quiet mode' },
  { short: 'S', long: 'sosreport', about: 'print what a report of a fault should tell' },
  { short: 'Y', long: 'enable-hot-reload', about: 'enable for hot reloading' },
  {
    short: 'W',
    long: 'disable-thread-safety-on-hot-reloading',
    about: 'accepted; reloading does not involve threads',
  },
  { short: 'G', long: 'generate-config', about: 'print the configuration of this command line as YAML' },
  { short: 'M', long: 'maxstdio', value: 'N', about: 'for Windows only' },
  { long: 'enable-fips', about: 'not supported: FIPS mode' },
  { long: 'strict-compat', about: 'keep the defaults that may lose records: one retry, and memory' },
  { short: 'J', long: 'schema', about: 'with -i, -F or -o: print the help of the plugin as JSON' },
  { short: 'V', long: 'version', about: 'show version number' },
  { short: 'h', long: 'help', about: 'print this help; behind -i, -F or -o that of the plugin' },
]

/** Reads the arguments as getopt does: short flags may share a dash, a value may follow at once, behind = or as the next. */
export function parseCommandLine(args: readonly string[]): ParsedCommandLine {
  const parsing = new Parsing()
  const queue = [...args]
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    const problem = arg.startsWith('--') ? takeLong(arg, queue, parsing) : takeShort(arg, queue, parsing)
    if (problem !== undefined) return { ok: false, message: problem }
  }
  return { ok: true, commandLine: parsing.finish() }
}

function takeLong(arg: string, queue: string[], parsing: Parsing): string | undefined {
  const [, name, given] = /^--([^=]*)(?:=(.*))?$/s.exec(arg)!
  const flag = flags.find(({ long }) => long === name)
  if (flag === undefined) return `unrecognized option '${arg}'`
  if (flag.value === undefined)
    return given === undefined ? parsing.take(flag.long, '') : `option '--${name}' takes no argument`
  const value = given ?? queue.shift()
  return value === undefined ? `option '--${name}' requires an argument` : parsing.take(flag.long, value)
}

function takeShort(arg: string, queue: string[], parsing: Parsing): string | undefined {
  if (!arg.startsWith('-') || arg === '-') return `unexpected argument '${arg}'`
  for (let at = 1; at < arg.length; at++) {
    const flag = flags.find(({ short }) => short === arg[at])
    if (flag === undefined) return `invalid option -- '${arg[at]}'`
    if (flag.value === undefined) {
      parsing.take(flag.long, '')
      continue
    }
    const rest = arg.slice(at + 1)
    const value = rest === '' ? queue.shift() : rest
    return value === undefined
      ? `option requires an argument -- '${arg[at]}'`
      : parsing.take(flag.long, value)
  }
  return undefined
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

class Parsing {
  readonly #line: Writable<
    Omit<CommandLine, 'instances' | 'service' | 'parsers' | 'plugins' | 'streamTasks'>
  > = {
    dryRun: false,
    help: 'none',
    version: false,
    quiet: false,
    verbosity: 0,
    strict: false,
    generate: false,
    sosreport: false,
  }
  readonly #instances: { kind: Instance['kind']; name: string; properties: [string, string][] }[] = []
  readonly #service: [string, string][] = []
  readonly #parsers: string[] = []
  readonly #plugins: string[] = []
  readonly #streamTasks: string[] = []

  /** What is wrong, or undefined. */
  take(flag: string, value: string): string | undefined {
    switch (flag) {
      case 'config':
        this.#line.config = value
        break
      case 'workdir':
        this.#line.workdir = value
        break
      case 'parser':
        this.#parsers.push(value)
        break
      case 'plugin':
        this.#plugins.push(value)
        break
      case 'sp-task':
        this.#streamTasks.push(value)
        break
      case 'input':
      case 'filter':
      case 'output':
      case 'custom':
        this.#begin(flag, value)
        break
      case 'match':
      case 'tag':
        return this.#property(flag, value)
      case 'prop': {
        const [, key, text] = /^([^=]*)=(.*)$/s.exec(value) ?? []
        if (key === undefined) return `the property "${value}" is not KEY=VALUE`
        return this.#property(key.trim(), text)
      }
      case 'dry-run':
        this.#line.dryRun = true
        break
      case 'help':
        this.#line.help = this.#line.help === 'json' ? 'json' : 'text'
        break
      case 'schema':
        this.#line.help = 'json'
        break
      case 'version':
        this.#line.version = true
        break
      case 'quiet':
        this.#line.quiet = true
        break
      case 'verbose':
        this.#line.verbosity++
        break
      case 'vv':
        this.#line.verbosity = 2
        break
      case 'strict-compat':
        this.#line.strict = true
        break
      case 'generate-config':
        this.#line.generate = true
        break
      case 'sosreport':
        this.#line.sosreport = true
        break
      default:
        this.#setService(flag, value)
    }
    return undefined
  }

  finish(): CommandLine {
    const { quiet, verbosity } = this.#line
    const level = quiet ? 'off' : verbosity > 1 ? 'trace' : verbosity === 1 ? 'debug' : undefined
    return {
      ...this.#line,
      instances: this.#instances,
      parsers: this.#parsers,
      plugins: this.#plugins,
      streamTasks: this.#streamTasks,
      service: level === undefined ? this.#service : [...this.#service, ['log_level', level]],
    }
  }

  /** `es://host:port/index/type` says where at once. */
  #begin(kind: Instance['kind'], value: string): void {
    const uri = /^([\w-]+):\/\/([^/?]*)(\/[^?]*)?/.exec(value)
    if (uri === null) {
      this.#instances.push({ kind, name: value, properties: [] })
      return
    }
    const [, name, authority, path = ''] = uri
    const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(authority) ?? []
    const properties: [string, string][] = []
    if (host !== '') properties.push(['host', host])
    if (port !== undefined) properties.push(['port', port])
    const keys = { es: ['index', 'type'], opensearch: ['index', 'type'] }[name]
    if (keys === undefined && path !== '' && path !== '/') properties.push(['uri', path])
    else
      for (const [at, part] of path
        .split('/')
        .filter(part => part !== '')
        .entries())
        if (keys?.[at]) properties.push([keys[at], part])
    this.#instances.push({ kind, name, properties })
  }

  #property(key: string, value: string): string | undefined {
    const last = this.#instances.at(-1)
    if (last === undefined) return `"${key}" stands before any -i, -F or -o`
    last.properties.push([key, value])
    return undefined
  }

  #setService(flag: string, value: string): void {
    const keys: Readonly<Record<string, readonly [string, string]>> = {
      storage_path: ['storage.path', value],
      daemon: ['daemon', 'on'],
      flush: ['flush', value],
      log_file: ['log_file', value],
      http: ['http_server', 'on'],
      listen: ['http_listen', value],
      port: ['http_port', value],
      coro_stack_size: ['coro_stack_size', value],
      'enable-hot-reload': ['hot_reload', 'on'],
      'disable-thread-safety-on-hot-reloading': ['hot_reload.ensure_thread_safety', 'off'],
      'enable-chunk-trace': ['enable_chunk_trace', 'on'],
      'enable-fips': ['security.fips_mode', 'on'],
      maxstdio: ['windows.maxstdio', value],
    }
    const entry = keys[flag]
    if (entry !== undefined) this.#service.push([...entry])
  }
}

const PLACE: Place = { file: 'command line', line: 0, column: 0 }

/** What the command line says of the pipeline, as a configuration. */
export function commandLineDocument(
  { instances, service, plugins, streamTasks }: CommandLine,
  environment: Lookup,
): { readonly document: ConfigurationDocument; readonly findings: readonly Finding[] } {
  const findings: Finding[] = []
  const unset = (name: string) =>
    findings.push({
      level: 'warning',
      place: PLACE,
      subject: '',
      message: `\${${name}} is not set, and empty here`,
    })
  let order = 0
  /** Properties keep their order: their places differ. */
  const property = (key: string, value: string): Property => {
    const place = { ...PLACE, column: ++order }
    return { key, value, place, keyPlace: place }
  }
  const section = (properties: readonly Property[]): Section =>
    expandMapping({ place: PLACE, properties }, environment, unset)
  const of = (kind: Instance['kind']) =>
    instances
      .filter(instance => instance.kind === kind)
      .map(({ name, properties }) =>
        section([property('name', name), ...properties.map(([key, value]) => property(key, value))]),
      )
  const document: ConfigurationDocument = {
    service: section(service.map(([key, value]) => property(key, value))),
    inputs: of('input'),
    filters: of('filter'),
    outputs: of('output'),
    customs: of('custom'),
    parsers: [],
    multilineParsers: [],
    upstreams: [],
    streamTasks: streamTasks.map((exec, index) =>
      section([property('name', `flb-console:${index}`), property('exec', exec)]),
    ),
    plugins: plugins.map(path => ({ value: path, place: PLACE })),
  }
  return { document, findings }
}
