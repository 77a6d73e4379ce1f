import { entryNames } from '../../kernel/config/entry-names.ts'
import type { Finding, Place } from '../finding.ts'
import { type AutoAuth, readMethod } from './auto-auth.ts'
import type { CommandLine } from './command-line.ts'
import { type Connection, type Lookup, type MakeBundle, readConnection } from './connection.ts'
import {
  type AgentListener,
  type ApiProxy,
  checkListeners,
  type Persistence,
  readApiProxy,
  readListener,
  readPersistence,
} from './listeners.ts'
import { type Logging, readLogging } from './logging.ts'
import { absolutePath } from './paths.ts'
import { placeOutside } from './place.ts'
import type { Section } from './section.ts'
import { readSink } from './sinks.ts'
import { readSupervision, type Supervision } from './supervision.ts'
import { readTemplate, type Translated } from './templates.ts'
import { durationText } from './values.ts'

type Notation = Readonly<Record<string, unknown>>

export interface TranslateGiven {
  readonly commandLine: CommandLine
  readonly cwd: string
  readonly environment: Lookup
  readonly bundle: MakeBundle
  readonly existingMode: (path: string) => string | undefined
  readonly templateText: (path: string) => string | undefined
}

/** What the log calls something that is written, and its template; both as they stand in the configuration. */
export interface DeliveryLabel {
  readonly label: string
  readonly source: string
}

/** What an agent does that is no part of our configuration. */
export interface AgentBehaviour {
  readonly pidFile: string | undefined
  readonly exitAfterAuth: boolean
  /** A login that fails ends the agent. */
  readonly exitOnLoginError: boolean
  /** A template that fails for so long ends the agent; never when undefined. */
  readonly exitOnRetryFailureMs: number | undefined
  readonly logging: Logging
  readonly listeners: readonly AgentListener[]
  readonly proxy: ApiProxy
  readonly persistence: Persistence | undefined
  readonly address: string
  /** The files of sinks. */
  readonly sinks: readonly string[]
  /** What the log calls what is written, by the names of our deliveries. */
  readonly labels: ReadonlyMap<string, DeliveryLabel>
}

export interface Translation {
  /** `secrets`, `log` and `app`, in the notation of outrigger.yaml; not the data folder. */
  readonly configuration: Notation
  readonly behaviour: AgentBehaviour
  readonly findings: readonly Finding[]
  /** Where that stands which became what is at this path of the configuration. */
  placeOf(path: readonly (string | number)[]): Place | undefined
}

/** Files of Vault Agent in our configuration, `tops` in their order. Everything that is lost, different or wrong is a finding. Pure. */
export function translate(tops: readonly Section[], given: TranslateGiven, findings: Finding[]): Translation {
  const { cwd, commandLine, environment } = given
  const blocks = (key: string) => tops.flatMap(top => top.blocks(key))
  // Of what there can be one of, the last file's counts.
  const last = (key: string) => tops.map(top => top.block(key)).findLast(block => block !== undefined)
  const logging = readLogging(tops, commandLine, environment, findings)
  const connection = readConnection(last('vault'), { ...given, findings })
  const autoAuthBlock = last('auto_auth')
  const autoAuth = autoAuthBlock && readMethod(autoAuthBlock, connection, cwd)
  const sinks = autoAuthBlock === undefined ? [] : sinksOf(autoAuthBlock)
  autoAuthBlock?.passOver(
    'enable_reauth_on_new_credentials',
    'has no effect: files are read again for every login',
  )
  const tokens = sinks.flatMap(({ section, label }) => readSink(section, label, given) ?? [])
  autoAuthBlock?.end()
  const templates = blocks('template').flatMap(({ section }) => readTemplate(section, given) ?? [])
  const variables = blocks('env_template')
  const supervision = readSupervision(variables, last('exec'), given)
  const settings = readTemplateConfig(last('template_config'))
  const listeners = blocks('listener').flatMap(
    ({ section, label }) => readListener(section, label, cwd) ?? [],
  )
  const proxyBlocks = { api_proxy: last('api_proxy'), cache: last('cache') }
  const persistence = readPersistence(proxyBlocks.cache, cwd)
  const proxy = readApiProxy(proxyBlocks.api_proxy, proxyBlocks.cache)
  checkListeners(listeners, findings)
  const texts = (key: string) =>
    tops.map(top => top.text(key)).findLast(text => text !== undefined && text !== '')
  const pidFile = texts('pid_file')
  const exits = tops.map(top => top.boolean('exit_after_auth')).includes(true)
  readTelemetry(last('telemetry'))
  passOverTuning(tops)
  for (const top of tops) top.end()
  const deliveries = [...templates, ...supervision.deliveries, ...tokens]
  checkWhole(
    tops,
    {
      autoAuth: autoAuthBlock,
      deliveries,
      listeners,
      variables: variables.map(({ section }) => section),
      templates,
      proxy,
      blocks: proxyBlocks,
    },
    findings,
  )
  return {
    configuration: configurationOf({
      connection,
      autoAuth,
      settings,
      deliveries,
      supervision,
      logging,
      persistence,
    }),
    behaviour: {
      pidFile: pidFile && absolutePath(cwd, pidFile),
      exitAfterAuth: commandLine.exitAfterAuth ?? exits,
      exitOnLoginError: autoAuth?.exitOnError ?? false,
      exitOnRetryFailureMs: settings.exits ? retriesMs(connection.retries) : undefined,
      logging,
      listeners,
      proxy,
      persistence,
      address: String(connection.source['address']),
      sinks: tokens.map(({ label }) => absolutePath(cwd, label)),
      labels: labelsOf(deliveries),
    },
    findings: findings.toSorted(byPlace),
    placeOf: ([, list, index]) =>
      list === 'deliveries'
        ? deliveries[Number(index)]?.place
        : list === 'sources'
          ? (autoAuthBlock?.place ?? connection.place)
          : undefined,
  }
}

