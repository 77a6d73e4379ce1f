import { awsFields, checkAws } from '../../../../backends/aws/options.ts'
import { authConfig, checkHttpOutput, headersConfig } from '../../../../backends/http/options.ts'
import { tlsConfig } from '../../../../backends/http/tls-config.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkField } from '../../condition/field.ts'
import { checkTemplate, TEMPLATE_NOTATION } from '../../template/parse.ts'
import { compressions, compressOption, maxRecordsOption, sendingOptions } from '../http-options.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'
import { timeFieldConfig } from '../time-field-config.ts'

export const httpConfig = s.object(
  {
    url: s.url({
      about: 'Where requests go, with path and query.',
      example: 'https://collector.example.com/v1/logs',
    }),
    path: s.string({
      about: `What is put behind the path of \`url\`: a template that makes a request for each of its values. ${TEMPLATE_NOTATION}. What a record brings is percent-encoded.`,
      optional: true,
      example: '/{$tag}',
    }),
    method: s.choice(['POST', 'PUT'], { about: 'The method of requests.', default: 'POST' }),
    format: s.choice(['json', 'json_lines', 'json_stream', 'msgpack', 'field'], {
      about:
        'What a body holds: a JSON array of records, a record a line, records one behind the other, events of MessagePack as Fluent Bit sends them (`[[time, {}], record]`), or the text of `bodyField` of a single record.',
      default: 'json',
    }),
    body: s.string({
      about: 'Text around the array of `format: json`, which stands for `{records}`.',
      optional: true,
      example: '{"source":"outrigger","events":{records}}',
    }),
    bodyField: s.string({
      about:
        'The field that `format: field` sends; each record makes a request of its own. A record that lacks it goes to the dead letters.',
      optional: true,
      example: 'payload',
    }),
    contentType: s.string({
      about: 'The `content-type` header; that of `format` unless given.',
      optional: true,
      example: 'application/vnd.api+json',
    }),
    time: timeFieldConfig,
    headers: headersConfig,
    recordHeaders: s.map(s.string({ about: 'The value: a template as in `path`.' }), {
      about:
        'Headers that records fill; those with different values are sent in different requests. One that a record has nothing for is left out.',
      default: {},
      example: { 'x-tenant': '{team}' },
    }),
    headersField: s.string({
      about: 'A field that is an object: its members become headers of the record’s request.',
      optional: true,
      example: 'http_headers',
    }),
    tagHeader: s.string({
      about: 'A header that carries the tag of the records.',
      optional: true,
      example: 'fluent-tag',
    }),
    auth: authConfig,
    aws: s.object(
      {
        service: s.string({
          about: 'The service’s name in signatures.',
          example: 'execute-api',
          pattern: /^[a-z0-9-]+$/,
          expected: 'a service such as execute-api',
        }),
        ...awsFields,
      },
      { about: 'Signs requests as AWS services ask for it (Signature Version 4).', optional: true },
    ),
    tls: tlsConfig,
    compress: compressOption(compressions, 'none'),
    rejectStatuses: s.list(s.integer({ about: 'A status.', min: 400, max: 499 }), {
      about:
        'Statuses by which the receiver refuses the records and not us: the request is sent again in halves, until only the records at fault are dead letters. Other statuses from 400 on are tried again for ever.',
      default: [400, 422],
    }),
    ...sendingOptions({ default: '1MiB', max: '100MiB' }),
    maxRecords: maxRecordsOption(10_000),
    ...routingFields,
  },
  { about: 'Sends records to any HTTP server.' },
)

export type HttpConfig = OwnOptions<Infer<typeof httpConfig>>

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Rules between the options. Paths begin at the output’s own key. */
export function checkHttp(config: HttpConfig): Problem[] {
  const { url, path, format, body, bodyField, headers, recordHeaders, headersField, tagHeader } = config
  const { origin, pathname, username, password } = new URL(url)
  const plain = username === '' && password === '' ? `${origin}${pathname}` : url
  const problems = checkHttpOutput({ ...config, url: plain })
  const add = (path: Problem['path'], message: string, hint: string) => problems.push({ path, message, hint })
  const { auth, aws } = config
  if (auth && aws)
    add(['aws'], 'expected one way to authenticate, got `auth` and `aws`', 'remove one of them')
  if (aws) problems.push(...checkAws(aws, ['aws']))
  if (format === 'msgpack' && config.time)
    add(['time'], 'has no effect: events carry their time', 'remove it')
  if (path !== undefined) problems.push(...checkTemplate(path, ['path'], { complete: true }))
  if ((format === 'field') !== (bodyField !== undefined)) {
    if (bodyField === undefined) add(['format'], '`format: field` needs `bodyField`', 'name the field')
    else add(['bodyField'], `has no effect with \`format: ${format}\``, 'write `format: field`')
  }
  if (body !== undefined && format !== 'json')
    add(['body'], 'stands around a JSON array only', 'write `format: json`')
  else if (body !== undefined && body.split('{records}').length !== 2)
    add(
      ['body'],
      `expected {records} in it once, got ${JSON.stringify(body)}`,
      'it stands for the array of records',
    )
  for (const [option, field] of Object.entries({ bodyField, headersField }))
    if (field !== undefined) problems.push(...checkField(field, [option]))
  for (const name of Object.keys(headers)) problems.push(...checkHeader(name, ['headers', name]))
  for (const [name, value] of Object.entries(recordHeaders))
    problems.push(
      ...checkHeader(name, ['recordHeaders', name]),
      ...checkTemplate(value, ['recordHeaders', name]),
    )
  if (tagHeader !== undefined) problems.push(...checkHeader(tagHeader, ['tagHeader']))
  return problems
}

function checkHeader(name: string, path: Problem['path']): Problem[] {
  if (!token.test(name))
    return [{ path, message: `expected the name of a header, got ${JSON.stringify(name)}` }]
  if (!/^(content-length|transfer-encoding|connection|host)$/i.test(name)) return []
  return [{ path, message: `${name} is made by the sidecar`, hint: 'leave it out' }]
}
