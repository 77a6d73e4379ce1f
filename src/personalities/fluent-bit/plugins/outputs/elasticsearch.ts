import { fieldOf } from '../../conditions.ts'
import { literalText, templateOf } from '../../templates.ts'
import { fieldNotation, parseAccessor } from '../../values/accessor.ts'
import { option, peer } from '../option.ts'
import type { NotationMap, OutputPlugin, OutputTranslation, Surroundings } from '../plugin.ts'
import type { Settings } from '../settings.ts'
import { awsAuthOf, awsAuthOptions } from './aws-auth.ts'
import { flushInterval, tlsClientOf, urlOf, userOf } from './sending.ts'

const options = {
  ...peer('127.0.0.1', '9200'),
  index: option.text('fluent-bit'),
  type: option.needless('types are gone since Elasticsearch 8', '_doc'),
  suppress_type_name: option.needless('types are never sent', 'off'),
  path: option.text(),
  pipeline: option.text(),
  compress: option.text(),
  buffer_size: option.needless('answers have a limit of their own', '512k'),
  http_user: option.text(),
  http_passwd: option.text(),
  http_api_key: option.text(),
  cloud_id: option.text(),
  cloud_auth: option.text(),
  ...awsAuthOptions,
  aws_service_name: option.text('es'),
  logstash_format: option.boolean('off'),
  logstash_prefix: option.text('logstash'),
  logstash_prefix_key: option.text(),
  logstash_prefix_separator: option.text('-'),
  logstash_dateformat: option.text('%Y.%m.%d'),
  time_key: option.text('@timestamp'),
  time_key_format: option.needless('the time is written as ISO 8601 with milliseconds', '%Y-%m-%dT%H:%M:%S'),
  time_key_nanos: option.needless('the time is written with milliseconds', 'off'),
  include_tag_key: option.boolean('off'),
  tag_key: option.text('flb-key'),
  generate_id: option.boolean('off'),
  id_key: option.text(),
  write_operation: option.text('create'),
  replace_dots: option.boolean('off'),
  trace_output: option.needless('outrigger logs tail shows what passes', 'off'),
  trace_error: option.needless('what is refused is kept with its reason', 'off'),
  current_time_index: option.lost('the present date in the name of the index', 'off'),
  target_index: option.text(),
}

/** Elasticsearch. */
export const elasticsearch: OutputPlugin = {
  about: 'Sends records to Elasticsearch',
  options,
  translate: (settings, around) => translated(settings, around, 'elasticsearch'),
}

/** Its sibling. */
export const opensearch: OutputPlugin = {
  about: 'Sends records to OpenSearch',
  options,
  translate: (settings, around) => translated(settings, around, 'opensearch'),
}

function translated(
  settings: Settings,
  { flushMs }: Surroundings,
  kind: 'elasticsearch' | 'opensearch',
): OutputTranslation | undefined {
  const index = indexOf(settings)
  if (index === undefined) return undefined
  const operations = ['create', 'index', 'update', 'upsert'] as const
  const operation = settings.choice('write_operation', operations) ?? 'create'
  const [idKey, pipeline, timeField] = ['id_key', 'pipeline', 'time_key'].map(key => settings.text(key))
  const idField = idKey === undefined ? undefined : fieldOf(settings, 'id_key', idKey)
  return {
    kind,
    options: {
      ...targetOf(settings, kind),
      ...credentialsOf(settings, kind),
      ...index,
      operation,
      ...(settings.boolean('replace_dots') && { replaceDots: true }),
      ...(idField === undefined ? settings.boolean('generate_id') && { ids: 'position' } : { idField }),
      ...(timeField !== undefined && { timeField }),
      ...(settings.boolean('include_tag_key') && { tagField: settings.text('tag_key') ?? 'flb-key' }),
      ...(pipeline !== undefined && { pipeline: literalText(pipeline) }),
      ...(settings.text('compress')?.toLowerCase() === 'gzip' && { gzip: true }),
      ...tlsClientOf(settings),
      flushInterval: flushInterval(flushMs),
    },
  }
}

function targetOf(settings: Settings, kind: string): NotationMap {
  const cloudId = settings.text('cloud_id')
  if (cloudId === undefined) return { url: urlOf(settings, '127.0.0.1', 9200, settings.text('path') ?? '') }
  if (kind === 'elasticsearch') return { cloudId }
  settings.fail(settings.placeOf('cloud_id'), 'cloud_id', 'OpenSearch has no Elastic Cloud', 'write Name es')
  return {}
}

/** Of several ways to prove who one is the original takes the first of these. */
function credentialsOf(settings: Settings, kind: string): NotationMap {
  if (settings.boolean('aws_auth')) return { aws: awsAuthOf(settings, 'aws_service_name') }
  const user = userOf(settings)
  if (user.username !== undefined) return { ...user }
  const auth = settings.text('cloud_auth')
  const at = auth?.indexOf(':') ?? -1
  if (auth !== undefined && at > 0) return { username: auth.slice(0, at), password: auth.slice(at + 1) }
  const apiKey = settings.text('http_api_key')
  if (apiKey === undefined) return {}
  return kind === 'elasticsearch' ? { apiKey } : { headers: { authorization: `ApiKey ${apiKey}` } }
}

/** `index` and, for records that lack what it names, `indexFallback`. */
function indexOf(settings: Settings): NotationMap | undefined {
  const plain = literalText(settings.text('index') ?? 'fluent-bit')
  const target = settings.text('target_index')
  if (target !== undefined) {
    const index = templateOf(settings, 'target_index', target)
    return index === undefined ? undefined : fallingBack(index, plain)
  }
  if (!settings.boolean('logstash_format')) {
    // A record accessor in `index` is one, too.
    const index = plain.includes('$') ? templateOf(settings, 'index', settings.text('index')!) : plain
    return index === undefined ? undefined : fallingBack(index, 'fluent-bit')
  }
  const prefix = literalText(settings.text('logstash_prefix') ?? 'logstash')
  const separator = literalText(settings.text('logstash_prefix_separator') ?? '-')
  const date = settings.text('logstash_dateformat') ?? '%Y.%m.%d'
  const accessor = settings.text('logstash_prefix_key')
  const path = accessor === undefined ? undefined : parseAccessor(accessor)
  const field = path && fieldNotation(path)
  const named = field === undefined ? prefix : `{${field}|${JSON.stringify(prefix)}}`
  return { index: `${named}${separator}${date}` }
}

function fallingBack(index: string, fallback: string): NotationMap {
  return /(?<!\{)\{(?![{$])/.test(index) ? { index, indexFallback: fallback } : { index }
}
