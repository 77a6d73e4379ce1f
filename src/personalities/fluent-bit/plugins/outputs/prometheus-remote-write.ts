import { option, peer } from '../option.ts'
import type { OutputPlugin } from '../plugin.ts'
import { headersOf } from './headers.ts'
import { tlsClientOf, urlOf, userOf } from './sending.ts'

const NO_AWS = option.needless('belongs to aws_auth')

/** Sends metrics by remote write. */
export const prometheusRemoteWrite: OutputPlugin = {
  about: 'Sends metrics to Prometheus by remote write',
  options: {
    ...peer('127.0.0.1', '80'),
    uri: option.text('/'),
    header: option.text(undefined, { repeated: true }),
    http_user: option.text(),
    http_passwd: option.text(),
    add_label: option.text(undefined, { repeated: true }),
    compression: option.text('snappy'),
    log_response_payload: option.needless('answers that refuse are in the log', 'true'),
    proxy: option.lost('a proxy'),
    aws_auth: option.boolean('false'),
    aws_service: NO_AWS,
    aws_region: NO_AWS,
    aws_role_arn: NO_AWS,
    aws_external_id: NO_AWS,
    aws_sts_endpoint: NO_AWS,
    aws_profile: NO_AWS,
  },
  metrics(settings) {
    const compression = settings.choice('compression', ['snappy', 'gzip', 'zstd', 'none'] as const)
    if (compression !== undefined && compression !== 'snappy')
      settings.lose(
        settings.placeOf('compression'),
        'compression',
        `${compression} is not supported: Snappy is what receivers must take`,
      )
    if (settings.has('retry_limit'))
      settings.lose(
        settings.placeOf('retry_limit'),
        'retry_limit',
        'metrics wait in memory while the receiver is away, up to 4 MiB, and are not counted by tries',
      )
    if (settings.boolean('aws_auth')) {
      settings.fail(
        settings.placeOf('aws_auth'),
        'aws_auth',
        'is not supported: requests are not signed, and the service would refuse all of them',
        'send to a proxy that signs them',
      )
      return undefined
    }
    const [headers, labels] = [headersOf(settings), headersOf(settings, 'add_label')]
    const auth = userOf(settings)
    return {
      kind: 'remoteWrite',
      options: {
        url: urlOf(settings, '127.0.0.1', 80, settings.text('uri') ?? '/'),
        ...(Object.keys(labels).length > 0 && { labels }),
        ...(Object.keys(auth).length > 0 && { auth }),
        ...(Object.keys(headers).length > 0 && { headers }),
        ...tlsClientOf(settings),
      },
    }
  },
}
