import type { PipelineNames } from './api/counters.ts'
import type { Exit } from './exits.ts'
import { withMultiline } from './multiline-filters.ts'
import { readMultilineParsers } from './parsers/multiline-parsers.ts'
import { readParsers } from './parsers/parsers.ts'
import {
  Names,
  type Shared,
  type Translated,
  type TranslatedInput,
  translateFilter,
  translateInput,
  translateOutput,
} from './pipeline.ts'
import type { NotationMap, StepNotation } from './plugins/plugin.ts'
import { readService, type Service } from './service.ts'
import {
  type ConfigurationDocument,
  type Finding,
  type Place,
  type Section,
  textOf,
} from './syntax/document.ts'

export interface TranslateOptions {
  /** Fluent Bit's own behaviour also where it loses data. */
  readonly strict: boolean
}

/** A configuration of Fluent Bit in ours. */
export interface Translation {
  /** `logs`, `log` and `app`, in the notation of outrigger.yaml; not the data folder. */
  readonly configuration: NotationMap
  readonly service: Service
  readonly inputs: readonly Translated[]
  readonly filters: readonly Translated[]
  readonly outputs: readonly Translated[]
  readonly findings: readonly Finding[]
  /** For the API. */
  readonly names: PipelineNames
  /** When the configuration is done. */
  readonly exits: readonly Exit[]
  /** It reads what is there once and ends; nobody keeps what it has read so far. */
  readonly isOneShot: boolean
  /** What the router's log says of routes. */
  readonly connections: readonly string[]
  /** Where the plugin stands that became what is at this path of the configuration. */
  placeOf(path: readonly (string | number)[]): Place | undefined
}

/** Translates a configuration that has been read. Everything that is lost, different or wrong is a finding. Pure. */
export function translate(document: ConfigurationDocument, { strict }: TranslateOptions): Translation {
  const findings: Finding[] = []
  const { service } = readService(document.service, findings)
  const shared: Shared = {
    parsers: readParsers(document.parsers, findings),
    multilineParsers: readMultilineParsers(document.multilineParsers, findings),
    upstreams: new Map(document.upstreams.map(upstream => [textOf(upstream, 'name') ?? '', upstream])),
    strict,
    flushMs: service.flushMs,
    metrics: [],
    findings,
    exits: [],
  }
  tellUnsupported(document, findings)
  const inputNames = new Names()
  const read = document.inputs.flatMap(section => translateInput(section, inputNames, shared) ?? [])
  const filterNames = new Names()
  const all = document.filters.flatMap(section => translateFilter(section, filterNames, shared) ?? [])
  const { inputs, filters } = withMultiline(read.filter(handlesRecords), all, findings)
  const routing = new Routing(inputs)
  const outputNames = new Names()
  const matchesAll = document.inputs.length === 1 && document.outputs.length === 1
  const outputs = document.outputs
    .flatMap(
      section =>
        translateOutput(section, outputNames, shared, {
          matchesAll,
          isRouted: names => routing.isNamed(names),
        }) ?? [],
    )
    .map(output => (handlesRecords(output) ? routing.apply(output) : output))
  routing.check(outputs, findings)
  const receivers = outputs.filter(handlesRecords)
  const metricsOutputs = outputs.filter(({ metricsEntry }) => metricsEntry !== undefined)
  const steps = filters.flatMap(({ steps }) => steps)
  const starts = filters.flatMap(filter => filter.steps.map(() => filter))
  const exits = [...shared.exits, ...[...inputs, ...outputs].flatMap(({ exit }) => exit ?? [])]
  const graceMs = exits.some(({ kind }) => kind === 'end of input') ? WHOLE_INPUT_MS : service.graceMs
  return {
    configuration: {
      ...(inputs.length > 0 &&
        outputs.length > 0 && { logs: logsOf(inputs, steps, receivers, service, strict) }),
      ...(metricsOutputs.length > 0 && {
        metrics: { outputs: metricsOutputs.map(({ metricsEntry }) => metricsEntry!) },
      }),
      log: { level: levelOf(service) },
      app: { shutdown: `${Math.max(1, graceMs / 1000)}s`, stopGrace: '1s' },
    },
    service,
    inputs: read,
    filters,
    outputs,
    findings,
    exits,
    isOneShot: exits.some(({ kind }) => kind === 'end of input') && !inputs.some(keepsPositions),
    names: {
      inputs: read.map(({ name, plugin }) => ({ name, plugin })),
      filters: filters.map(({ name, plugin, steps }) => ({ name, plugin, steps: steps.length })),
      outputs: outputs.map(({ name, plugin }) => ({ name, plugin })),
    },
    connections: inputs.flatMap(({ name, routes }) =>
      routes.flatMap(route =>
        route.outputs.map(output => `connected input '${name}' route '${route.name}' to output '${output}'`),
      ),
    ),
    placeOf([module, list, index]) {
      if (module === 'metrics') return metricsOutputs[Number(index)]?.place
      if (module !== 'logs') return undefined
      const of = list === 'inputs' ? inputs : list === 'outputs' ? receivers : list === 'steps' ? starts : []
      return of[Number(index)]?.place
    },
  }
}

