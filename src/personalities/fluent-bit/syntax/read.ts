import { nearest } from '../../../kernel/config/suggest.ts'
import { readClassic } from './classic.ts'
import {
  type ConfigurationDocument,
  type ConfigurationFiles,
  type Finding,
  type Item,
  isList,
  isMapping,
  isText,
  type Place,
  type Property,
  type Section,
  textOf,
} from './document.ts'
import { directoryOf, fileOfUri, isYaml, resolvePath } from './paths.ts'
import { expand, expandMapping, type Lookup } from './variables.ts'
import { readYaml } from './yaml.ts'

export interface ReadOptions {
  /** Whether the value of a variable is not read from its file: the environment is asked for it then. */
  readonly keepsValueOf?: (name: string) => boolean
  /** The text of a file that is not there, and that Fluent Bit would have brought. */
  readonly shipped?: (path: string) => string | undefined
  readonly files: ConfigurationFiles
  /** What relative names are relative to when they are not found beside the main file. */
  readonly cwd: string
  readonly environment: Lookup
}

export interface Reading {
  readonly document: ConfigurationDocument
  readonly findings: readonly Finding[]
  /** Absolute paths of all that was read, the main file first. */
  readonly files: readonly string[]
  /** Files whose contents are values of variables, and how often they are to be read again. */
  readonly refreshed: readonly { readonly path: string; readonly everyMs: number }[]
}

type List =
  | 'inputs'
  | 'filters'
  | 'outputs'
  | 'customs'
  | 'parsers'
  | 'multilineParsers'
  | 'upstreams'
  | 'streamTasks'
type Draft = { readonly [K in List]: Section[] } & { readonly service: Property[]; readonly plugins: Item[] }

const MAX_FILES = 1000
const MAX_DEPTH = 64
const MAX_LENGTH = 32 * 1024 * 1024

const CLASSIC: Readonly<Record<string, List>> = {
  input: 'inputs',
  filter: 'filters',
  output: 'outputs',
  custom: 'customs',
  parser: 'parsers',
  multiline_parser: 'multilineParsers',
  stream_task: 'streamTasks',
  upstream: 'upstreams',
}

const YAML: Readonly<Record<string, List>> = {
  customs: 'customs',
  parsers: 'parsers',
  multiline_parsers: 'multilineParsers',
  stream_processor: 'streamTasks',
  upstream_servers: 'upstreams',
}

/** Reads a file and all that it includes, in either format; never throws. Variables are expanded last, wherever they were set. */
export function readConfiguration(main: string, options: ReadOptions): Reading {
  const reader = new Reader(options, directoryOf(resolvePath(options.cwd, main)))
  reader.readMain(resolvePath(options.cwd, main))
  return reader.finish()
}

/** Reads further files, such as those of parsers, as part of the same configuration. */
export function readFurther(paths: readonly Item[], from: string, options: ReadOptions): Reading {
  const reader = new Reader(options, from)
  for (const { value, place } of paths) if (isText(value)) reader.readNamed(value.trim(), place, 'cwd first')
  return reader.finish()
}

