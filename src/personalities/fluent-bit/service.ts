import { type Options, option } from './plugins/option.ts'
import { Settings } from './plugins/settings.ts'
import type { Finding, Section } from './syntax/document.ts'

/** What the [SERVICE] section says that is not a part of the pipeline. */
export interface Service {
  readonly flushMs: number
  readonly graceMs: number
  readonly logLevel: LogLevel
  readonly logFile?: string
  readonly http?: { readonly host: string; readonly port: number }
  readonly healthCheck: {
    readonly on: boolean
    readonly errors: number
    readonly retryFailures: number
    readonly periodMs: number
  }
  readonly storagePath?: string
  readonly hotReload: boolean
  /** It was asked for, so that its endpoints are there, and answer that it is not. */
  readonly chunkTrace: boolean
  /** Whether changed files are taken over without being asked. */
  readonly watch: boolean
  readonly retry: { readonly baseMs: number; readonly maxMs: number }
}

export type LogLevel = (typeof LOG_LEVELS)[number]

const LOG_LEVELS = ['off', 'error', 'warn', 'warning', 'info', 'debug', 'trace'] as const

const OWN_SPOOL = 'the spool is the storage'

export const serviceOptions: Options = {
  flush: option.number('1'),
  grace: option.integer('5'),
  daemon: option.boolean('off'),
  'dns.mode': option.needless('names are resolved by the system', 'UDP'),
  'dns.prefer_ipv4': option.needless('both families are tried', 'off'),
  'dns.prefer_ipv6': option.needless('both families are tried', 'off'),
  'dns.resolver': option.needless('names are resolved by the system'),
  log_file: option.text(),
  log_level: option.text('info'),
  parsers_file: option.text(undefined, { repeated: true }),
  plugins_file: option.lost('plugins of shared libraries'),
  streams_file: option.lost('tasks of the stream processor'),
  http_server: option.boolean('off'),
  http_listen: option.text('0.0.0.0'),
  http_port: option.integer('2020'),
  health_check: option.boolean('off'),
  hc_errors_count: option.integer('5'),
  hc_retry_failure_count: option.integer('5'),
  hc_period: option.integer('60'),
  hot_reload: option.boolean('on'),
  'hot_reload.ensure_thread_safety': option.needless('reloading does not involve threads', 'on'),
  'hot_reload.timeout': option.needless('a reload has a limit of its own', '0'),
  'hot_reload.watch': option.boolean('off'),
  coro_stack_size: option.needless('there are no coroutines', '24576'),
  'scheduler.base': option.integer('5'),
  'scheduler.cap': option.integer('2000'),
  'scheduler.adaptive_flush': option.needless('batches are sent as soon as they are full'),
  'json.convert_nan_to_null': option.needless('records hold no NaN', 'false'),
  'json.escape_unicode': option.lost('\\u escapes; texts stay UTF-8', 'true'),
  enable_chunk_trace: option.lost('chunk tracing; outrigger logs tail shows what passes', 'off'),
  multiline_buffer_limit: option.size('2MB'),
  'sp.convert_from_str_to_num': option.needless('there is no stream processor', 'true'),
  'windows.maxstdio': option.needless('for Windows only', '512'),
  'security.fips_mode': option.lost('FIPS mode'),
  task_map_size: option.needless('tasks have no table'),
  'storage.path': option.text(),
  'storage.sync': option.needless(OWN_SPOOL, 'normal'),
  'storage.checksum': option.needless('every frame has a checksum', 'off'),
  'storage.type': option.needless(OWN_SPOOL),
  'storage.inherit': option.needless(OWN_SPOOL, 'off'),
  'storage.max_chunks_up': option.needless('memory is one budget (logs.memory)', '128'),
  'storage.backlog.mem_limit': option.needless('memory is one budget (logs.memory)', '5M'),
  'storage.backlog.flush_on_shutdown': option.needless('what is under way is finished at the end', 'off'),
  'storage.metrics': option.boolean('off'),
  'storage.delete_irrecoverable_chunks': option.needless('damage is put aside, and told', 'off'),
  'storage.trim_files': option.needless('space is given back by files', 'off'),
  'storage.keep.rejected': option.needless(
    'what an output refuses is always kept, in dead-letters.jsonl',
    'off',
  ),
  'storage.rejected.path': option.needless('dead letters stand in the data folder', 'rejected'),
  'telemetry.metrics.tag_records.enabled': option.lost('counters by tag'),
  'telemetry.metrics.tag_records.max_series': option.needless('belongs to tag_records.enabled'),
  'telemetry.metrics.tag_records.max_tag_length': option.needless('belongs to tag_records.enabled'),
}

export function readService(
  section: Section,
  findings: Finding[],
): { readonly service: Service; readonly settings: Settings } {
  const settings = new Settings(section, 'service', serviceOptions, findings, [])
  if (settings.boolean('daemon'))
    settings.lose(
      settings.placeOf('daemon'),
      'daemon',
      'is not supported: it runs in the foreground, as service managers want it',
    )
  const logFile = settings.text('log_file')
  const storagePath = settings.text('storage.path')
  const http = settings.boolean('http_server')
    ? { host: settings.text('http_listen') ?? '0.0.0.0', port: portOf(settings) }
    : undefined
  const service: Service = {
    flushMs: Math.max(10, Math.round((settings.number('flush') ?? 1) * 1000)),
    graceMs: Math.max(0, settings.integer('grace') ?? 5) * 1000,
    logLevel: settings.choice('log_level', LOG_LEVELS) ?? 'info',
    ...(logFile !== undefined && { logFile }),
    ...(storagePath !== undefined && { storagePath }),
    ...(http && { http }),
    healthCheck: {
      on: settings.boolean('health_check') ?? false,
      errors: settings.integer('hc_errors_count') ?? 5,
      retryFailures: settings.integer('hc_retry_failure_count') ?? 5,
      periodMs: (settings.integer('hc_period') ?? 60) * 1000,
    },
    hotReload: settings.boolean('hot_reload') ?? true,
    chunkTrace: settings.boolean('enable_chunk_trace') ?? false,
    watch: settings.boolean('hot_reload.watch') ?? false,
    retry: {
      baseMs: (settings.integer('scheduler.base') ?? 5) * 1000,
      maxMs: (settings.integer('scheduler.cap') ?? 2000) * 1000,
    },
  }
  return { service, settings }
}

function portOf(settings: Settings): number {
  const port = settings.integer('http_port') ?? 2020
  if (port >= 0 && port <= 65_535) return port
  settings.fail(settings.placeOf('http_port'), 'http_port', `expected a port, got ${port}`)
  return 2020
}