/** `sink` blocks, and those in `sinks`: the blocks themselves, or around `sink` blocks, as Vault's documentation has it. */
function sinksOf(autoAuth: Section): ReturnType<Section['blocks']> {
  const grouped = autoAuth.blocks('sinks').flatMap(each => {
    if (!each.section.has('sink')) return [each]
    const sinks = each.section.blocks('sink')
    each.section.end()
    return sinks
  })
  return [...autoAuth.blocks('sink'), ...grouped]
}

function labelsOf(deliveries: readonly Translated[]): ReadonlyMap<string, DeliveryLabel> {
  const names = entryNames(deliveries.map(({ entry }) => ({ kind: Object.keys(entry)[0]!, config: {} })))
  return new Map(
    deliveries.map(({ label, source = '(dynamic)' }, index) => [names[index]!, { label, source }]),
  )
}

/** Those of a file in the order of its lines. */
function byPlace({ place: a }: Finding, { place: b }: Finding): number {
  return a.file === b.file ? a.line - b.line || a.column - b.column : 0
}

/** The file with the key that persisted leases are sealed under. */
export function persistenceKey({ folder }: Persistence): string {
  return `${folder}/outrigger.key`
}

interface TemplateSettings {
  readonly exits: boolean
  readonly connections: number | undefined
  readonly renewAt: number | undefined
  readonly intervalMs: number | undefined
}

function readTemplateConfig(section: Section | undefined): TemplateSettings {
  const threshold = section?.number('lease_renewal_threshold')
  if (threshold !== undefined && threshold !== 0 && (threshold < 0.1 || threshold > 0.95))
    section?.say('error', 'lease_renewal_threshold', `expected a number from 0.1 to 0.95, got ${threshold}`)
  const connections = section?.whole('max_connections_per_host')
  const intervalMs = section?.duration('static_secret_render_interval')
  const exits = section?.boolean('exit_on_retry_failure') ?? false
  section?.end()
  return {
    exits,
    connections:
      connections === 0 || connections === undefined ? undefined : Math.min(256, Math.max(1, connections)),
    renewAt: threshold === 0 ? undefined : threshold,
    intervalMs: intervalMs === 0 ? undefined : intervalMs,
  }
}

/** How long Vault Agent tries: pauses of 250 ms that double up to a minute. */
export function retriesMs(retries: number): number {
  let sum = 0
  for (let attempt = 0; attempt < retries; attempt++) sum += Math.min(250 * 2 ** attempt, 60_000)
  return sum
}

function configurationOf(parts: {
  readonly connection: Connection
  readonly autoAuth: AutoAuth | undefined
  readonly settings: TemplateSettings
  readonly deliveries: readonly Translated[]
  readonly supervision: Supervision
  readonly logging: Logging
  readonly persistence: Persistence | undefined
}): Notation {
  const { connection, autoAuth, settings, deliveries, supervision, logging, persistence } = parts
  const namespace = autoAuth?.namespace ?? connection.namespace
  const tls = autoAuth?.tls ?? connection.tls
  const source = {
    ...connection.source,
    ...(namespace !== undefined && namespace !== '' && { namespace }),
    auth: autoAuth?.auth ?? { none: {} },
    ...(Object.keys(tls).length > 0 && { tls }),
    ...(settings.intervalMs !== undefined && { interval: durationText(Math.max(1000, settings.intervalMs)) }),
    ...(autoAuth?.loginBackoff !== undefined && { loginBackoff: autoAuth.loginBackoff }),
    ...(settings.connections !== undefined && { limit: { connections: settings.connections } }),
  }
  return {
    secrets: {
      sources: [{ vault: source }],
      ...(deliveries.length > 0 && { deliveries: deliveries.map(({ entry }) => entry) }),
      ...(settings.renewAt !== undefined && { renewAt: settings.renewAt }),
      ...(persistence !== undefined && { lastGood: { keyFile: persistenceKey(persistence) } }),
    },
    ...(supervision.app !== undefined && { app: supervision.app }),
    log: { level: logging.level === 'trace' ? 'debug' : logging.level },
  }
}

