import { awsFields, checkAws } from '../../../../backends/aws/options.ts'
import { checkHttpOutput, headersConfig } from '../../../../backends/http/options.ts'
import { tlsConfig } from '../../../../backends/http/tls-config.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkField } from '../../condition/field.ts'
import { checkTemplate, mayBeMissing, parseTemplate, TEMPLATE_NOTATION } from '../../template/parse.ts'
import { sendingOptions } from '../http-options.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'
import { unknownDateField } from './dated-name.ts'

/** Where records go when neither `index` nor `dataStream` is set: the naming scheme that Elasticsearch has a template for. */
export const defaultDataStream = 'logs-outrigger-default'

const operations = ['create', 'index', 'update', 'upsert'] as const
export type BulkOperation = (typeof operations)[number]

/** The options that both kinds have. */
const fields = {
  ids: s.choice(['none', 'position'], {
    about:
      'Who names the documents. `none`: the server, which is fastest; a record that is sent again after a lost answer then arrives twice. `position`: each record gets an `_id` from its place in the spool, so that the second one is recognised and not stored.',
    default: 'none',
  }),
  idField: s.string({
    about: 'A field whose value is the document’s `_id`.',
    optional: true,
    example: 'event.id',
  }),
  operation: s.choice(operations, {
    about:
      'What is done with a record. `create`: stored, unless a document has its id; `index`: it replaces that document; `update` and `upsert`: its fields are put into that document, which `upsert` makes when it is missing; both need `idField`. Default: `create` for data streams and with `ids: position`, else `index`.',
    optional: true,
  }),
  replaceDots: s.boolean({
    about:
      'Whether names of fields have underscores for their dots, at every depth: a dot makes an object, which cannot stand beside a value of the same name.',
    default: false,
  }),
  routingField: s.string({
    about: 'A field whose value decides over the shard (`routing`).',
    optional: true,
    example: 'customer',
  }),
  tagField: s.string({
    about: 'A field that gets the record’s tag.',
    optional: true,
    example: 'tag',
  }),
  timeField: s.string({
    about: 'The field that gets the record’s time, unless the record has it. Data streams want `@timestamp`.',
    default: '@timestamp',
  }),
  username: s.string({ about: 'User name. Needs `password`.', optional: true, example: 'outrigger' }),
  password: s.secret({ about: 'Password of `username`.', optional: true, example: `\${ES_PASSWORD}` }),
  pipeline: s.string({
    about: 'Ingest pipeline that the server runs on each record: a name, or a template as in `index`.',
    optional: true,
    example: 'access-log',
  }),
  headers: headersConfig,
  gzip: s.boolean({
    about: 'Compress requests. Saves most of the traffic and costs CPU time.',
    default: false,
  }),
  aws: s.object(
    {
      service: s.choice(['es', 'aoss'], {
        about: 'Which one it is: a domain of Amazon OpenSearch Service, or a serverless collection.',
        default: 'es',
      }),
      ...awsFields,
    },
    { about: 'Signs requests for Amazon OpenSearch Service.', optional: true },
  ),
  tls: tlsConfig,
  ...sendingOptions({ default: '5MiB', max: '100MiB' }),
  ...routingFields,
}

const about = {
  index: `The index to write to: a template. ${TEMPLATE_NOTATION}. \`%Y\`, \`%m\` and so on may also stand outside of braces. What an index’s name may not have becomes \`_\`, letters become small.`,
  indexFallback: 'The index of records that have nothing for a place in `index`.',
  dataStream: 'The data stream to write to, instead of an index: a template as well.',
}

export const elasticsearchConfig = s.object(
  {
    url: s.url({
      about: 'The server’s address; a path is put in front of `/_bulk`. Needed unless there is a `cloudId`.',
      optional: true,
      example: 'https://elasticsearch:9200',
    }),
    cloudId: s.string({
      about: 'The id of a deployment on Elastic Cloud, instead of `url`.',
      optional: true,
      example: 'logs:ZXUtY2VudHJhbC0xLmF3cy5jbG91ZC5lcy5pbyRhYmMkZGVm',
    }),
    index: s.string({
      about: `${about.index} Without \`index\` and \`dataStream\` records go to the data stream \`logs-outrigger-default\`.`,
      optional: true,
      example: 'logs-%Y.%m.%d',
    }),
    indexFallback: s.string({ about: about.indexFallback, optional: true, example: 'logs-other' }),
    dataStream: s.string({ about: about.dataStream, optional: true, example: 'logs-checkout-production' }),
    apiKey: s.secret({
      about: 'API key, in the encoded form that the server shows.',
      optional: true,
      example: `\${ES_API_KEY}`,
    }),
    ...fields,
  },
  { about: 'Sends records to Elasticsearch with the `_bulk` API.' },
)

export const opensearchConfig = s.object(
  {
    url: s.url({
      about: 'The server’s address; a path is put in front of `/_bulk`.',
      example: 'https://opensearch:9200',
    }),
    index: s.string({ about: about.index, optional: true, example: 'logs-{app|"other"}-%Y.%m.%d' }),
    indexFallback: s.string({ about: about.indexFallback, optional: true, example: 'logs-other' }),
    dataStream: s.string({ about: about.dataStream, optional: true, example: 'logs-checkout' }),
    ...fields,
  },
  { about: 'Sends records to OpenSearch, also to Amazon OpenSearch Service, with the `_bulk` API.' },
)

