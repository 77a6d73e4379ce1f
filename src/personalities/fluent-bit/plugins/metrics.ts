import { option } from './option.ts'
import type { InputPlugin, OutputPlugin } from './plugin.ts'

const OWN =
  'the sidecar’s own metrics are at /metrics of its admin address, and at /api/v2/metrics/prometheus'

/** Its own metrics as records: they are served, not sent. */
export const fluentbitMetrics: InputPlugin = {
  about: 'Its own metrics (not sent on: they are served by HTTP)',
  options: {
    scrape_interval: option.needless(OWN, '2'),
    scrape_on_start: option.needless(OWN, 'false'),
  },
  translate(settings) {
    settings.lose(settings.place, '', `sends nothing: ${OWN}`)
    return undefined
  },
}

/** An output for metrics, which are no records. */
export function metricsOutput(about: string, keys: readonly string[]): OutputPlugin {
  return {
    about: `${about} (not supported: only logs are sent)`,
    options: Object.fromEntries(
      keys.map(key => [key, option.text(undefined, { repeated: true, needless: OWN })]),
    ),
    translate(settings) {
      settings.lose(settings.place, '', `sends nothing, because only logs pass: ${OWN}`)
      return undefined
    },
  }
}

export const prometheusExporter = metricsOutput('Serves metrics', [
  'host',
  'port',
  'add_label',
  'add_timestamp',
  'http2',
])

export const prometheusRemoteWrite = metricsOutput('Sends metrics by remote write', [
  ...[
    'host',
    'port',
    'uri',
    'header',
    'http_user',
    'http_passwd',
    'proxy',
    'add_label',
    'compression',
    'tls',
    'tls.verify',
  ],
  ...[
    'tls.ca_file',
    'tls.crt_file',
    'tls.key_file',
    'tls.vhost',
    'log_response_payload',
    'aws_auth',
    'aws_service',
    'aws_region',
  ],
])
