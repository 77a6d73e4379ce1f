import { option, peer } from '../option.ts'
import type { OutputPlugin } from '../plugin.ts'
import { awsAuthOf, awsAuthOptions } from './aws-auth.ts'
import { headersOf } from './headers.ts'
import { tlsClientOf, urlOf, userOf } from './sending.ts'

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
    ...awsAuthOptions,
    aws_service: option.text('aps'),
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
    const [headers, labels] = [headersOf(settings), headersOf(settings, 'add_label')]
    const auth = userOf(settings)
    const proof = settings.boolean('aws_auth')
      ? { aws: awsAuthOf(settings, 'aws_service') }
      : Object.keys(auth).length > 0 && { auth }
    return {
      kind: 'remoteWrite',
      options: {
        url: urlOf(settings, '127.0.0.1', 80, settings.text('uri') ?? '/'),
        ...(Object.keys(labels).length > 0 && { labels }),
        ...proof,
        ...(Object.keys(headers).length > 0 && { headers }),
        ...tlsClientOf(settings),
      },
    }
  },
}