class Reader {
  readonly #options: ReadOptions
  readonly #directory: string
  readonly #findings: Finding[] = []
  readonly #files: string[] = []
  readonly #refreshed: { path: string; everyMs: number }[] = []
  readonly #variables = new Map<string, string>()
  readonly #unset = new Set<string>()
  #depth = 0
  readonly #draft: Draft = {
    service: [],
    plugins: [],
    inputs: [],
    filters: [],
    outputs: [],
    customs: [],
    parsers: [],
    multilineParsers: [],
    upstreams: [],
    streamTasks: [],
  }
  #servicePlace: Place | undefined

  constructor(options: ReadOptions, directory: string) {
    this.#options = options
    this.#directory = directory
  }

  readMain(path: string): void {
    const start = { file: path, line: 1, column: 1 }
    const text = this.#options.files.read(path)
    if (text === undefined) {
      this.#error(start, 'the file cannot be read')
      return
    }
    this.#take(path, text, start)
  }

  /** A file or a glob that a configuration names. */
  readNamed(
    written: string,
    place: Place,
    order: 'beside first' | 'cwd first',
    from = this.#directory,
  ): void {
    const path = expand(written, this.#lookup, name => this.#tellUnset(name, place))
    const { files, cwd } = this.#options
    const places = order === 'beside first' ? [from, cwd] : [cwd, from]
    if (/[*?[]/.test(path)) {
      const found = places
        .map(folder => files.glob(resolvePath(folder, path)))
        .find(({ length }) => length > 0)
      if (found === undefined) {
        this.#error(place, `no file matches ${path}`)
        return
      }
      for (const each of found) this.#readOne(each, place)
      return
    }
    const existing = places
      .map(folder => resolvePath(folder, path))
      .find(each => this.#files.includes(each) || files.read(each) !== undefined)
    const shipped = existing === undefined ? this.#options.shipped?.(path) : undefined
    if (shipped !== undefined) this.#takeClassic(path, shipped)
    else if (existing !== undefined) this.#readOne(existing, place)
    else this.#error(place, `${path} cannot be read`, 'check the path and its rights')
  }

  finish(): Reading {
    const section = (each: Section): Section =>
      expandMapping(each, this.#lookup, (n, p) => this.#tellUnset(n, p))
    const sections = (list: List) => this.#draft[list].map(section)
    const place = this.#servicePlace ?? { file: this.#files[0] ?? '', line: 1, column: 1 }
    const document: ConfigurationDocument = {
      service: section({ place, properties: this.#draft.service }),
      inputs: sections('inputs'),
      filters: sections('filters'),
      outputs: sections('outputs'),
      customs: sections('customs'),
      parsers: sections('parsers'),
      multilineParsers: sections('multilineParsers'),
      upstreams: sections('upstreams'),
      streamTasks: sections('streamTasks'),
      plugins: this.#draft.plugins,
    }
    return { document, findings: this.#findings, files: this.#files, refreshed: this.#refreshed }
  }

  #readOne(path: string, place: Place): void {
    if (this.#files.includes(path)) {
      this.#error(place, `${path} is included twice, or includes itself`)
      return
    }
    if (this.#files.length >= MAX_FILES) {
      this.#error(place, `more than ${MAX_FILES} files are included`)
      return
    }
    const text = this.#options.files.read(path)
    if (text === undefined) {
      this.#error(place, `${path} cannot be read`, 'check the path and its rights')
      return
    }
    this.#take(path, text, place)
  }

  #take(path: string, text: string, place: Place): void {
    this.#files.push(path)
    if (text.length > MAX_LENGTH) {
      this.#error(place, `${path} is larger than 32 MiB`)
      return
    }
    if (this.#depth >= MAX_DEPTH) {
      this.#error(place, 'files include each other too deeply')
      return
    }
    this.#depth++
    if (isYaml(path)) this.#takeYaml(path, text)
    else this.#takeClassic(path, text)
    this.#depth--
  }

  #takeClassic(path: string, text: string): void {
    const { entries, problems } = readClassic(path, text)
    for (const { place, message, hint } of problems) this.#error(place, message, hint)
    for (const entry of entries) {
      if (entry.kind === 'set') this.#variables.set(entry.name, entry.value)
      else if (entry.kind === 'include') this.readNamed(entry.path, entry.place, 'beside first')
      else this.#takeSection(entry)
    }
  }

  #takeSection({ name, ...section }: Section & { readonly name: string }): void {
    if (name === 'service') {
      this.#servicePlace ??= section.place
      this.#draft.service.push(...section.properties)
    } else if (name === 'plugins') this.#draft.plugins.push(...section.properties)
    else if (name === 'node') this.#takeNode(section)
    else if (Object.hasOwn(CLASSIC, name)) this.#draft[CLASSIC[name]].push(section)
    else {
      const known = [...Object.keys(CLASSIC), 'service', 'plugins', 'node']
      this.#unknownSection(section.place, `[${name.toUpperCase()}]`, name, known)
    }
  }

  /** Nodes stand behind their upstream. */
  #takeNode(node: Section): void {
    const upstream = this.#draft.upstreams.at(-1)
    if (upstream === undefined) {
      this.#error(node.place, '[NODE] stands before any [UPSTREAM]')
      return
    }
    const nodes: Property = {
      key: 'nodes',
      keyPlace: node.place,
      place: node.place,
      value: [{ place: node.place, value: node }],
    }
    this.#draft.upstreams[this.#draft.upstreams.length - 1] = {
      ...upstream,
      properties: [...upstream.properties, nodes],
    }
  }

  #takeYaml(path: string, text: string): void {
    const read = readYaml(path, text)
    if (!read.ok) {
      this.#error(read.place, read.message, read.hint)
      return
    }
    for (const property of read.root.properties) this.#takeTopLevel(property, path)
  }

  #takeTopLevel(property: Property, path: string): void {
    const { key, value, place, keyPlace } = property
    const name = key.toLowerCase()
    if (name === 'env') {
      this.#takeVariables(property)
      return
    }
    if (name === 'pipeline') {
      this.#takePipeline(property)
      return
    }
    if (name === 'includes') {
      for (const item of this.#items(property))
        if (isText(item.value))
          this.readNamed(item.value.trim(), item.place, 'beside first', directoryOf(path))
      return
    }
    if (name === 'service') {
      this.#servicePlace ??= keyPlace
      if (isMapping(value)) this.#draft.service.push(...value.properties)
      else if (value !== '') this.#error(place, 'expected a mapping of options')
      return
    }
    if (name === 'plugins') {
      for (const { value, place } of this.#items(property)) {
        const path = isMapping(value) ? textOf(value, 'path') : value
        if (path !== undefined && isText(path)) this.#draft.plugins.push({ value: path, place })
      }
      return
    }
    if (Object.hasOwn(YAML, name)) {
      this.#takeSections(property, YAML[name], name === 'customs')
      return
    }
    if (name === 'extensions') return
    this.#unknownSection(keyPlace, `"${key}"`, name, [
      ...Object.keys(YAML),
      'env',
      'includes',
      'service',
      'plugins',
      'pipeline',
    ])
  }

  #takePipeline({ value, place }: Property): void {
    if (value === '') return
    if (!isMapping(value)) {
      this.#error(place, 'expected a mapping with inputs, filters and outputs')
      return
    }
    for (const part of value.properties) {
      const name = part.key.toLowerCase()
      if (name === 'inputs' || name === 'filters' || name === 'outputs') this.#takeSections(part, name, true)
      else {
        const near = nearest(name, ['inputs', 'filters', 'outputs'])
        this.#error(
          part.keyPlace,
          `unknown part "${part.key}" of pipeline`,
          near && `did you mean "${near}"?`,
        )
      }
    }
  }

  /** Plugins may be written `- name: tail` or, as a mapping of one key, `- tail: {…}`. */
  #takeSections(property: Property, list: List, plugins: boolean): void {
    for (const { value, place } of this.#items(property)) {
      if (!isMapping(value)) {
        this.#error(place, 'expected a mapping of options')
        continue
      }
      const [first] = value.properties
      if (plugins && value.properties.length === 1 && isMapping(first.value)) {
        const name: Property = { ...first, key: 'name', value: first.key, place: first.keyPlace }
        this.#draft[list].push({ place, properties: [name, ...first.value.properties] })
      } else this.#draft[list].push({ place, properties: value.properties })
    }
  }

  #takeVariables({ value, place }: Property): void {
    if (isMapping(value)) {
      for (const each of value.properties) {
        if (isText(each.value)) this.#variables.set(each.key, each.value)
        else this.#error(each.place, `expected the value of ${each.key} as text`)
      }
    } else if (isList(value)) for (const item of value) this.#takeVariable(item)
    else if (value !== '') this.#error(place, 'expected a mapping of names to values, or a list')
  }

  #takeVariable({ value, place }: Item): void {
    const name = isMapping(value) ? textOf(value, 'name') : undefined
    if (!isMapping(value) || name === undefined) {
      this.#error(place, 'expected a mapping with "name"')
      return
    }
    const text = textOf(value, 'value')
    const uri = textOf(value, 'uri')
    if (text !== undefined) this.#variables.set(name, text)
    if (uri === undefined) return
    const path = fileOfUri(uri)
    if (path === undefined) {
      this.#error(place, `the uri of ${name} is "${uri}"`, 'write file:///path, or the path itself')
      return
    }
    if (this.#options.keepsValueOf?.(name)) {
      const message = `the value of ${name} is in ${path}: set the variable ${name} to it`
      this.#findings.push({ level: 'warning', place, subject: '', message })
      return
    }
    const content = this.#options.files.read(resolvePath(this.#directory, path))
    if (content === undefined) {
      this.#error(place, `${path}, the value of ${name}, cannot be read`)
      return
    }
    this.#variables.set(name, content.replace(/[\r\n]+$/, ''))
    const seconds = Number(textOf(value, 'refresh_interval') ?? 0)
    if (seconds > 0)
      this.#refreshed.push({ path: resolvePath(this.#directory, path), everyMs: seconds * 1000 })
  }

  #items({ value, place }: Property): readonly Item[] {
    if (isList(value)) return value
    if (value === '') return []
    if (isMapping(value)) return [{ value, place }]
    this.#error(place, 'expected a list', 'begin each item with "- "')
    return []
  }

  /** What is set in files is stronger than the environment. */
  readonly #lookup: Lookup = (name, fallback) =>
    this.#variables.get(name) ?? this.#options.environment(name, fallback)

  #tellUnset(name: string, place: Place): void {
    if (this.#unset.has(name)) return
    this.#unset.add(name)
    const message = `\${${name}} is not set, and empty here`
    this.#findings.push({
      level: 'warning',
      place,
      subject: '',
      message,
      hint: `set it, or write \${${name}:-default}`,
    })
  }

  /** Other programs may keep sections of their own there; what is almost one of ours is a mistake. */
  #unknownSection(place: Place, title: string, name: string, known: readonly string[]): void {
    const near = nearest(name, known)
    if (near !== undefined) {
      this.#error(place, `unknown section ${title}`, `did you mean "${near}"?`)
      return
    }
    this.#findings.push({
      level: 'warning',
      place,
      subject: '',
      message: `unknown section ${title}; it is passed over`,
    })
  }

  #error(place: Place, message: string, hint?: string): void {
    this.#findings.push({ level: 'error', place, subject: '', message, ...(hint !== undefined && { hint }) })
  }
}
