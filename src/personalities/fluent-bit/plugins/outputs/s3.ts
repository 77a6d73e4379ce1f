import { fieldOf } from '../../conditions.ts'
import { dateOf, dateOptions } from '../date.ts'
import { option, tlsClient } from '../option.ts'
import type { OutputPlugin } from '../plugin.ts'
import type { Settings } from '../settings.ts'
import { bytes, milliseconds } from '../units.ts'
import { flushInterval } from './sending.ts'

const MIB = 1024 ** 2
const NO_BLOBS = option.needless('there are no blobs')

/** Amazon S3. */
export const s3: OutputPlugin = {
  about: 'Gathers records and uploads them to Amazon S3',
  options: {
    ...tlsClient,
    region: option.text('us-east-1'),
    bucket: option.text(),
    json_date_key: option.text('date'),
    json_date_format: option.text('iso8601'),
    total_file_size: option.size('100M'),
    upload_chunk_size: option.size('5M'),
    upload_timeout: option.time('10m'),
    store_dir: option.needless('objects wait in the data folder', '/tmp/fluent-bit/s3'),
    store_dir_limit_size: option.needless('`maxBuffer` bounds what waits', '0'),
    s3_key_format: option.text('/fluent-bit-logs/$TAG/%Y/%m/%d/%H/%M/%S'),
    s3_key_format_tag_delimiters: option.text('.'),
    static_file_path: option.boolean('false'),
    use_put_object: option.needless('large objects go in parts, small ones at once', 'false'),
    role_arn: option.text(),
    endpoint: option.text(),
    port: option.integer('443'),
    sts_endpoint: option.text(),
    profile: option.text(),
    canned_acl: option.text(),
    storage_class: option.text(),
    compression: option.text(),
    content_type: option.text(),
    send_content_md5: option.needless('parts carry a checksum', 'false'),
    auto_retry_requests: option.needless('what fails is tried again', 'true'),
    log_key: option.text(),
    preserve_data_ordering: option.needless('records stay in their order', 'true'),
    retry_limit: option.needless('what fails is tried again', '1'),
    external_id: option.text(),
    blob_database_file: NO_BLOBS,
    part_size: NO_BLOBS,
    file_delivery_attempt_limit: NO_BLOBS,
    part_delivery_attempt_limit: NO_BLOBS,
    upload_parts_timeout: NO_BLOBS,
    upload_part_freshness_limit: NO_BLOBS,
    host: option.needless('`endpoint` names the server'),
    format: option.text('json'),
    authorization_endpoint_url: option.lost('addresses that are signed beforehand'),
    'authorization_endpoint_*': option.needless('belongs to authorization_endpoint_url'),
    ...dateOptions,
  },
  translate(settings, { flushMs }) {
    const bucket = settings.text('bucket')
    const key = keyOf(settings)
    if (bucket === undefined) settings.fail(settings.place, 'bucket', 'is missing')
    if (bucket === undefined || key === undefined) return undefined
    const plain = {
      roleArn: 'role_arn',
      profile: 'profile',
      externalId: 'external_id',
      acl: 'canned_acl',
      storageClass: 'storage_class',
      contentType: 'content_type',
    }
    const texts = Object.entries(plain).flatMap(([ours, theirs]) => {
      const value = settings.text(theirs)
      return value === undefined ? [] : [[ours, value] as const]
    })
    const logKey = settings.text('log_key')
    const messageField = logKey === undefined ? undefined : fieldOf(settings, 'log_key', logKey)
    const size = settings.size('total_file_size') ?? 100_000_000
    const part = settings.size('upload_chunk_size')
    const compression = settings.choice('compression', [
      'gzip',
      'zstd',
      'arrow',
      'parquet',
      'snappy',
    ] as const)
    if (compression !== undefined && compression !== 'gzip' && compression !== 'zstd')
      settings.fail(
        settings.placeOf('compression'),
        'compression',
        `${compression} is not supported`,
        'gzip or zstd',
      )
    const [endpoint, sts] = [endpointOf(settings, 'endpoint'), endpointOf(settings, 'sts_endpoint')]
    const time = dateOf(settings, 'iso8601')
    return {
      kind: 's3',
      options: {
        bucket,
        region: settings.text('region') ?? 'us-east-1',
        key,
        ...(settings.boolean('static_file_path') && { overwrite: true }),
        ...Object.fromEntries(texts),
        ...(endpoint !== undefined && { endpoint }),
        ...(sts !== undefined && { stsEndpoint: sts }),
        ...(messageField === undefined ? time && { time } : { messageField }),
        ...(compression !== undefined && { compress: compression }),
        objectSize: bytes(Math.max(MIB, size)),
        maxBuffer: bytes(Math.max(1024 * MIB, 4 * size)),
        objectAge: milliseconds(Math.max(1000, settings.time('upload_timeout') ?? 600_000)),
        ...(part !== undefined && { partSize: bytes(Math.min(100 * MIB, Math.max(5 * MIB, part))) }),
        flushInterval: flushInterval(flushMs),
      },
    }
  },
}

/** `$TAG`, `$TAG[1]`, `$UUID`, `$INDEX` and strftime's notation. Without a UUID one is put behind, as in the original. */
function keyOf(settings: Settings): string | undefined {
  const format = settings.text('s3_key_format') ?? '/fluent-bit-logs/$TAG/%Y/%m/%d/%H/%M/%S'
  const delimiters = settings.text('s3_key_format_tag_delimiters')
  if (delimiters !== undefined && delimiters !== '.' && /\$TAG\[/.test(format))
    settings.lose(
      settings.placeOf('s3_key_format_tag_delimiters'),
      's3_key_format_tag_delimiters',
      'is not supported: parts of tags stand between dots',
    )
  const key = format
    .replace(/^\/+/, '')
    .replaceAll(/[{}]/g, '$&$&')
    .replaceAll(/\$TAG(?:\[(\d+)\])?/g, (_, part?: string) =>
      part === undefined ? '{$tag}' : `{$tag[${part}]|"none"}`,
    )
    .replaceAll('$UUID', '{$uuid}')
    .replaceAll('$INDEX', '{$index}')
  const isUnique = /\{\$(uuid|index)\}/.test(key) || settings.boolean('static_file_path')
  return isUnique ? key : `${key}-object{$uuid}`
}

function endpointOf(settings: Settings, key: string): string | undefined {
  const text = settings.text(key)
  if (text === undefined || /^https?:\/\//.test(text)) return text
  const port = key === 'endpoint' ? settings.integer('port') : undefined
  return `${settings.boolean('tls') === false ? 'http' : 'https'}://${text}${port === undefined ? '' : `:${port}`}`
}
