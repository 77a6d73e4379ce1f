import { resolve } from 'node:path'
import type { Module } from '../module.ts'
import { effective, fingerprint, secretsIn, withoutSecrets } from './effective.ts'
import { type Environment, interpolate, type SecretLeaf, type SecretLookUp } from './environment.ts'
import { readSources } from './files.ts'
import { type Included, includeDocuments } from './included.ts'
import { isIndependent, mend } from './mend.ts'
import { type Located, type Parsed, parseYaml } from './parse.ts'
import type { Problem } from './problem.ts'
import { renderReport } from './report.ts'
import { checkRoot, type Root, rootFields, rootSchema } from './root.ts'
import type { Doc, Schema } from './schema.ts'
import { nearest } from './suggest.ts'

/** A module as tables hold it: whoever made the table knows that its config fits its schema. */
// biome-ignore lint/suspicious/noExplicitAny: modules of all configurations share one table
export type AnyModule = Module<any, unknown>

/** Every module's name, and how to load it when a configuration names it. */
export type ModuleTable = Readonly<Record<string, () => Promise<AnyModule>>>

export interface LoadOptions {
  /** Files and folders, in order. */
  readonly files: readonly string[]
  readonly environment: Environment
  readonly modules: ModuleTable
  /** What relative names are relative to; the folder of the process unless given. */
  readonly cwd?: string
  /** Options that were given elsewhere, in the notation of the files, which they are stronger than. */
  readonly overrides?: Readonly<Record<string, unknown>>
  /** Values of secrets that leaves name; none is known unless given. */
  readonly secrets?: SecretLookUp
}

export type Loaded =
  | { readonly ok: true; readonly configuration: Configuration }
  | { readonly ok: false; readonly report: string; readonly problems: readonly Located[] }

/** A configuration without mistakes. */
export interface Configuration extends Root {
  /** In the order of the files. */
  readonly modules: ReadonlyMap<string, ConfiguredModule>
  /** Absolute paths of all that must be watched: the files, and the folders that were given. */
  readonly files: readonly string[]
  /** The secrets that leaves name, and the modules that they are for. */
  readonly secrets: ReadonlyMap<string, readonly string[]>
  /** Modules that are not in `modules`, because these secrets of theirs are not known yet. */
  readonly pending: ReadonlyMap<string, readonly string[]>
  /** What was passed over without being wrong. */
  readonly notes: readonly Located[]
  /** What this machine lacks of what the modules would use, and can do without. */
  lacks(): readonly Located[]
  /** Twelve hex digits; the same for the same effective configuration. Secrets do not count: the hash is shown. */
  readonly hash: string
  /** In the notation of the file, defaults filled in, secrets redacted. */
  effective(): Record<string, unknown>
}

export interface ConfiguredModule {
  readonly module: AnyModule
  /** As decoded by the module's schema. */
  readonly config: unknown
  /** Changes when anything in the module's configuration does, secrets too. Never shown. */
  readonly fingerprint: string
}

/** Reads, decodes and checks. All that is wrong is reported at once; nothing is started, and only named modules are loaded. */
export async function loadConfiguration(options: LoadOptions): Promise<Loaded> {
  const sources = await readSources(options.files, options.cwd ?? resolve('.'))
  const problems: Located[] = [...sources.problems]
  const parsed: Parsed[] = []
  for (const { name, text } of sources.files) {
    const parsing = parseYaml(name, text)
    if (parsing.ok) parsed.push(parsing.parsed)
    else problems.push(...parsing.problems)
  }
  const inFiles = merge(parsed, options.environment, options.secrets)
  const merged = { ...inFiles, input: overridden(inFiles.input, options.overrides ?? {}) }
  problems.push(...merged.problems)
  const decoded = await decode(merged, options.modules, options.cwd ?? resolve('.'))
  const doubtful = new Set(merged.unresolved.map(path => JSON.stringify(path)))
  const fresh = decoded.problems.filter(({ path }) => !doubtful.has(JSON.stringify(path)))
  problems.push(...decoded.unreadable, ...fresh.map(problem => locate(problem, parsed, decoded.included)))
  if (problems.length > 0 || decoded.root === undefined)
    return {
      ok: false,
      report: renderReport(problems, [
        ...sources.files.map(({ name }) => name),
        ...documentFiles(decoded.included),
      ]),
      problems,
    }
  return {
    ok: true,
    configuration: {
      ...configurationOf(decoded.root, decoded, merged.secrets, { ...merged.input, ...decoded.inputs }, [
        ...sources.watch,
        ...decoded.watch,
      ]),
      lacks: () => lacksOf(decoded.modules).map(lack => locate(lack, parsed, decoded.included)),
    },
  }
}

function lacksOf(modules: DecodedFile['modules']): Problem[] {
  return [...modules].flatMap(([key, { module, config }]) =>
    (config === undefined ? [] : (module.lacks?.(config) ?? [])).map(lack => ({
      ...lack,
      path: [key, ...lack.path],
    })),
  )
}

