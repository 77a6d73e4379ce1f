import { peer } from '../option.ts'
import type { OutputPlugin } from '../plugin.ts'
import { flushInterval, tlsClientOf } from './sending.ts'

/** NATS, with the tag as the subject. */
export const nats: OutputPlugin = {
  about: 'Publishes records to NATS, each as a message of JSON on the subject of its tag',
  options: { ...peer('127.0.0.1', '4222') },
  translate(settings, { flushMs }) {
    settings.lose(
      settings.place,
      '',
      'sends a message for each record instead of a list `[[time, record], …]` for each batch',
    )
    const secure = settings.boolean('tls') ?? false
    const host = settings.text('host') ?? '127.0.0.1'
    const shown = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
    return {
      kind: 'nats',
      options: {
        servers: [`${secure ? 'tls' : 'nats'}://${shown}:${settings.integer('port') ?? 4222}`],
        subject: '{$tag}',
        // The original publishes, and asks nobody to store it.
        jetStream: false,
        ...tlsClientOf(settings),
        flushInterval: flushInterval(flushMs),
      },
    }
  },
}
