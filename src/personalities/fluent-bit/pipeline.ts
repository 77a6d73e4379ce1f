import { nearest } from '../../kernel/config/suggest.ts'
import { conditionOf } from './conditions.ts'
import type { Exit } from './exits.ts'
import { metricsOutput } from './metrics-outputs.ts'
import { everyFilter, everyInput, everyOutput } from './plugins/option.ts'
import type { FilterPlugin, NotationMap, StepNotation, Surroundings } from './plugins/plugin.ts'
import { processorOptions, processorPlugins } from './plugins/processors.ts'
import { filterPlugins, inputPlugins, outputPlugins, refusedPlugins } from './plugins/registry.ts'
import { Settings } from './plugins/settings.ts'
import {
  type Finding,
  type Item,
  isList,
  isMapping,
  isText,
  type Mapping,
  type Place,
  type Section,
  textOf,
} from './syntax/document.ts'
import { translateRegex } from './values/regex.ts'

/** One plugin of the pipeline with what became of it. */
export interface Translated {
  /** Its name in Fluent Bit's metrics and messages: `tail.0`, or its alias. */
  readonly name: string
  readonly plugin: string
  readonly place: Place
  /** Of `logs`; empty when it has nothing to do with records. */
  readonly entry: NotationMap
  /** Of `metrics`. */
  readonly metricsEntry?: NotationMap
  readonly exit?: Exit
}

/** What all parts of a pipeline share. */
export type Shared = Omit<Surroundings, 'name'>

/** Gives plugins their names: the alias, else the plugin's with a number that counts within the kind. */
export class Names {
  readonly #counts = new Map<string, number>()

  next(plugin: string, alias: string | undefined): string {
    const count = this.#counts.get(plugin) ?? 0
    this.#counts.set(plugin, count + 1)
    return nameText(alias ?? `${plugin}.${count}`)
  }
}

/** What a name of ours may hold. */
function nameText(name: string): string {
  return (
    name
      .replaceAll(/[^A-Za-z0-9_.-]/g, '_')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 64) || 'unnamed'
  )
}

/** An input with the routes that it names outputs by. */
export interface TranslatedInput extends Translated {
  readonly routes: readonly Route[]
}

export interface Route {
  readonly name: string
  /** A condition of ours; undefined: every record. */
  readonly condition?: string
  /** For the records that no route with a condition took. */
  readonly isDefault: boolean
  readonly outputs: readonly string[]
  readonly place: Place
}

export function translateInput(section: Section, names: Names, shared: Shared): TranslatedInput | undefined {
  const known = pluginOf(section, 'input', inputPlugins, shared.findings)
  if (known === undefined) return undefined
  const { plugin, name: kind } = known
  const name = names.next(kind, textOf(section, 'alias'))
  const settings = new Settings(
    section,
    `input ${name}`,
    { ...everyInput, ...plugin.options },
    shared.findings,
  )
  const translation = plugin.translate(settings, { ...shared, name })
  if (translation === undefined) return undefined
  const processors = processorsOf(settings, shared)
  const common = { name, plugin: kind, place: section.place, routes: routesOf(settings) }
  if (translation === 'no records') return { ...common, entry: {} }
  const { kind: ours, options, steps = [], exit } = translation
  const all = [...steps, ...processors]
  const { tag = settings.text('tag') ?? name, ...rest } = options
  return {
    ...common,
    entry: { [ours]: { name, tag, ...rest, ...(all.length > 0 && { steps: all }) } },
    ...(exit && { exit }),
  }
}

export function translateFilter(
  section: Section,
  names: Names,
  shared: Shared,
): (Translated & { readonly steps: readonly StepNotation[] }) | undefined {
  const known = pluginOf(section, 'filter', filterPlugins, shared.findings)
  if (known === undefined) return undefined
  const { plugin, name: kind } = known
  const name = names.next(kind, textOf(section, 'alias'))
  const settings = new Settings(
    section,
    `filter ${name}`,
    { ...everyFilter, ...plugin.options },
    shared.findings,
  )
  const steps = filterSteps(settings, plugin, { ...shared, name })
  if (steps === undefined) return undefined
  const tags = matchOf(settings)
  if (tags === undefined) {
    settings.lose(settings.place, 'match', 'has no match, so that it meets no record', "match '*' takes all")
    return undefined
  }
  const own = tags.includes('*') || steps.length === 0 ? steps : [{ only: { tags, steps } }]
  return { name, plugin: kind, place: section.place, entry: {}, steps: flattenOnly(own) }
}

