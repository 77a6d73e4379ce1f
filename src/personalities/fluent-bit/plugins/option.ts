/** How the value of an option is written. */
export type OptionType =
  | 'text'
  | 'boolean'
  | 'integer'
  | 'number'
  | 'size'
  | 'time'
  | 'list'
  | 'words'
  | 'structure'

/** One key that Fluent Bit documents for a plugin. */
export interface Option {
  readonly type: OptionType
  /** Fluent Bit's own default, for `-h`. */
  readonly default?: string
  /** May be given several times. */
  readonly repeated?: true
  /** Not carried over: what would have been different. It is told when the key is given. */
  readonly lost?: string
  /** Needs nothing here: why. It is accepted silently. */
  readonly needless?: string
}

export type Options = Readonly<Record<string, Option>>

type Detail = Omit<Option, 'type'>

function maker(type: OptionType) {
  return (fallback?: string, detail: Detail = {}): Option => ({
    type,
    ...(fallback !== undefined && { default: fallback }),
    ...detail,
  })
}

/** The kinds of options, each with Fluent Bit's default. */
export const option = {
  text: maker('text'),
  boolean: maker('boolean'),
  integer: maker('integer'),
  number: maker('number'),
  size: maker('size'),
  time: maker('time'),
  list: maker('list'),
  words: maker('words'),
  structure: maker('structure'),
  /** Any value; it changes nothing, because. */
  needless: (why: string, fallback?: string): Option => maker('text')(fallback, { needless: why }),
  /** Any value; it is told that this is lost. */
  lost: (what: string, fallback?: string): Option => maker('text')(fallback, { lost: what }),
}

const OWN_LOG = 'all parts of the sidecar log at one level'
const OWN_EVENT_LOOP = 'the sidecar shares its time between its parts by itself'
const OWN_MEMORY = 'memory is one budget for all (logs.memory), and what waits is on disk'

const net: Options = {
  'net.connect_timeout': option.needless('connecting has a limit of its own', '10s'),
  'net.connect_timeout_log_error': option.needless(OWN_LOG, 'true'),
  'net.dns.mode': option.needless('names are resolved by the system'),
  'net.dns.prefer_ipv4': option.needless('both families are tried'),
  'net.dns.prefer_ipv6': option.needless('both families are tried'),
  'net.dns.resolver': option.needless('names are resolved by the system'),
  'net.io_timeout': option.needless('requests have a limit of their own', '0s'),
  'net.keepalive': option.needless('connections are kept while they are used', 'true'),
  'net.keepalive_idle_timeout': option.needless('idle connections are closed before their peers do', '30s'),
  'net.keepalive_max_recycle': option.needless('a connection is used until it is closed', '2000'),
  'net.max_worker_connections': option.needless('`concurrency` bounds the connections', '0'),
  'net.proxy_env_ignore': option.needless('proxies of the environment are not used'),
  'net.source_address': option.lost('the address that connections go out from'),
  'net.tcp_keepalive': option.needless('dead connections are noticed by their requests', 'off'),
  'net.tcp_keepalive_time': option.needless('dead connections are noticed by their requests', '-1'),
  'net.tcp_keepalive_interval': option.needless('dead connections are noticed by their requests', '-1'),
  'net.tcp_keepalive_probes': option.needless('dead connections are noticed by their requests', '-1'),
}

/** TLS of outputs. */
export const tlsClient: Options = {
  tls: option.boolean('off'),
  'tls.verify': option.boolean('on'),
  'tls.verify_hostname': option.needless('the name is checked whenever the certificate is', 'off'),
  'tls.debug': option.needless(OWN_LOG, '1'),
  'tls.ca_file': option.text(),
  'tls.ca_path': option.lost('certificates of a folder; name one file with tls.ca_file'),
  'tls.crt_file': option.text(),
  'tls.key_file': option.text(),
  'tls.key_passwd': option.lost('keys with a password'),
  'tls.vhost': option.text(),
  'tls.min_version': option.needless('TLS 1.2 is the oldest version'),
  'tls.max_version': option.needless('the newest version that both know is used'),
  'tls.ciphers': option.lost('a choice of ciphers'),
  'tls.windows.certstore_name': option.needless('for Windows only'),
  'tls.windows.use_enterprise_store': option.needless('for Windows only'),
}

/** TLS of inputs. */
export const tlsServer: Options = {
  ...tlsClient,
  'tls.verify_client_cert': option.boolean('off'),
}

/** What every input has. */
export const everyInput: Options = {
  alias: option.text(),
  tag: option.text(),
  log_level: option.needless(OWN_LOG),
  log_suppress_interval: option.needless('repeated messages are held back'),
  log_supress_interval: option.needless('repeated messages are held back'),
  mem_buf_limit: option.needless(OWN_MEMORY),
  routable: option.lost('an input that feeds filters only'),
  'storage.type': option.needless('all records are on disk before they count', 'memory'),
  'storage.pause_on_chunks_overlimit': option.needless(
    'a full spool pauses its inputs, and nothing is dropped',
  ),
  threaded: option.needless(OWN_EVENT_LOOP, 'false'),
  'thread.ring_buffer.capacity': option.needless(OWN_EVENT_LOOP),
  'thread.ring_buffer.window': option.needless(OWN_EVENT_LOOP),
  processors: option.structure(),
  routes: option.structure(),
  'rate_gate.max_bytes': option.lost('a limit of bytes per second'),
  'rate_gate.max_records': option.lost('a limit of records per second'),
  'rate_gate.resume_ratio': option.needless('belongs to rate_gate.max_bytes and rate_gate.max_records'),
  'telemetry.metrics.tag_records.enabled': option.lost('counters by tag'),
  'net.accept_timeout': option.needless('connections that do not begin are closed', '10s'),
  'net.accept_timeout_log_error': option.needless(OWN_LOG),
  'net.backlog': option.needless('the system bounds waiting connections', '128'),
  'net.share_port': option.lost('a port shared by several processes'),
  ...net,
}

/** What every filter has. */
export const everyFilter: Options = {
  alias: option.text(),
  match: option.text(),
  match_regex: option.text(),
  log_level: option.needless(OWN_LOG),
  log_suppress_interval: option.needless('repeated messages are held back'),
  condition: option.structure(),
}

/** What every output has. */
export const everyOutput: Options = {
  alias: option.text(),
  match: option.text(),
  match_regex: option.text(),
  log_level: option.needless(OWN_LOG),
  log_suppress_interval: option.needless('repeated messages are held back'),
  retry_limit: option.text('1'),
  'storage.total_limit_size': option.text(),
  no_multiplex: option.needless('each output has a queue of its own'),
  workers: option.needless(OWN_EVENT_LOOP),
  'http.read_idle_timeout': option.needless('requests have a limit of their own', '0s'),
  'http.response_timeout': option.needless('requests have a limit of their own', '60s'),
  processors: option.structure(),
  ...net,
}

/** What outputs that connect to a host have. */
export function peer(host: string, port: string): Options {
  return { host: option.text(host), port: option.integer(port), ...tlsClient }
}