interface Merged {
  readonly input: Record<string, unknown>
  readonly problems: readonly Located[]
  /** Paths whose value is not known because a variable is not set: what the schema says of them is noise. */
  readonly unresolved: readonly Problem['path'][]
  readonly secrets: readonly SecretLeaf[]
}

function merge(
  parsed: readonly Parsed[],
  environment: Environment,
  lookUpSecret: SecretLookUp | undefined,
): Merged {
  const owners = new Map<string, Parsed>()
  const problems: Located[] = []
  for (const file of parsed) {
    for (const key of Object.keys(file.root)) {
      const owner = owners.get(key)
      if (owner === undefined) owners.set(key, file)
      else problems.push(givenTwice(key, owner, file))
    }
  }
  const entries = [...owners].map(([key, { root }]) => [key, root[key]] as const)
  const {
    value,
    problems: found,
    secrets,
  } = interpolate(Object.fromEntries(entries), environment, lookUpSecret)
  const misplaced = secrets.flatMap(leaf => misplacedSecret(leaf, owners))
  problems.push(...[...found, ...misplaced].map(problem => locate(problem, parsed)))
  const unknown = secrets.filter(({ isKnown }) => !isKnown)
  const unresolved = [...found, ...unknown].map(({ path }) => path)
  return { input: value as Record<string, unknown>, problems, unresolved, secrets }
}

const SECRETS_MODULE = 'secrets'

/** Secrets come once the module of secrets runs: too late for itself, and for what is not a module's. */
function misplacedSecret({ path, reference }: SecretLeaf, keys: ReadonlyMap<string, unknown>): Problem[] {
  const problem = (message: string, hint: string) => [
    { path, message: `\${secret:${reference}}: ${message}`, hint },
  ]
  if (!keys.has(SECRETS_MODULE))
    return problem('there is no module to get it from', 'add secrets: with its sources')
  if (path[0] === SECRETS_MODULE)
    return problem('the module of secrets cannot wait for itself', 'use an environment variable, or a file')
  if (Object.hasOwn(rootFields, String(path[0])))
    return problem(
      'options of the sidecar itself cannot wait for a secret',
      'give the application its secrets by secrets.deliveries, such as environment',
    )
  return []
}

/** Mappings are joined, all else is replaced. */
function overridden(
  input: Readonly<Record<string, unknown>>,
  overrides: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const result: Record<string, unknown> = { ...input }
  for (const [key, value] of Object.entries(overrides))
    result[key] =
      isMapping(value) && isMapping(input[key] ?? {})
        ? overridden((input[key] ?? {}) as Mapping, value)
        : value
  return result
}

type Mapping = Readonly<Record<string, unknown>>

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function givenTwice(key: string, first: Parsed, second: Parsed): Located {
  const place = first.locate([key], 'key')
  const message = `"${key}" is given twice; first in ${first.file}${place ? `:${place.line}:${place.column}` : ''}`
  return { ...at(second, [key], 'key'), path: [key], message, hint: 'keep all of it in one file' }
}

function locate(problem: Problem, parsed: readonly Parsed[], included: readonly Inclusion[] = []): Located {
  const [module, list, index, ...rest] = problem.path
  const inclusion = included.find(
    ({ key, into, from }) => key === module && into === list && Number(index) >= from,
  )
  const document = inclusion?.documents[Number(index) - inclusion.from]
  if (document !== undefined) return { ...problem, ...at(document, rest, problem.at ?? 'value') }
  const owner = parsed.find(({ root }) => Object.hasOwn(root, String(problem.path[0]))) ?? parsed[0]
  return owner ? { ...problem, ...at(owner, problem.path, problem.at ?? 'value') } : { ...problem, file: '' }
}

function at(
  parsed: Parsed,
  path: Problem['path'],
  part: 'key' | 'value',
): Pick<Located, 'file' | 'position'> {
  const position = parsed.locate(path, part)
  return { file: parsed.file, ...(position && { position }) }
}

/** Documents of other files at the end of a module's list. */
interface Inclusion extends Included {
  readonly key: string
  readonly into: string
}

function documentFiles(included: readonly Inclusion[]): string[] {
  return [...new Set(included.flatMap(({ documents }) => documents.map(({ file }) => file)))]
}

interface DecodedFile {
  /** Modules' mappings with the documents of other files in them. */
  readonly inputs: Readonly<Record<string, unknown>>
  readonly included: readonly Inclusion[]
  readonly unreadable: readonly Located[]
  readonly watch: readonly string[]
  readonly root: Root | undefined
  readonly modules: ReadonlyMap<string, { readonly module: AnyModule; readonly config: unknown }>
  readonly problems: readonly Problem[]
}

