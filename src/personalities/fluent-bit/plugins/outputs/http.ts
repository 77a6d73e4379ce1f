import { fieldOf } from '../../conditions.ts'
import { dateOf, dateOptions } from '../date.ts'
import { option, peer } from '../option.ts'
import type { NotationMap, OutputPlugin } from '../plugin.ts'
import type { Settings } from '../settings.ts'
import { awsAuthOf, awsAuthOptions } from './aws-auth.ts'
import { headersOf } from './headers.ts'
import { flushInterval, tlsClientOf, urlOf, userOf } from './sending.ts'

const OAUTH = 'tokens of an OAuth 2.0 server'
const belongs = option.needless('belongs to oauth2.enable')

/** Any HTTP server. */
export const http: OutputPlugin = {
  about: 'Sends records to an HTTP server',
  options: {
    ...peer('127.0.0.1', '80'),
    uri: option.text('/'),
    http_method: option.text('POST'),
    format: option.text('json'),
    header: option.text(undefined, { repeated: true }),
    header_tag: option.text(),
    http_user: option.text(),
    http_passwd: option.text(),
    http_bearer_token_file: option.text(),
    compress: option.text(),
    body_key: option.text(),
    headers_key: option.text(),
    allow_duplicated_headers: option.needless('a header is sent once', 'true'),
    log_response_payload: option.needless('answers that refuse are in the log', 'true'),
    response_timeout: option.needless('requests have a limit of their own', '60s'),
    http2: option.needless('HTTP/1.1 is spoken', 'off'),
    gelf_timestamp_key: option.needless('belongs to the format gelf'),
    gelf_short_message_key: option.needless('belongs to the format gelf'),
    gelf_full_message_key: option.needless('belongs to the format gelf'),
    gelf_host_key: option.needless('belongs to the format gelf'),
    gelf_level_key: option.needless('belongs to the format gelf'),
    proxy: option.lost('a proxy'),
    ...awsAuthOptions,
    aws_service: option.text(),
    'oauth2.enable': option.lost(OAUTH, 'off'),
    'oauth2.*': belongs,
    ...dateOptions,
  },
  translate(settings, { flushMs, strict }) {
    const formats = [
      'json',
      'json_stream',
      'json_lines',
      'msgpack',
      'gelf',
      'otlp_json',
      'otlp_proto',
    ] as const
    const format = settings.choice('format', formats) ?? 'msgpack'
    const body = bodyOf(settings, format)
    if (body === undefined) return undefined
    const compress = settings.choice('compress', ['gzip', 'zstd', 'snappy', 'lz4'] as const)
    const unknown = compress === 'lz4' || compress === 'snappy'
    if (unknown)
      settings.lose(
        settings.placeOf('compress'),
        'compress',
        `${compress} is not supported: bodies are sent plain`,
      )
    const headers = headersOf(settings)
    const [tagHeader, headersField] = [settings.text('header_tag'), settings.text('headers_key')]
    const bearerFile = settings.text('http_bearer_token_file')
    const auth = { ...userOf(settings), ...(bearerFile !== undefined && { bearerFile }) }
    const field = headersField === undefined ? undefined : fieldOf(settings, 'headers_key', headersField)
    return {
      kind: 'http',
      options: {
        url: urlOf(settings, '127.0.0.1', 80, settings.text('uri') ?? '/'),
        ...(settings.text('http_method')?.toUpperCase() === 'PUT' && { method: 'PUT' }),
        ...body,
        ...(Object.keys(headers).length > 0 && { headers }),
        ...(field !== undefined && { headersField: field }),
        ...(tagHeader !== undefined && { tagHeader }),
        ...(settings.boolean('aws_auth')
          ? { aws: awsOf(settings) }
          : Object.keys(auth).length > 0 && { auth }),
        ...(compress !== undefined && !unknown && { compress }),
        // The original drops what is answered by 4xx, but for 408 and 429.
        ...(strict && {
          rejectStatuses: Array.from({ length: 100 }, (_, i) => 400 + i).filter(
            each => each !== 408 && each !== 429,
          ),
        }),
        ...tlsClientOf(settings),
        flushInterval: flushInterval(flushMs),
      },
    }
  },
}

function bodyOf(settings: Settings, format: string): NotationMap | undefined {
  const bodyKey = settings.text('body_key')
  if (bodyKey !== undefined) {
    const bodyField = fieldOf(settings, 'body_key', bodyKey)
    return bodyField === undefined ? undefined : { format: 'field', bodyField }
  }
  if (['json', 'json_lines', 'json_stream'].includes(format)) {
    const time = dateOf(settings)
    return { format, ...(time && { time }) }
  }
  if (format === 'msgpack') return { format }
  settings.fail(
    settings.placeOf('format'),
    'format',
    `${format} is not supported`,
    'json, json_lines, json_stream or msgpack',
  )
  return undefined
}

function awsOf(settings: Settings): NotationMap {
  if (!settings.has('aws_service'))
    settings.fail(settings.placeOf('aws_auth'), 'aws_service', 'is missing; aws_auth needs it')
  return awsAuthOf(settings, 'aws_service')
}
