import { option } from '../option.ts'
import type { InputPlugin } from '../plugin.ts'
import { listeningOf, listeningOptions } from './listening.ts'

const OWN_FORMAT = 'messages of both RFCs are told apart by themselves'

/** Syslog. */
export const syslog: InputPlugin = {
  about: 'Takes syslog messages, with the fields of the usual parsers',
  options: {
    ...listeningOptions('5140'),
    mode: option.text('unix_udp'),
    path: option.text(),
    unix_perm: option.text('0644'),
    parser: option.text(),
    receive_buffer_size: option.needless('the system bounds what waits'),
    buffer_chunk_size: option.needless('buffers grow as they are needed', '32000'),
    buffer_max_size: option.needless('messages have a limit of their own'),
    source_address_key: option.lost('the address of the sender'),
    raw_message_key: option.lost('the message as it came'),
    format: option.needless(OWN_FORMAT),
  },
  translate(settings) {
    const modes = ['unix_udp', 'unix_tcp', 'udp', 'tcp'] as const
    const mode = settings.choice('mode', modes) ?? 'unix_udp'
    const parser = settings.text('parser')
    if (parser !== undefined && !/^syslog-rfc(5424|3164)/.test(parser))
      settings.lose(settings.placeOf('parser'), 'parser', `"${parser}" is not asked: ${OWN_FORMAT}`)
    const path = settings.text('path')
    const isUnix = mode.startsWith('unix')
    if (isUnix && path === undefined) {
      settings.fail(settings.place, 'path', `is missing; mode ${mode} needs it`)
      return undefined
    }
    const where = isUnix ? { listen: path! } : listeningOf(settings, 5140)
    const permissions = settings.text('unix_perm')
    return {
      kind: 'syslog',
      options: {
        transport: mode.endsWith('udp') ? 'udp' : 'tcp',
        ...where,
        ...(isUnix && permissions !== undefined && { mode: permissions.replace(/^0(?=\d{3}$)/, '') }),
      },
      steps: [
        {
          rename: {
            fields: { priority: 'pri', hostname: 'host', appname: 'ident', procid: 'pid' },
            overwrite: false,
          },
        },
      ],
    }
  },
}