/** A group in a group is one with both conditions. */
function flattenOnly(steps: readonly StepNotation[]): readonly StepNotation[] {
  return steps.flatMap(step => {
    const only = step['only'] as NotationMap | undefined
    const inner = only?.['steps'] as readonly StepNotation[] | undefined
    if (only === undefined || inner === undefined || !inner.some(each => 'only' in each)) return [step]
    // The conditions of inner groups are asked of the record as it is then: their order is kept.
    return inner.map(each => {
      const own = each['only'] as NotationMap | undefined
      if (own === undefined) return { only: { ...only, steps: [each] } }
      const when = [only['when'], own['when']].filter(each => each !== undefined).map(each => `(${each})`)
      const tags = own['tags'] ?? only['tags']
      return {
        only: {
          ...(tags !== undefined && { tags }),
          ...(when.length > 0 && { when: when.join(' and ') }),
          steps: own['steps'] as readonly StepNotation[],
        },
      }
    })
  })
}

function filterSteps(
  settings: Settings,
  plugin: FilterPlugin,
  around: Surroundings,
): readonly StepNotation[] | undefined {
  const steps = plugin.translate(settings, around)
  const given = settings.structure('condition')
  if (steps === undefined || given === undefined || isText(given.value)) return steps
  const when = conditionOf(settings, given)
  return when === undefined ? undefined : flattenOnly([{ only: { when, steps } }])
}

export function translateOutput(
  section: Section,
  names: Names,
  shared: Shared,
  {
    matchesAll,
    isRouted,
  }: { readonly matchesAll: boolean; readonly isRouted: (names: readonly string[]) => boolean },
): Translated | undefined {
  const known = pluginOf(section, 'output', outputPlugins, shared.findings)
  if (known === undefined) return undefined
  const { plugin, name: kind } = known
  const name = names.next(kind, textOf(section, 'alias'))
  const settings = new Settings(
    section,
    `output ${name}`,
    { ...everyOutput, ...plugin.options },
    shared.findings,
  )
  const around = { ...shared, name }
  const translation = plugin.translate?.(settings, around)
  if (translation === undefined && plugin.translate !== undefined) return undefined
  const routed = isRouted([name, kind])
  const tags = matchOf(settings) ?? (matchesAll ? ['*'] : undefined)
  if (tags === undefined && !routed) {
    settings.lose(settings.place, 'match', 'has no match, so that it gets nothing', "match '*' takes all")
    return undefined
  }
  const metricsEntry = metricsOutput(plugin, settings, tags ?? [], around)
  const processors = processorsOf(settings, shared)
  const common = { name, plugin: kind, place: section.place, ...(metricsEntry && { metricsEntry }) }
  if (translation === undefined) return { ...common, entry: {} }
  const { kind: ours, options, steps = [], exit } = translation
  const all = [...processors, ...steps]
  const entry = {
    name,
    ...(tags !== undefined && !tags.includes('*') && { tags }),
    ...retriesOf(settings, shared),
    ...options,
    ...(all.length > 0 && { steps: all }),
  }
  return { ...common, entry: { [ours]: entry }, ...(exit && { exit }) }
}

/** Ours tries for ever, which is what everybody means; the original gives up after the second try. */
function retriesOf(settings: Settings, { strict }: Shared): NotationMap {
  const text = settings.text('retry_limit')?.toLowerCase()
  if (text === undefined) return strict ? { tries: 2 } : {}
  if (['no_limits', 'false', 'off'].includes(text)) return {}
  const limit = text === 'no_retries' ? 0 : Number(text)
  if (!Number.isInteger(limit) || limit < 0) {
    settings.fail(
      settings.placeOf('retry_limit'),
      'retry_limit',
      `expected a number, no_limits or no_retries, got "${text}"`,
    )
    return {}
  }
  if (strict) return { tries: limit + 1 }
  settings.lose(
    settings.placeOf('retry_limit'),
    'retry_limit',
    `records would have been lost after ${limit + 1} tries; they are tried until they arrive`,
    '--strict-compat gives up as Fluent Bit does',
  )
  return {}
}

/** Patterns of tags; undefined when there is no match. */
export function matchOf(settings: Settings): string[] | undefined {
  const glob = settings.text('match')
  if (glob !== undefined) return [/^\**$/.test(glob) ? '*' : glob]
  const regex = settings.text('match_regex')
  if (regex === undefined) return undefined
  const translated = translateRegex(regex)
  if ('source' in translated) return [`/${translated.source}/`]
  settings.fail(settings.placeOf('match_regex'), 'match_regex', `${regex}: ${translated.problem}`)
  return undefined
}

