import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { maxMessage, socketMode, streamFields } from '../network/config.ts'

/** The options of `syslog`. */
export const syslogFields = {
  ...streamFields('127.0.0.1:5140'),
  transport: s.choice(['udp', 'tcp'], {
    about:
      'How messages come: each in a datagram, or on a connection, where they are told apart by their length in front (octet counting, RFC 6587) or by line ends, whichever a connection begins with. On a Unix socket datagrams (as on /dev/log) or a stream.',
    default: 'udp',
  }),
  mode: socketMode,
  maxMessage: maxMessage(
    'The largest message: a longer line comes as several records, a message that says it is longer ends the connection, a datagram is dropped.',
    '64KiB',
  ),
  format: s.choice(['syslog', 'raw'], {
    about: 'raw: the message stays as it came, in the field `message`, for a step `parse`.',
    default: 'syslog',
  }),
  zone: s.string({
    about:
      'The zone of times that name none, as those of RFC 3164: utc, local (that of the process), an offset such as +02:00, or a zone such as Europe/Berlin.',
    default: 'utc',
    example: 'local',
  }),
} as const

const syslogConfig = s.object(syslogFields, { about: 'Syslog messages.' })
export type SyslogConfig = Infer<typeof syslogConfig>

export function checkSyslog({ transport, tls }: SyslogConfig, path: Problem['path']): Problem[] {
  if (transport === 'tcp' || !tls) return []
  return [
    {
      path: [...path, 'tls'],
      message: 'datagrams are not encrypted',
      hint: 'use transport: tcp, or remove tls',
    },
  ]
}
