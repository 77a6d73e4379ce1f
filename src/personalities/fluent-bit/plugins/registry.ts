import { aws } from './filters/aws.ts'
import { ecs } from './filters/ecs.ts'
import { expect } from './filters/expect.ts'
import { grep } from './filters/grep.ts'
import { kubernetes } from './filters/kubernetes.ts'
import { logToMetrics } from './filters/log-to-metrics.ts'
import { lua } from './filters/lua.ts'
import { modify } from './filters/modify.ts'
import { multiline } from './filters/multiline.ts'
import { nest } from './filters/nest.ts'
import { parser } from './filters/parser.ts'
import { recordModifier } from './filters/record-modifier.ts'
import { rewriteTag } from './filters/rewrite-tag.ts'
import { stdoutFilter } from './filters/stdout.ts'
import { throttle } from './filters/throttle.ts'
import { typeConverter } from './filters/type-converter.ts'
import { dummy } from './inputs/dummy.ts'
import { exec } from './inputs/exec.ts'
import { fluentbitMetrics } from './inputs/fluentbit-metrics.ts'
import { forward } from './inputs/forward.ts'
import { elasticsearch as bulk, splunk as hec, opentelemetry, http as posted } from './inputs/http.ts'
import { tcp, udp, unixSocket } from './inputs/network.ts'
import { stdin } from './inputs/stdin.ts'
import { syslog } from './inputs/syslog.ts'
import { systemd } from './inputs/systemd.ts'
import { tail } from './inputs/tail.ts'
import { cloudwatch } from './outputs/cloudwatch.ts'
import { datadog } from './outputs/datadog.ts'
import { elasticsearch, opensearch } from './outputs/elasticsearch.ts'
import { exit } from './outputs/exit.ts'
import { file } from './outputs/file.ts'
import { forwardOutput } from './outputs/forward.ts'
import { gelf } from './outputs/gelf.ts'
import { http } from './outputs/http.ts'
import { kafka } from './outputs/kafka.ts'
import { loki } from './outputs/loki.ts'
import { nats } from './outputs/nats.ts'
import { nothing } from './outputs/null.ts'
import { opentelemetry as otlp } from './outputs/opentelemetry.ts'
import { prometheusExporter } from './outputs/prometheus-exporter.ts'
import { prometheusRemoteWrite } from './outputs/prometheus-remote-write.ts'
import { s3 } from './outputs/s3.ts'
import { splunk } from './outputs/splunk.ts'
import { stdout } from './outputs/stdout.ts'
import { syslogOutput } from './outputs/syslog.ts'
import { tcpOutput } from './outputs/tcp.ts'
import type { FilterPlugin, InputPlugin, OutputPlugin } from './plugin.ts'

/** By the names of Fluent Bit. */
export const inputPlugins: Readonly<Record<string, InputPlugin>> = {
  dummy,
  elasticsearch: bulk,
  exec,
  fluentbit_metrics: fluentbitMetrics,
  forward,
  http: posted,
  opentelemetry,
  splunk: hec,
  stdin,
  syslog,
  systemd,
  tail,
  tcp,
  udp,
  unix_socket: unixSocket,
}

export const filterPlugins: Readonly<Record<string, FilterPlugin>> = {
  aws,
  ecs,
  expect,
  grep,
  kubernetes,
  log_to_metrics: logToMetrics,
  lua,
  modify,
  multiline,
  nest,
  parser,
  record_modifier: recordModifier,
  rewrite_tag: rewriteTag,
  stdout: stdoutFilter,
  throttle,
  type_converter: typeConverter,
}

export const outputPlugins: Readonly<Record<string, OutputPlugin>> = {
  cloudwatch_logs: cloudwatch,
  datadog,
  es: elasticsearch,
  exit,
  file,
  forward: forwardOutput,
  gelf,
  http,
  kafka,
  loki,
  nats,
  null: nothing,
  opensearch,
  opentelemetry: otlp,
  prometheus_exporter: prometheusExporter,
  prometheus_remote_write: prometheusRemoteWrite,
  s3,
  splunk,
  stdout,
  syslog: syslogOutput,
  tcp: tcpOutput,
}

const MACHINE = 'metrics of the machine are not taken; an exporter of its own gives them'
const OTHERS = 'metrics of others are not taken in; those of its own are by fluentbit_metrics'

/** Plugins that exist and are not carried over: why. */
export const refusedPlugins: Readonly<
  Record<'input' | 'filter' | 'output', Readonly<Record<string, string>>>
> = {
  input: {
    cpu: MACHINE,
    mem: MACHINE,
    disk: MACHINE,
    netif: MACHINE,
    thermal: MACHINE,
    proc: MACHINE,
    node_exporter_metrics: MACHINE,
    process_exporter_metrics: MACHINE,
    windows_exporter_metrics: MACHINE,
    prometheus_scrape: OTHERS,
    prometheus_remote_write: OTHERS,
    statsd: OTHERS,
  },
  filter: {},
  output: {},
}
