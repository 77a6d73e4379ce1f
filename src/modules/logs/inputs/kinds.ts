import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import type { ApplicationOutput } from '../../../kernel/module.ts'
import { checkFormat } from '../formats/check.ts'
import { type FormatConfig, formatFields } from '../formats/config.ts'
import { checkMultiline } from '../multiline/config.ts'
import { checkSteps } from '../steps/config.ts'
import { appFields } from './app/config.ts'
import { commonFields } from './common-config.ts'
import { checkDummy, dummyFields } from './dummy/config.ts'
import { elasticsearchInputFields } from './elasticsearch/config.ts'
import { execFields } from './exec/config.ts'
import { forwardFields } from './forward/config.ts'
import { httpFields } from './http/config.ts'
import type { Input, InputHost } from './input.ts'
import { journaldFields } from './journald/config.ts'
import { otlpInputFields } from './otlp/config.ts'
import { splunkInputFields } from './splunk/config.ts'
import { stdinFields } from './stdin/config.ts'
import { checkSyslog, syslogFields } from './syslog/config.ts'
import { checkTail, tailFields } from './tail/config.ts'
import { tcpFields } from './tcp/config.ts'
import { udpFields } from './udp/config.ts'
import { checkUnix, unixFields } from './unix/config.ts'

/** All kinds of inputs: a new one is an entry here, one in `startInput`, and a folder. */
export const inputSchema = s.oneOf(
  {
    tail: s.object(
      { ...tailFields, ...formatFields, ...commonFields },
      {
        about:
          'Follows files that applications append to, through rotation by rename and by copytruncate. A last line without a line feed waits until it is complete, or until its file or the sidecar is finished.',
      },
    ),
    dummy: s.object(
      { ...dummyFields, ...commonFields },
      { about: 'Makes records, for trying a configuration out and for measurements.' },
    ),
    app: s.object(
      { ...appFields, ...formatFields, ...commonFields },
      { about: 'Reads what the supervised command writes to its standard output and standard error.' },
    ),
    stdin: s.object(
      { ...stdinFields, ...formatFields, ...commonFields },
      { about: 'Reads standard input to its end. Not beside a supervised command, which has it itself.' },
    ),
    exec: s.object(
      { ...execFields, ...formatFields, ...commonFields },
      {
        about:
          'Runs a command, at an interval or on and on, and reads what it writes. What it wrote and was not yet spooled when the sidecar was killed is lost: a command cannot be asked again. The name of the stream stands for `*` in `tag`.',
      },
    ),
    journald: s.object(
      { ...journaldFields, ...commonFields },
      {
        about:
          'Follows the journal of systemd through journalctl. The unit of an entry stands for `*` in `tag`.',
      },
    ),
    proxy: s.object(
      { ...formatFields, ...commonFields },
      {
        about:
          'Takes the access log of the proxy of this sidecar, where `proxy.accessLog` says `to: {logs: {}}`.',
      },
    ),
    http: s.object(
      { ...httpFields, ...commonFields },
      {
        about:
          'Takes JSON objects that are POSTed: one, an array of them, or one a line, compressed with gzip, deflate or zstd. The path of the request stands for `*` in `tag`.',
      },
    ),
    otlp: s.object(
      { ...otlpInputFields, ...commonFields },
      {
        about:
          'Takes logs by OTLP: HTTP with protobuf or JSON at `/v1/logs`, and gRPC, all at one address. The `service.name` of a record’s resource stands for `*` in `tag`.',
      },
    ),
    splunk: s.object(
      { ...splunkInputFields, ...commonFields },
      {
        about:
          'Stands in for Splunk’s HTTP Event Collector: takes events and raw text. The `sourcetype` of an event stands for `*` in `tag`.',
      },
    ),
    elasticsearch: s.object(
      { ...elasticsearchInputFields, ...commonFields },
      {
        about:
          'Stands in for Elasticsearch before Beats, Logstash, Fluent Bit and the official clients: takes `_bulk` requests and single documents, and answers item by item. The index stands for `*` in `tag`; `@timestamp` is the time of a record.',
      },
    ),
    forward: s.object(
      { ...forwardFields, ...commonFields },
      {
        about:
          'Takes records by the protocol of Fluentd and Fluent Bit (forward, version 1). Without `tag` each record keeps the tag that it brings; else that one stands for `*`.',
      },
    ),
    syslog: s.object(
      { ...syslogFields, ...commonFields },
      {
        about:
          'Takes syslog messages of RFC 5424 and 3164: by UDP, TCP, TLS (RFC 5425), or on a Unix socket such as /dev/log. The address of the sender stands for `*` in `tag`.',
      },
    ),
    tcp: s.object(
      { ...tcpFields, ...formatFields, ...commonFields },
      {
        about:
          'Takes messages from TCP connections: lines in any format, or JSON objects. The address of the sender stands for `*` in `tag`. Senders are not told what is safe; while the spool is full they wait.',
      },
    ),
    udp: s.object(
      { ...udpFields, ...formatFields, ...commonFields },
      {
        about:
          'Takes messages from UDP datagrams. The address of the sender stands for `*` in `tag`. What comes while the spool is full waits as long as there is memory, and is then dropped, counted.',
      },
    ),
    unix: s.object(
      { ...unixFields, ...formatFields, ...commonFields },
      { about: 'Takes messages on a Unix socket, from a stream or from datagrams.' },
    ),
  },
  { about: 'One source of records.' },
)