/** The steps of `processors: {logs: [...]}`, which are filters and a few plugins of their own. */
function processorsOf(settings: Settings, shared: Shared): readonly StepNotation[] {
  const given = settings.structure('processors')
  if (given === undefined) return []
  const signals = isMapping(given.value) ? given.value.properties : []
  const steps: StepNotation[] = []
  const counts = new Names()
  for (const { key, value, place, keyPlace } of signals) {
    if (key.toLowerCase() !== 'logs') {
      settings.lose(keyPlace, `processors.${key}`, 'is not supported: only logs pass')
      continue
    }
    if (!isList(value)) settings.fail(place, 'processors.logs', 'expected a list of processors')
    else for (const item of value) steps.push(...processorSteps(settings, item, counts, shared))
  }
  return flattenOnly(steps)
}

function processorSteps(
  owner: Settings,
  { value, place }: Item,
  counts: Names,
  shared: Shared,
): readonly StepNotation[] {
  const section = isMapping(value) ? sectionOf(value, place) : undefined
  if (section === undefined) {
    owner.fail(place, 'processors.logs', 'expected a mapping of options')
    return []
  }
  const known = pluginOf(section, 'processor', { ...filterPlugins, ...processorPlugins }, shared.findings)
  if (known === undefined) return []
  const name = counts.next(known.name, undefined)
  const title = `${owner.title}, processor ${name}`
  const settings = new Settings(
    section,
    title,
    { ...everyFilter, ...processorOptions, ...known.plugin.options },
    shared.findings,
  )
  return filterSteps(settings, known.plugin, { ...shared, name }) ?? []
}

/** A processor may be written as a mapping of its name. */
function sectionOf(value: Mapping, place: Place): Section {
  const [first] = value.properties
  if (value.properties.length !== 1 || !isMapping(first.value)) return { place, properties: value.properties }
  return { place, properties: [{ ...first, key: 'name', value: first.key }, ...first.value.properties] }
}

function routesOf(settings: Settings): readonly Route[] {
  const given = settings.structure('routes')
  if (given === undefined || !isMapping(given.value)) return []
  return given.value.properties.flatMap(({ key, value, keyPlace }) => {
    if (key.toLowerCase() !== 'logs') {
      settings.lose(keyPlace, `routes.${key}`, 'is not supported: only logs are routed')
      return []
    }
    return isList(value) ? value.flatMap(item => routeOf(settings, item)) : []
  })
}

function routeOf(settings: Settings, { value, place }: Item): Route[] {
  if (!isMapping(value)) return []
  const condition = value.properties.find(({ key }) => key === 'condition')
  const to = value.properties.find(({ key }) => key === 'to')?.value
  const outputs =
    to !== undefined && isMapping(to) ? to.properties.find(({ key }) => key === 'outputs')?.value : undefined
  const isDefault =
    condition !== undefined && isMapping(condition.value) && textOf(condition.value, 'default') === 'true'
  const when = condition === undefined || isDefault ? undefined : conditionOf(settings, condition)
  const names = (outputs !== undefined && isList(outputs) ? outputs : []).flatMap(({ value }) => {
    const name = isMapping(value) ? textOf(value, 'name') : value
    return name !== undefined && isText(name) ? [name] : []
  })
  if (names.length === 0) settings.fail(place, 'routes', 'a route needs to.outputs')
  return [
    {
      name: textOf(value, 'name') ?? 'unnamed',
      ...(when !== undefined && { condition: when }),
      isDefault,
      outputs: names,
      place,
    },
  ]
}

/** The plugin that a section names; undefined, and told, when there is none such. */
function pluginOf<P>(
  section: Section,
  what: 'input' | 'filter' | 'output' | 'processor',
  table: Readonly<Record<string, P>>,
  findings: Finding[],
): { readonly name: string; readonly plugin: P } | undefined {
  const tell = (place: Place, message: string, hint?: string) =>
    findings.push({ level: 'error', place, subject: what, message, ...(hint !== undefined && { hint }) })
  const written = textOf(section, 'name')
  const name = written?.toLowerCase()
  if (name === undefined || written === undefined) {
    tell(section.place, 'needs a name')
    return undefined
  }
  if (Object.hasOwn(table, name)) return { name, plugin: table[name] }
  const place = section.properties.find(({ key }) => key.toLowerCase() === 'name')?.place ?? section.place
  const refused = refusedPlugins[what === 'processor' ? 'filter' : what][name]
  const near = nearest(name, Object.keys(table))
  if (refused !== undefined) tell(place, `"${written}" is not supported: ${refused}`)
  else
    tell(
      place,
      what === 'processor'
        ? `error creating processor '${written}': plugin doesn't exist or failed to initialize`
        : `unknown plugin "${written}"`,
      near === undefined ? `there are ${Object.keys(table).join(', ')}` : `did you mean "${near}"?`,
    )
  return undefined
}
