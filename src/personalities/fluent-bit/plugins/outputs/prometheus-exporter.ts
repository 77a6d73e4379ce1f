import { option } from '../option.ts'
import type { OutputPlugin } from '../plugin.ts'
import { headersOf } from './headers.ts'

const OWN_SERVER = 'the listener has limits of its own'

/** Serves metrics for Prometheus. */
export const prometheusExporter: OutputPlugin = {
  about: 'Serves metrics for Prometheus',
  options: {
    host: option.text('0.0.0.0'),
    listen: option.text(),
    port: option.integer('2021'),
    add_label: option.text(undefined, { repeated: true }),
    add_timestamp: option.boolean('false'),
    ttl: option.lost('an end of metrics that nobody changes', '0s'),
    http2: option.needless('HTTP/1.1 and HTTP/2 are answered', 'true'),
    'http_server.*': option.needless(OWN_SERVER),
    buffer_max_size: option.needless(OWN_SERVER, '4M'),
    buffer_chunk_size: option.needless(OWN_SERVER, '512K'),
    max_connections: option.needless(OWN_SERVER, '0'),
  },
  metrics(settings) {
    const host = settings.text('host') ?? settings.text('listen') ?? '0.0.0.0'
    const labels = headersOf(settings, 'add_label')
    return {
      kind: 'prometheus',
      options: {
        listen: `${host.includes(':') ? `[${host}]` : host}:${settings.integer('port') ?? 2021}`,
        ...(Object.keys(labels).length > 0 && { labels }),
        ...(settings.boolean('add_timestamp') && { timestamps: true }),
      },
    }
  },
}