export type ElasticsearchConfig = OwnOptions<Infer<typeof elasticsearchConfig>>
export type OpensearchConfig = OwnOptions<Infer<typeof opensearchConfig>>
/** What the output works with, whatever it is called. */
export type SearchConfig = ElasticsearchConfig & { readonly url: string }

/** The address that a cloud id stands for; undefined when it is none. Its Base64 holds `<domain>$<Elasticsearch>$<Kibana>`. */
export function cloudUrl(cloudId: string): string | undefined {
  const encoded = cloudId.slice(cloudId.lastIndexOf(':') + 1)
  const [domain, host] = Buffer.from(encoded, 'base64').toString('latin1').split('$')
  const [name, port] = (host ?? '').split(':')
  const [base, basePort] = domain.split(':')
  const url = `https://${name}.${base}:${port ?? basePort ?? '443'}`
  return name && /^[\w.-]+$/.test(`${name}.${base}`) && URL.canParse(url) ? url : undefined
}

/** Rules between the options. Paths begin at the output’s own key. */
export function checkElasticsearch(config: ElasticsearchConfig): Problem[] {
  const problems: Problem[] = []
  const { url, cloudId } = config
  if ((url === undefined) === (cloudId === undefined)) {
    const both = url !== undefined
    problems.push({
      path: both ? ['cloudId'] : [],
      message: both ? 'expected `url` or `cloudId`, got both' : '`url` is missing',
      hint: both ? 'remove one of them' : 'add `url`, or `cloudId` for Elastic Cloud',
    })
  }
  if (cloudId !== undefined && cloudUrl(cloudId) === undefined)
    problems.push({
      path: ['cloudId'],
      message: 'is not the id of a deployment',
      hint: 'copy it from the console',
    })
  return [...problems, ...checkSearch(config)]
}

export function checkOpensearch(config: OpensearchConfig): Problem[] {
  if (config.index !== undefined || config.dataStream !== undefined) return checkSearch(config)
  return [
    { path: [], message: '`index` is missing', hint: 'name an `index` or a `dataStream`' },
    ...checkSearch(config),
  ]
}

function checkSearch(config: ElasticsearchConfig): Problem[] {
  const problems: Problem[] = []
  const add = (option: string, message: string, hint: string) =>
    problems.push({ path: [option], message, hint })
  const { idField, routingField, pipeline, aws, operation } = config
  if (config.index !== undefined && config.dataStream !== undefined)
    add('dataStream', 'expected `index` or `dataStream`, got both', 'remove one of them')
  const ways = [
    ...(config.apiKey ? ['apiKey'] : []),
    ...(config.username !== undefined ? ['username'] : []),
    ...(aws ? ['aws'] : []),
  ]
  if (ways.length > 1)
    add(ways[0], `expected one way to authenticate, got \`${ways.join('` and `')}\``, 'remove one of them')
  if ((config.username === undefined) !== (config.password === undefined)) {
    const [missing, given] =
      config.username === undefined ? ['username', 'password'] : ['password', 'username']
    add(given, `\`${missing}\` is missing beside it`, `add \`${missing}\``)
  }
  if ((operation === 'update' || operation === 'upsert') && idField === undefined)
    add('operation', `\`${operation}\` needs an id`, 'name its field as `idField`')
  if (config.dataStream !== undefined && operation !== undefined && operation !== 'create')
    add('operation', 'a data stream takes only `create`', 'remove it')
  problems.push(...checkHttpOutput({ url: config.url, tls: config.tls }))
  for (const [option, field] of Object.entries({ idField, routingField }))
    if (field !== undefined) problems.push(...checkField(field, [option]))
  if (pipeline !== undefined) problems.push(...checkTemplate(pipeline, ['pipeline']))
  if (aws) problems.push(...checkAws(aws, ['aws']))
  return [...problems, ...checkNames(config)]
}

function checkNames(config: ElasticsearchConfig): Problem[] {
  const problems: Problem[] = []
  for (const option of ['index', 'indexFallback', 'dataStream'] as const) {
    const name = config[option]
    if (name === undefined) continue
    if (name.includes('{') || name.includes('}')) {
      const complete = option !== 'index' || config.indexFallback === undefined
      problems.push(...checkTemplate(name, [option], { times: true, complete }))
    } else problems.push(...checkName(option, name))
  }
  const { index, indexFallback } = config
  const parsed = index === undefined ? undefined : parseTemplate(index, { times: true })
  if (
    indexFallback !== undefined &&
    (parsed === undefined || (Array.isArray(parsed) && !mayBeMissing(parsed)))
  ) {
    const hint = 'remove it, or name a field in `index`'
    problems.push({ path: ['indexFallback'], message: 'has no effect: every record has an index', hint })
  }
  return problems
}

/** The naming rules of the create-index reference. */
function checkName(option: 'index' | 'indexFallback' | 'dataStream', name: string): Problem[] {
  const dated = option !== 'dataStream'
  const unknown = dated ? unknownDateField(name) : undefined
  if (unknown !== undefined) {
    return [
      {
        path: [option],
        message: `expected %Y, %m, %d or %H, got "${unknown}"`,
        hint: 'write dates as in logs-%Y.%m.%d',
      },
    ]
  }
  const plain = dated ? name.replace(/%[YmdH]/g, '0') : name
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