/** Whoever reads files to their end waits until all of it is delivered. */
const WHOLE_INPUT_MS = 3_600_000

function logsOf(
  inputs: readonly Translated[],
  steps: readonly StepNotation[],
  outputs: readonly Translated[],
  { retry }: Service,
  strict: boolean,
): NotationMap {
  return {
    inputs: inputs.map(({ entry }) => entry),
    ...(steps.length > 0 && { steps }),
    // Records that are only counted go nowhere.
    outputs: outputs.length > 0 ? outputs.map(({ entry }) => entry) : [{ null: {} }],
    ...(strict && { retry: { base: `${retry.baseMs / 1000}s`, max: `${retry.maxMs / 1000}s` } }),
  }
}

function levelOf({ logLevel }: Service): string {
  if (logLevel === 'off') return 'error'
  if (logLevel === 'warning') return 'warn'
  return logLevel === 'trace' ? 'debug' : logLevel
}

function tellUnsupported(document: ConfigurationDocument, findings: Finding[]): void {
  const lose = (section: Section, subject: string, message: string) =>
    findings.push({ level: 'warning', place: section.place, subject, message })
  for (const task of document.streamTasks)
    lose(
      task,
      `stream task ${textOf(task, 'name') ?? ''}`.trimEnd(),
      'is not supported: its query would have made further records',
    )
  for (const custom of document.customs)
    lose(
      custom,
      `custom ${textOf(custom, 'name') ?? ''}`.trimEnd(),
      'is not supported: it would have reported to a service of its maker',
    )
  for (const { value, place } of document.plugins)
    findings.push({
      level: 'warning',
      place,
      subject: `plugin ${String(value)}`,
      message: 'is not loaded: plugins of shared libraries are not supported',
    })
}

/** Routes of inputs name outputs; ours let an output choose its records by tag, input and condition. */
class Routing {
  readonly #inputs: readonly TranslatedInput[]

  constructor(inputs: readonly TranslatedInput[]) {
    this.#inputs = inputs.filter(({ routes }) => routes.length > 0)
  }

  isNamed(names: readonly string[]): boolean {
    return this.#inputs.some(({ routes }) =>
      routes.some(({ outputs }) => outputs.some(name => names.includes(name))),
    )
  }

  /** An output that routes name gets the records of those inputs that the routes' conditions take, and what it matches. */
  apply(output: Translated): Translated {
    const [kind] = Object.keys(output.entry)
    const names = [output.name, output.plugin]
    const routed = this.#inputs.filter(({ routes }) =>
      routes.some(({ outputs }) => outputs.some(name => names.includes(name))),
    )
    if (routed.length === 0) return output
    const tests = routed.map(input => this.#testOf(input, names))
    const entry = output.entry[kind] as NotationMap
    const when = tests.includes('') ? undefined : tests.join(' or ')
    const tags = [...((entry['tags'] as readonly string[] | undefined) ?? []), ...routed.map(tagOf)]
    return {
      ...output,
      entry: { [kind]: { ...entry, tags: [...new Set(tags)], ...(when !== undefined && { when }) } },
    }
  }

  /** '' = every record of that input. */
  #testOf({ routes }: TranslatedInput, names: readonly string[]): string {
    const own = routes.filter(({ outputs }) => outputs.some(name => names.includes(name)))
    const tests = own.map(({ condition, isDefault }) => {
      if (!isDefault) return condition ?? ''
      const others = routes.flatMap(({ condition }) => (condition === undefined ? [] : [`(${condition})`]))
      return others.length === 0 ? '' : `not (${others.join(' or ')})`
    })
    return tests.includes('') ? '' : tests.map(test => `(${test})`).join(' or ')
  }

  check(outputs: readonly Translated[], findings: Finding[]): void {
    for (const { name, routes } of this.#inputs)
      for (const route of routes)
        for (const output of route.outputs)
          if (!outputs.some(each => each.name === output || each.plugin === output))
            findings.push({
              level: 'error',
              place: route.place,
              subject: `input ${name}: routes`,
              message: `route "${route.name}" leads to "${output}", and there is no such output`,
            })
  }
}

/** Not only metrics. */
function handlesRecords({ entry }: Translated): boolean {
  return Object.keys(entry).length > 0
}

/** `DB` was given. */
function keepsPositions({ entry }: Translated): boolean {
  return Object.values(entry).some(options => (options as NotationMap)['positionsFrom'] !== undefined)
}

function tagOf({ entry, name }: TranslatedInput): string {
  const [options] = Object.values(entry) as NotationMap[]
  return String(options['tag'] ?? name)
}