async function decode({ input, unresolved }: Merged, table: ModuleTable, cwd: string): Promise<DecodedFile> {
  const isOwn = (key: string) => Object.hasOwn(rootFields, key)
  const own = Object.fromEntries(Object.entries(input).filter(([key]) => isOwn(key)))
  const unknown = unresolved.filter(([key]) => isOwn(String(key)))
  const root = decodeAndCheck(rootSchema, own, unknown, checkRoot)
  const problems = [...root.problems]
  const modules = new Map<string, { module: AnyModule; config: unknown }>()
  const included: Inclusion[] = []
  for (const key of Object.keys(input).filter(key => !isOwn(key))) {
    if (!Object.hasOwn(table, key)) {
      problems.push(unknownModule(key, table))
      continue
    }
    const module = await table[key]()
    const unknown = unresolved.filter(path => path[0] === key).map(path => path.slice(1))
    const { documents } = module
    const more = documents && (await includeDocuments(input[key], documents, cwd))
    if (more !== undefined) included.push({ key, into: documents!.into, ...more })
    const decoded = decodeAndCheck(
      module.config,
      more?.input ?? input[key],
      unknown,
      config => module.check?.(config) ?? [],
    )
    const { value } = decoded
    const found =
      decoded.problems.length > 0 || value === undefined ? [] : ((await module.examine?.(value)) ?? [])
    const all = [...decoded.problems, ...found]
    problems.push(...all.map(problem => ({ ...problem, path: [key, ...problem.path] })))
    // What is not known yet may be what the schema refused.
    if (decoded.value !== undefined || unknown.length > 0) modules.set(key, { module, config: decoded.value })
  }
  return {
    root: root.value,
    modules,
    problems,
    included,
    inputs: Object.fromEntries(included.map(({ key, input }) => [key, input])),
    unreadable: included.flatMap(({ problems }) => problems),
    watch: included.flatMap(({ watch }) => watch),
  }
}

/**
 * What the schema says, and what the rules between options say of all that the schema did not refuse. `unknown` are the
 * paths whose values are not known.
 */
function decodeAndCheck<T>(
  schema: Schema<T>,
  input: unknown,
  unknown: readonly Problem['path'][],
  check: (value: T) => readonly Problem[],
): { readonly value: T | undefined; readonly problems: readonly Problem[] } {
  const decoded = schema.decode(input)
  const refused = decoded.ok ? [] : decoded.problems
  const doubtful = [...unknown, ...refused.map(({ path }) => path)]
  const mended = doubtful.length === 0 ? decoded : schema.decode(mend(schema.doc, input, doubtful))
  const found = mended.ok ? check(mended.value).filter(problem => isIndependent(problem, doubtful)) : []
  return { value: decoded.ok ? decoded.value : undefined, problems: [...refused, ...found] }
}

function unknownModule(key: string, table: ModuleTable): Problem {
  const known = [...Object.keys(rootFields), ...Object.keys(table)]
  const near = nearest(key, known)
  if (near) return { path: [key], at: 'key', message: `unknown module or option; did you mean "${near}"?` }
  return {
    path: [key],
    at: 'key',
    message: 'unknown module or option',
    hint: `there are ${known.join(', ')}`,
  }
}

function configurationOf(
  root: Root,
  { modules, included }: DecodedFile,
  leaves: readonly SecretLeaf[],
  input: Record<string, unknown>,
  files: readonly string[],
): Omit<Configuration, 'lacks'> {
  const docs = [...modules].map(([name, { module }]) => [name, module.config.doc] as const)
  const doc: Doc = { ...rootSchema.doc, fields: { ...rootSchema.doc.fields, ...Object.fromEntries(docs) } }
  const shown = withoutSecrets(effective(doc, input, false), secretsIn(doc, input)) as Record<string, unknown>
  const pending = byModule(leaves.filter(({ isKnown }) => !isKnown))
  const complete = [...modules].filter(([name]) => !pending.has(name))
  const configured = complete.map(([name, { module, config }]) => {
    const revealed = effective(module.config.doc, input[name], true)
    return [name, { module, config, fingerprint: fingerprint(revealed) }] as const
  })
  return {
    ...root,
    modules: new Map(configured),
    secrets: new Map(leaves.map(({ reference }) => [reference, modulesOf(reference, leaves)])),
    pending,
    files,
    notes: included.flatMap(({ notes }) => notes),
    hash: fingerprint(shown).slice(0, 12),
    effective: () => structuredClone(shown),
  }
}

function byModule(leaves: readonly SecretLeaf[]): Map<string, readonly string[]> {
  const names = new Set(leaves.map(({ path }) => String(path[0])))
  const of = (name: string) => leaves.filter(({ path }) => path[0] === name).map(({ reference }) => reference)
  return new Map([...names].map(name => [name, [...new Set(of(name))]]))
}

function modulesOf(reference: string, leaves: readonly SecretLeaf[]): string[] {
  return [...new Set(leaves.filter(leaf => leaf.reference === reference).map(({ path }) => String(path[0])))]
}
