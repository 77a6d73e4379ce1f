import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkHttpOutput } from '../http-options.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'
import { tlsConfig } from '../tls-config.ts'
import { unknownDateField } from './dated-name.ts'

/** Where records go when neither `index` nor `dataStream` is set: the naming scheme that Elasticsearch has a template for. */
export const defaultDataStream = 'logs-outrigger-default'

export const elasticsearchConfig = s.object(
  {
    url: s.url({
      about: 'The server’s address; a path is put in front of `/_bulk`.',
      example: 'https://elasticsearch:9200',
    }),
    index: s.string({
      about:
        'The index to write to. `%Y`, `%m`, `%d` and `%H` stand for the record’s UTC date. Without `index` and `dataStream` records go to the data stream `logs-outrigger-default`.',
      optional: true,
      example: 'logs-%Y.%m.%d',
    }),
    dataStream: s.string({
      about: 'The data stream to write to, instead of an index.',
      optional: true,
      example: 'logs-checkout-production',
    }),
    ids: s.choice(['none', 'position'], {
      about:
        'Who names the documents. `none`: the server, which is fastest; a record that is sent again after a lost answer then arrives twice. `position`: each record gets an `_id` from its place in the spool, so that the second one is recognised and not stored.',
      default: 'none',
    }),
    apiKey: s.secret({
      about: 'API key, in the encoded form that the server shows.',
      optional: true,
      example: `\${ES_API_KEY}`,
    }),
    username: s.string({ about: 'User name. Needs `password`.', optional: true, example: 'outrigger' }),
    password: s.secret({ about: 'Password of `username`.', optional: true, example: `\${ES_PASSWORD}` }),
    pipeline: s.string({
      about: 'Ingest pipeline that the server runs on each record.',
      optional: true,
      example: 'access-log',
    }),
    headers: s.map(s.secret({ about: 'The value of the header.' }), {
      about: 'Further headers of each request.',
      default: {},
      example: { 'x-scope': 'team-a' },
    }),
    gzip: s.boolean({
      about: 'Compress requests. Saves most of the traffic and costs CPU time.',
      default: false,
    }),
    tls: tlsConfig,
    timeout: s.duration({
      about: 'How long one request may take, answer included.',
      default: '30s',
      min: '1s',
    }),
    maxBody: s.size({
      about: 'The largest request body before compression.',
      default: '5MiB',
      min: '64KiB',
      max: '100MiB',
    }),
    flushInterval: s.duration({
      about: 'How long a record may wait for others to share a request.',
      default: '1s',
      min: '10ms',
    }),
    concurrency: s.integer({
      about: 'How many requests may be under way at once.',
      default: 2,
      min: 1,
      max: 64,
    }),
    ...routingFields,
  },
  { about: 'Sends records to Elasticsearch or OpenSearch with the `_bulk` API.' },
)

export type ElasticsearchConfig = OwnOptions<Infer<typeof elasticsearchConfig>>

/** Rules between the options. Paths begin at the output’s own key. */
export function checkElasticsearch(config: ElasticsearchConfig): Problem[] {
  const problems: Problem[] = []
  const add = (option: string, message: string, hint: string) =>
    problems.push({ path: [option], message, hint })
  if (config.index !== undefined && config.dataStream !== undefined) {
    add('dataStream', 'expected `index` or `dataStream`, got both', 'remove one of them')
  }
  if (config.apiKey && config.username !== undefined) {
    add('apiKey', 'expected one way to authenticate, got `apiKey` and `username`', 'remove one of them')
  }
  if ((config.username === undefined) !== (config.password === undefined)) {
    const missing = config.username === undefined ? 'username' : 'password'
    add(
      missing === 'username' ? 'password' : 'username',
      `\`${missing}\` is missing beside it`,
      `add \`${missing}\``,
    )
  }
  problems.push(...checkHttpOutput({ url: config.url, tls: config.tls }))
  for (const option of ['index', 'dataStream'] as const) {
    const name = config[option]
    if (name !== undefined) problems.push(...checkName(option, name))
  }
  return problems
}

/** The naming rules of the create-index reference. */
function checkName(option: 'index' | 'dataStream', name: string): Problem[] {
  const unknown = option === 'index' ? unknownDateField(name) : undefined
  if (unknown !== undefined) {
    return [
      {
        path: [option],
        message: `expected %Y, %m, %d or %H, got "${unknown}"`,
        hint: 'write dates as in logs-%Y.%m.%d',
      },
    ]
  }
  const plain = option === 'index' ? name.replace(/%[YmdH]/g, '0') : name
  const fault = nameFault(plain)
  return fault ? [{ path: [option], message: `expected a name ${fault}, got "${name}"` }] : []
}

function nameFault(name: string): string | undefined {
  if (name === '') return 'of at least one character'
  if (name !== name.toLowerCase()) return 'in lower case'
  if (/[\\/*?"<>| ,#:%]/.test(name)) return 'without any of \\ / * ? " < > | , # : % or blanks'
  if (/^[-_+]/.test(name) || name === '.' || name === '..') return 'that begins with a letter or a digit'
  if (Buffer.byteLength(name) > 255) return 'of at most 255 bytes'
  return undefined
}
