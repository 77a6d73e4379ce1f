import { fieldOf } from '../../conditions.ts'
import { option, peer } from '../option.ts'
import type { OutputPlugin } from '../plugin.ts'
import type { Settings } from '../settings.ts'
import { bytes } from '../units.ts'
import { flushInterval, tlsClientOf } from './sending.ts'

/** Graylog. */
export const gelf: OutputPlugin = {
  about: 'Sends records to Graylog and others that take GELF',
  options: {
    ...peer('127.0.0.1', '12201'),
    mode: option.text('udp'),
    gelf_tag_key: option.lost('the field of the tag; a filter can add `$TAG`'),
    gelf_short_message_key: option.text('short_message'),
    gelf_full_message_key: option.text('full_message'),
    gelf_timestamp_key: option.needless('the time of the record is its time', 'timestamp'),
    gelf_host_key: option.text('host'),
    gelf_level_key: option.text('level'),
    packet_size: option.size('1420'),
    compress: option.boolean('true'),
  },
  translate(settings, { flushMs }) {
    const mode = settings.choice('mode', ['udp', 'tcp', 'tls'] as const) ?? 'udp'
    const scheme = mode === 'tcp' && settings.boolean('tls') ? 'tls' : mode
    const host = settings.text('host') ?? '127.0.0.1'
    const shown = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
    const level = keyed(settings, 'gelf_level_key')
    const size = settings.size('packet_size')
    return {
      kind: 'gelf',
      options: {
        url: `${scheme}://${shown}:${settings.integer('port') ?? 12201}`,
        shortMessage: `{${keyed(settings, 'gelf_short_message_key') ?? 'short_message'}}`,
        fullMessage: `{${keyed(settings, 'gelf_full_message_key') ?? 'full_message'}}`,
        hostname: `{${keyed(settings, 'gelf_host_key') ?? 'host'}|$hostname}`,
        ...(level !== undefined && { levelField: level }),
        ...(settings.boolean('compress') === false && { compress: 'none' }),
        ...(size !== undefined && { packet: bytes(Math.min(8192, Math.max(500, size))) }),
        ...(scheme === 'tls' && tlsClientOf(settings, true)),
        flushInterval: flushInterval(flushMs),
      },
    }
  },
}

function keyed(settings: Settings, key: string): string | undefined {
  const name = settings.text(key)
  return name === undefined ? undefined : fieldOf(settings, key, name)
}
