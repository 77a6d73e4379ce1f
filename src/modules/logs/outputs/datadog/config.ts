import { checkHttpOutput, headersConfig } from '../../../../backends/http/options.ts'
import { tlsConfig } from '../../../../backends/http/tls-config.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkField } from '../../condition/field.ts'
import { checkTemplate, TEMPLATE_NOTATION } from '../../template/parse.ts'
import { compressOption, maxRecordsOption, sendingOptions } from '../http-options.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'

export const datadogConfig = s.object(
  {
    apiKey: s.secret({ about: 'The API key.', example: `\${DD_API_KEY}` }),
    site: s.string({
      about: 'The Datadog site that the account is on.',
      default: 'datadoghq.com',
      pattern: /^[a-z0-9.-]+$/,
      expected: 'a site such as datadoghq.com or datadoghq.eu',
    }),
    url: s.url({
      about: 'Where requests go instead of the site’s own intake, such as a proxy: with its path.',
      optional: true,
      example: 'http://localhost:8126/api/v2/logs',
    }),
    service: s.string({
      about: `The service’s name, in place of a field \`service\` of the record. ${TEMPLATE_NOTATION}.`,
      optional: true,
      example: '{service|"checkout"}',
    }),
    source: s.string({
      about: 'The technology that the records are from (`ddsource`): a template.',
      optional: true,
      example: 'nginx',
    }),
    host: s.string({
      about: 'The machine that the records are from (`hostname`): a template.',
      optional: true,
      example: '{$hostname}',
    }),
    ddTags: s.list(
      s.string({ about: 'A template, `name:value`. One that a record has nothing for is left out.' }),
      {
        about: 'Tags, beside those that a record has in `ddtags` already.',
        default: [],
        example: ['env:production', 'pod:{kubernetes.pod_name}'],
      },
    ),
    messageField: s.string({
      about: 'The field that becomes `message`.',
      default: 'log',
      example: 'msg',
    }),
    timeField: s.string({
      about: 'The field that carries the record’s time, in milliseconds, unless the record has it already.',
      default: 'timestamp',
    }),
    tagField: s.string({
      about: 'A field that gets the record’s tag.',
      optional: true,
      example: 'tagkey',
    }),
    headers: headersConfig,
    tls: tlsConfig,
    compress: compressOption(['none', 'gzip', 'zstd'], 'gzip'),
    ...sendingOptions({ default: '5MB', max: '5MB' }),
    maxRecords: maxRecordsOption(1000),
    ...routingFields,
  },
  { about: 'Sends records to the logs intake of Datadog.' },
)

export type DatadogConfig = OwnOptions<Infer<typeof datadogConfig>>

/** Rules between the options. Paths begin at the output’s own key. */
export function checkDatadog(config: DatadogConfig): Problem[] {
  const { service, source, host, ddTags, messageField, maxRecords } = config
  const problems = checkHttpOutput(config)
  for (const [option, text] of Object.entries({ service, source, host }))
    if (text !== undefined) problems.push(...checkTemplate(text, [option]))
  for (const [at, text] of ddTags.entries()) problems.push(...checkTemplate(text, ['ddTags', at]))
  problems.push(...checkField(messageField, ['messageField']))
  if (maxRecords > 1000) {
    const message = `expected at most 1000, which the intake takes in one request, got ${maxRecords}`
    problems.push({ path: ['maxRecords'], message })
  }
  return problems
}
