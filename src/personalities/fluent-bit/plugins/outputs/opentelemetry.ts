import { literalText } from '../../templates.ts'
import { fieldNotation, parseAccessor } from '../../values/accessor.ts'
import { readWords } from '../../values/scalars.ts'
import { option, peer } from '../option.ts'
import type { OutputPlugin } from '../plugin.ts'
import { headersOf } from './headers.ts'
import { flushInterval, tlsClientOf, urlOf, userOf } from './sending.ts'

const METADATA = 'fields of the metadata; severity, trace and span are taken from the record'
const belongs = option.needless('belongs to oauth2.enable')

/** OTLP. */
export const opentelemetry: OutputPlugin = {
  about: 'Sends records by OTLP',
  options: {
    ...peer('127.0.0.1', '80'),
    http2: option.needless('HTTP/1.1 is spoken, and HTTP/2 for gRPC', 'on'),
    grpc: option.boolean('off'),
    logs_uri: option.text('/v1/logs'),
    metrics_uri: option.needless('only logs pass', '/v1/metrics'),
    traces_uri: option.needless('only logs pass', '/v1/traces'),
    profiles_uri: option.needless('only logs pass'),
    grpc_logs_uri: option.needless('the method has one name'),
    grpc_metrics_uri: option.needless('only logs pass'),
    grpc_traces_uri: option.needless('only logs pass'),
    grpc_profiles_uri: option.needless('only logs pass'),
    header: option.text(undefined, { repeated: true }),
    http_user: option.text(),
    http_passwd: option.text(),
    compress: option.text(),
    proxy: option.lost('a proxy'),
    add_label: option.text(undefined, { repeated: true }),
    batch_size: option.integer('1000'),
    log_response_payload: option.needless('answers that refuse are in the log', 'true'),
    log_suppress_interval: option.needless('repeated messages are held back'),
    logs_body_key: option.text(),
    logs_body_key_attributes: option.boolean('false'),
    logs_trace_id_message_key: option.text(),
    logs_span_id_message_key: option.text(),
    logs_severity_text_message_key: option.text(),
    logs_severity_number_message_key: option.text(),
    logs_observed_timestamp_metadata_key: option.needless(METADATA),
    logs_timestamp_metadata_key: option.needless(METADATA),
    logs_severity_text_metadata_key: option.needless(METADATA),
    logs_severity_number_metadata_key: option.needless(METADATA),
    logs_trace_flags_metadata_key: option.needless(METADATA),
    logs_span_id_metadata_key: option.needless(METADATA),
    logs_trace_id_metadata_key: option.needless(METADATA),
    logs_attributes_metadata_key: option.needless(METADATA),
    logs_instrumentation_scope_metadata_key: option.needless(METADATA),
    logs_resource_metadata_key: option.needless(METADATA),
    logs_metadata_key: option.needless(METADATA, 'otlp'),
    logs_max_resources: option.needless('requests are bounded by their size'),
    logs_max_scopes: option.needless('requests are bounded by their size'),
    aws_auth: option.lost('signatures of AWS', 'off'),
    'aws_*': option.needless('belongs to aws_auth'),
    'oauth2.enable': option.lost('tokens of an OAuth 2.0 server', 'off'),
    'oauth2.*': belongs,
  },
  metrics: 'lost',
  translate(settings, { flushMs }) {
    const resource: Record<string, string> = {}
    for (const { text, place } of settings.written('add_label')) {
      const [name, value] = readWords(text, 2)
      if (name === undefined || value === undefined)
        settings.fail(place, 'add_label', `expected NAME VALUE, got "${text}"`)
      else resource[name] = literalText(value)
    }
    const headers = headersOf(settings)
    const user = userOf(settings)
    const compress = settings.choice('compress', ['gzip', 'zstd', 'snappy'] as const)
    const body = settings.text('logs_body_key')
    const path = body === undefined ? undefined : parseAccessor(body)
    const bodyField = path && fieldNotation(path)
    const batch = settings.integer('batch_size')
    const grpc = settings.boolean('grpc') ?? false
    const keys = {
      traceIdField: 'logs_trace_id_message_key',
      spanIdField: 'logs_span_id_message_key',
      severityNumberField: 'logs_severity_number_message_key',
    } as const
    const fields = Object.entries(keys).flatMap(([ours, theirs]) => {
      const accessor = settings.text(theirs)
      const field = accessor === undefined ? undefined : fieldNotation(parseAccessor(accessor) ?? [accessor])
      return field === undefined ? [] : [[ours, field] as const]
    })
    const severity = settings.text('logs_severity_text_message_key')
    const severityField =
      severity === undefined ? undefined : fieldNotation(parseAccessor(severity) ?? [severity])
    // The whole record is the body unless a key is named.
    const whole = bodyField === undefined
    return {
      kind: 'otlp',
      options: {
        url: urlOf(settings, '127.0.0.1', 80, grpc ? '' : (settings.text('logs_uri') ?? '/v1/logs')),
        ...(grpc && { protocol: 'grpc' }),
        bodyField: bodyField ?? '',
        ...((whole || !settings.boolean('logs_body_key_attributes')) && { attributes: 'none' }),
        ...Object.fromEntries(fields),
        ...(severityField !== undefined && { severityFields: [severityField] }),
        ...(Object.keys(resource).length > 0 && { resource }),
        ...(Object.keys(headers).length > 0 && { headers }),
        ...(user.username !== undefined && { auth: user }),
        compress: compress === 'gzip' || compress === 'zstd' ? compress : 'none',
        ...(batch !== undefined && batch > 0 && { maxRecords: batch }),
        ...tlsClientOf(settings),
        flushInterval: flushInterval(flushMs),
      },
    }
  },
}
