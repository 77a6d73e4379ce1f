import { authConfig, checkHttpOutput, headersConfig } from '../../../../backends/http/options.ts'
import { tlsConfig } from '../../../../backends/http/tls-config.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'
import { checkTemplate, TEMPLATE_NOTATION } from '../../template/parse.ts'
import { compressOption, maxRecordsOption, sendingOptions } from '../http-options.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'

function fieldOption(about: string, field: string) {
  return s.string({ about: `${about} Taken out of the record; ${FIELD_NOTATION}.`, default: field })
}

export const otlpConfig = s.object(
  {
    url: s.url({
      about:
        'The receiver’s address. Without a path of its own `/v1/logs` is put behind it, or the method of gRPC.',
      example: 'http://collector:4318',
    }),
    protocol: s.choice(['http/protobuf', 'http/json', 'grpc'], {
      about: 'How records are sent. gRPC needs a receiver of HTTP/2, often at port 4317.',
      default: 'http/protobuf',
    }),
    resource: s.map(
      s.string({ about: 'A template. An attribute that a record has nothing for is left out.' }),
      {
        about: `Attributes of the resource that records come from, beside those in \`resourceField\`. ${TEMPLATE_NOTATION}.`,
        default: {},
        example: { 'service.name': '{service|"shop"}', 'host.name': '{$hostname}' },
      },
    ),
    bodyField: s.string({
      about:
        'The field that is the body of the log record. A record without it is sent as a whole, its fields a map that is the body; empty: every record.',
      default: 'message',
    }),
    attributes: s.choice(['rest', 'none'], {
      about:
        'What becomes of the fields beside the body. `rest`: they are attributes. `none`: they are left out.',
      default: 'rest',
    }),
    attributesField: fieldOption('The field, an object, of which the members are attributes.', 'attributes'),
    resourceField: fieldOption(
      'The field, an object, of which the members are attributes of the resource.',
      'resource',
    ),
    scopeField: fieldOption(
      'The field, an object with `name`, `version` and `attributes`, that is the scope.',
      'scope',
    ),
    severityFields: s.list(s.string({ about: 'A field.' }), {
      about:
        'Fields with the severity’s text, such as WARN; the first that is there counts, and the number follows from it. Taken out of the record.',
      default: ['severity_text', 'level', 'severity'],
    }),
    severityNumberField: fieldOption('The field with the severity’s number, 1 to 24.', 'severity_number'),
    traceIdField: fieldOption('The field with the id of the trace, in hexadecimal.', 'trace_id'),
    spanIdField: fieldOption('The field with the id of the span, in hexadecimal.', 'span_id'),
    traceFlagsField: fieldOption('The field with the flags of the trace.', 'trace_flags'),
    eventNameField: fieldOption('The field with the name of the event.', 'event_name'),
    auth: authConfig,
    headers: headersConfig,
    tls: tlsConfig,
    compress: compressOption(['none', 'gzip', 'zstd'], 'gzip'),
    ...sendingOptions({ default: '4MiB', max: '64MiB' }),
    maxRecords: maxRecordsOption(1000),
    ...routingFields,
  },
  {
    about:
      'Sends records by OTLP, over HTTP or gRPC, to OpenTelemetry’s Collector and everything else that takes it.',
  },
)

export type OtlpConfig = OwnOptions<Infer<typeof otlpConfig>>

const FIELDS = [
  'attributesField',
  'resourceField',
  'scopeField',
  'severityNumberField',
  'traceIdField',
  'spanIdField',
  'traceFlagsField',
  'eventNameField',
] as const

/** Rules between the options. Paths begin at the output’s own key. */
export function checkOtlp(config: OtlpConfig): Problem[] {
  return [
    ...checkHttpOutput(config),
    ...Object.entries(config.resource).flatMap(([name, text]) => checkTemplate(text, ['resource', name])),
    ...(config.bodyField === '' ? [] : checkField(config.bodyField, ['bodyField'])),
    ...FIELDS.flatMap(option => checkField(config[option], [option])),
    ...config.severityFields.flatMap((field, at) => checkField(field, ['severityFields', at])),
  ]
}