export type InputConfig = Infer<typeof inputSchema>

/** What the schema cannot say of one input; `path` is its own. */
export function checkInput(input: InputConfig, path: Problem['path']): Problem[] {
  return [
    ...checkFormat(formatOf(input), path),
    ...checkMultiline(input.config.multiline, [...path, 'multiline']),
    ...checkSteps(input.config.steps, [...path, 'steps']),
    ...checkKind(input, path),
  ]
}

function checkKind(input: InputConfig, path: Problem['path']): Problem[] {
  switch (input.kind) {
    case 'tail':
      return checkTail(input.config, path)
    case 'dummy':
      return checkDummy(input.config, path)
    case 'syslog':
      return checkSyslog(input.config, path)
    case 'unix':
      return checkUnix(input.config, path)
    default:
      return []
  }
}

/** How the lines of an input become records; inputs without that option hand over records, a JSON object a line. */
export function formatOf({ kind, config }: InputConfig): FormatConfig {
  if (kind === 'syslog')
    return config.format === 'raw'
      ? { format: 'raw' }
      : { format: 'syslog', time: { format: 'iso8601', zone: config.zone, keep: true } }
  return 'format' in config ? config : { format: 'json' }
}

/** The fields in which records of an input say where they came from. */
export function sourceFieldsOf({ kind, config }: InputConfig): { pathField?: string; offsetField?: string } {
  if (kind !== 'tail') return {}
  const { pathField, offsetField } = config
  return { ...(pathField !== undefined && { pathField }), ...(offsetField !== undefined && { offsetField }) }
}

/** Starts an input; its code is loaded only now. */
export async function startInput(
  input: InputConfig,
  host: InputHost & { readonly application: ApplicationOutput | undefined },
): Promise<Input> {
  switch (input.kind) {
    case 'tail':
      return (await import('./tail/tail.ts')).startTail(input.config, host)
    case 'dummy':
      return (await import('./dummy/dummy.ts')).startDummy(input.config, host)
    case 'app':
      return (await import('./app/app.ts')).startApp(input.config, host)
    case 'stdin':
      return (await import('./stdin/stdin.ts')).startStdin(input.config, host)
    case 'exec':
      return (await import('./exec/exec.ts')).startExec(input.config, host)
    case 'journald':
      return (await import('./journald/journald.ts')).startJournald(input.config, host)
    case 'proxy':
      return (await import('./proxy/proxy.ts')).startProxyInput(host)
    case 'http':
      return (await import('./http/http.ts')).startHttp(input.config, host)
    case 'elasticsearch':
      return (await import('./elasticsearch/elasticsearch.ts')).startElasticsearch(input.config, host)
    case 'splunk':
      return (await import('./splunk/splunk.ts')).startSplunk(input.config, host)
    case 'otlp':
      return (await import('./otlp/otlp.ts')).startOtlp(input.config, host)
    case 'forward':
      return (await import('./forward/forward.ts')).startForward(input.config, host)
    case 'syslog':
      return (await import('./syslog/syslog.ts')).startSyslog(input.config, host)
    case 'tcp':
      return (await import('./network/line-input.ts')).startLineInput(input.config, host)
    case 'udp':
      return (await import('./network/datagram-input.ts')).startDatagramInput(input.config, host)
    case 'unix':
      return (await import('./unix/unix.ts')).startUnix(input.config, host)
  }
}
