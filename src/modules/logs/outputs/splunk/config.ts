import { authConfig, checkHttpOutput, headersConfig } from '../../../../backends/http/options.ts'
import { tlsConfig } from '../../../../backends/http/tls-config.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkField } from '../../condition/field.ts'
import { checkTemplate, TEMPLATE_NOTATION } from '../../template/parse.ts'
import { compressOption, maxRecordsOption, sendingOptions } from '../http-options.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'

export const splunkConfig = s.object(
  {
    url: s.url({
      about: 'The collector’s address. A path is put in front of `/services/collector`.',
      example: 'https://splunk:8088',
    }),
    token: s.secret({
      about: 'The token of the HTTP Event Collector.',
      optional: true,
      example: `\${HEC_TOKEN}`,
    }),
    format: s.choice(['event', 'envelope', 'raw'], {
      about:
        'How records are sent. `event`: each as the event. `envelope`: each has `event`, `host` and so on itself, as the collector wants them. `raw`: text, a line each, of which Splunk finds the events itself.',
      default: 'event',
    }),
    eventField: s.string({
      about:
        'A field that is the event instead of the whole record, where a record has it. For `raw` it is the text of the line, `message` unless given.',
      optional: true,
      example: 'message',
    }),
    host: s.string({
      about: `The event’s host. ${TEMPLATE_NOTATION}.`,
      optional: true,
      example: '{$hostname}',
    }),
    source: s.string({ about: 'The event’s source: a template.', optional: true, example: '{$path}' }),
    sourcetype: s.string({
      about: 'The event’s source type: a template.',
      optional: true,
      example: '{type|"_json"}',
    }),
    index: s.string({
      about: 'The index that the event goes to: a template. Without it the token’s own.',
      optional: true,
      example: '{team|"main"}',
    }),
    fields: s.map(s.string({ about: 'A template. A field that a record has nothing for is left out.' }), {
      about: 'Indexed fields beside the event. Not for `raw`.',
      default: {},
      example: { pod: '{kubernetes.pod_name}' },
    }),
    acknowledge: s.boolean({
      about: 'Waits until the indexers have acknowledged what was sent; the token must have it enabled.',
      default: false,
    }),
    acknowledgeTimeout: s.duration({
      about: 'After how long what was not acknowledged is sent again.',
      default: '2m',
      min: '1s',
    }),
    channel: s.string({
      about: 'The channel of the requests, a GUID. Without it one is made up where `acknowledge` needs it.',
      optional: true,
      pattern: /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/,
      expected: 'a GUID',
      example: '98ffb5a7-5a4e-4f6c-9d3b-7f3c5b2a1e60',
    }),
    auth: authConfig,
    headers: headersConfig,
    tls: tlsConfig,
    compress: compressOption(['none', 'gzip'], 'gzip'),
    ...sendingOptions({ default: '1MB', max: '100MB' }),
    maxRecords: maxRecordsOption(10_000),
    ...routingFields,
  },
  { about: 'Sends records to Splunk’s HTTP Event Collector.' },
)

export type SplunkConfig = OwnOptions<Infer<typeof splunkConfig>>

/** Rules between the options. Paths begin at the output’s own key. */
export function checkSplunk(config: SplunkConfig): Problem[] {
  const { token, auth, format, eventField, host, source, sourcetype, index, fields } = config
  const problems = checkHttpOutput(config)
  const add = (path: Problem['path'], message: string, hint: string) => problems.push({ path, message, hint })
  if (!token && !auth)
    add(
      ['token'],
      'there is no way to authenticate',
      'add `token`, or a user name with its password under `auth`',
    )
  if (token && auth)
    add(['token'], 'expected one way to authenticate, got `token` and `auth`', 'keep one of them')
  for (const [option, text] of Object.entries({ host, source, sourcetype, index }))
    if (text !== undefined) problems.push(...checkTemplate(text, [option]))
  for (const [name, text] of Object.entries(fields)) problems.push(...checkTemplate(text, ['fields', name]))
  if (eventField !== undefined) problems.push(...checkField(eventField, ['eventField']))
  if (format === 'raw' && Object.keys(fields).length > 0)
    add(['fields'], 'raw text has no indexed fields', 'remove `fields`, or write format: event')
  if (format === 'envelope' && eventField !== undefined)
    add(['eventField'], 'has no effect: with `format: envelope` a record has its `event` itself', 'remove it')
  return problems
}
