import { dateOf, dateOptions } from '../date.ts'
import { option, peer } from '../option.ts'
import type { OutputPlugin } from '../plugin.ts'
import { flushInterval, tlsClientOf } from './sending.ts'

/** Lines of JSON by TCP. */
export const tcpOutput: OutputPlugin = {
  about: 'Sends records as lines of JSON by TCP or TLS',
  options: {
    ...peer('127.0.0.1', '5170'),
    format: option.text('msgpack'),
    raw_message_key: option.lost('the text of one field as the message'),
    ...dateOptions,
  },
  translate(settings, { flushMs }) {
    const formats = ['json_lines', 'json_stream', 'json', 'msgpack'] as const
    const format = settings.choice('format', formats) ?? 'msgpack'
    if (format !== 'json_lines' && format !== 'json_stream')
      settings.lose(
        settings.placeOf('format'),
        'format',
        `${format} is not sent: each record is a line of JSON`,
      )
    const secure = settings.boolean('tls') ?? false
    const host = settings.text('host') ?? '127.0.0.1'
    const shown = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
    const time = dateOf(settings)
    return {
      kind: 'tcp',
      options: {
        url: `${secure ? 'tls' : 'tcp'}://${shown}:${settings.integer('port') ?? 5170}`,
        ...(time && { time }),
        ...tlsClientOf(settings),
        flushInterval: flushInterval(flushMs),
      },
    }
  },
}
