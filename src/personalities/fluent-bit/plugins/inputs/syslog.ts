import { findParser, formatNotation } from '../../parsers/format.ts'
import { fieldNotation } from '../../values/accessor.ts'
import { option } from '../option.ts'
import type { InputPlugin } from '../plugin.ts'
import { bytes } from '../units.ts'
import { listeningOf, listeningOptions, sourceAddressSteps } from './listening.ts'

/** Syslog. */
export const syslog: InputPlugin = {
  about: 'Takes syslog messages, with the fields of a parser',
  options: {
    ...listeningOptions('5140'),
    mode: option.text('unix_udp'),
    path: option.text(),
    unix_perm: option.text('0644'),
    parser: option.text(),
    receive_buffer_size: option.needless('the system bounds what waits'),
    buffer_chunk_size: option.size('32000'),
    buffer_max_size: option.size(),
    source_address_key: option.text(),
    raw_message_key: option.text(),
    format: option.needless('messages with their length in front are told from lines by themselves'),
  },
  translate(settings, around) {
    const modes = ['unix_udp', 'unix_tcp', 'udp', 'tcp'] as const
    const mode = settings.choice('mode', modes) ?? 'unix_udp'
    const path = settings.text('path')
    const isUnix = mode.startsWith('unix')
    if (isUnix && path === undefined) {
      settings.fail(settings.place, 'path', `is missing; mode ${mode} needs it`)
      return undefined
    }
    const name = settings.text('parser') ?? (isUnix ? 'syslog-rfc3164-local' : 'syslog-rfc5424')
    const parser = findParser(settings, 'parser', name, around.parsers)
    if (parser === undefined) return undefined
    const where = isUnix ? { listen: path! } : listeningOf(settings, 5140)
    const permissions = settings.text('unix_perm')
    const size = Math.max(settings.size('buffer_chunk_size') ?? 0, settings.size('buffer_max_size') ?? 0)
    const raw = settings.text('raw_message_key')
    return {
      kind: 'syslog',
      options: {
        transport: mode.endsWith('udp') ? 'udp' : 'tcp',
        ...where,
        ...(isUnix && permissions !== undefined && { mode: permissions.replace(/^0(?=\d{3}$)/, '') }),
        ...(size > 64 * 1024 && { maxMessage: bytes(Math.min(16 * 1024 ** 2, size)) }),
        format: 'raw',
      },
      steps: [
        ...(raw === undefined ? [] : [{ copy: { fields: { message: fieldNotation([raw]) ?? raw } } }]),
        { parse: { field: 'message', ...formatNotation(parser) } },
        ...sourceAddressSteps(settings),
      ],
    }
  },
}