function readTelemetry(telemetry: Section | undefined): void {
  if (telemetry === undefined) return
  for (const key of TELEMETRY_TARGETS)
    telemetry.passOver(
      key,
      'has no effect: metrics are read from /agent/v1/metrics, and are not sent',
      'metrics.outputs of outrigger.yaml sends them',
    )
  for (const key of TELEMETRY) telemetry.passOver(key, 'has no effect')
  telemetry.end()
}

const TELEMETRY_TARGETS = [
  'statsd_address',
  'statsite_address',
  'dogstatsd_addr',
  'circonus_api_token',
  'stackdriver_project_id',
]
const TELEMETRY = [
  ...[
    'usage_gauge_period',
    'maximum_gauge_cardinality',
    'disable_hostname',
    'enable_hostname_label',
    'metrics_prefix',
  ],
  ...[
    'lease_metrics_epsilon',
    'num_lease_metrics_buckets',
    'add_lease_metrics_namespace_labels',
    'filter_default',
    'prefix_filter',
  ],
  ...[
    'api_app',
    'api_url',
    'submission_interval',
    'submission_url',
    'check_id',
    'check_force_metric_activation',
  ].map(key => `circonus_${key}`),
  ...[
    'check_instance_id',
    'check_search_tag',
    'check_display_name',
    'check_tags',
    'broker_id',
    'broker_select_tag',
  ].map(key => `circonus_${key}`),
  ...['location', 'namespace', 'debug_logs'].map(key => `stackdriver_${key}`),
  ...['prometheus_retention_time', 'dogstatsd_tags', 'add_mount_point_rollback_metrics'],
]

const CONNECTION_TUNING = [
  ['disable_idle_connections', 'has no effect: idle connections are closed after half a minute'],
  ['disable_keep_alives', 'has no effect: connections are used again'],
] as const
const PARTS = ['auto-auth', 'caching', 'proxying', 'templating', '']

function passOverTuning(tops: readonly Section[]): void {
  for (const top of tops) {
    for (const [key, effect] of CONNECTION_TUNING) {
      const unknown = top.texts(key)?.find(each => !PARTS.includes(each))
      if (unknown === undefined) top.passOver(key, effect)
      else
        top.say(
          'error',
          key,
          `unknown ${key} value: ${unknown}`,
          `there are ${PARTS.filter(Boolean).join(', ')}`,
        )
    }
    top.passOver('disable_mlock', 'has no effect')
    top.passOver('cluster_name', 'has no effect')
  }
}

/** What Vault Agent itself asks of a configuration as a whole. */
function checkWhole(
  tops: readonly Section[],
  parts: {
    readonly autoAuth: Section | undefined
    readonly deliveries: readonly Translated[]
    readonly listeners: readonly AgentListener[]
    readonly variables: readonly Section[]
    readonly templates: readonly Translated[]
    readonly proxy: ApiProxy
    readonly blocks: Readonly<Record<'api_proxy' | 'cache', Section | undefined>>
  },
  findings: Finding[],
): void {
  const { autoAuth, deliveries, listeners, variables, templates, proxy, blocks } = parts
  const [top] = tops
  if (findings.some(({ level }) => level === 'error')) return
  if (top === undefined) {
    findings.push({
      level: 'error',
      place: placeOutside('-config'),
      subject: '',
      message: 'no auto_auth, cache, or listener block found in config',
      hint: 'of a folder, the files that end in .hcl or .json are read, and there is none',
    })
    return
  }
  if (blocks.cache !== undefined && listeners.length === 0 && deliveries.length === 0)
    blocks.cache.say(
      'error',
      '',
      'enabling the cache requires at least 1 template or 1 listener to be defined',
      'add a listener',
    )
  if (blocks.api_proxy !== undefined && listeners.length === 0)
    blocks.api_proxy.say(
      'error',
      '',
      'configuring the api_proxy requires at least 1 listener to be defined',
      'add a listener',
    )
  if (variables.length > 0) {
    blocks.api_proxy?.say('error', '', 'api_proxy cannot be specified with env_template entries')
    if (templates.length > 0)
      findings.push({
        level: 'error',
        place: templates[0]!.place,
        subject: 'template',
        message: 'template cannot be specified with env_template entries',
        hint: 'run two agents; outrigger.yaml has files and variables beside each other',
      })
  }
  if (autoAuth === undefined) {
    if (listeners.length === 0 && blocks.cache === undefined)
      top.say('error', '', 'no auto_auth, cache, or listener block found in config')
    if (deliveries.length > 0) top.say('error', '', 'templates need auto_auth')
    if (proxy.useOwnToken !== 'never')
      (blocks.api_proxy ?? blocks.cache)?.say(
        'error',
        'use_auto_auth_token',
        'use_auto_auth_token is true but auto_auth not configured',
      )
  } else if (deliveries.length === 0 && proxy.useOwnToken === 'never')
    autoAuth.say(
      'error',
      '',
      'auto_auth requires at least one sink or at least one template or api_proxy.use_auto_auth_token=true',
    )
}
