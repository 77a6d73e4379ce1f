import { checkTls, checkUrl } from '../../../../backends/http/options.ts'
import { tlsConfig } from '../../../../backends/http/tls-config.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { FACILITIES, SEVERITIES } from '../../../../wire/syslog/message.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'
import { checkTemplate, TEMPLATE_NOTATION } from '../../template/parse.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'

export const syslogConfig = s.object(
  {
    url: s.url({
      about:
        'The server’s address: `tcp`, `tls` (port 6514 unless given) or `udp` with host and port (514 unless given), or `unix` with the path of a stream socket. Syslog has no acknowledgement: what a server had taken and not yet written when it died is lost, and by UDP whatever the network drops.',
      protocols: ['tcp', 'tls', 'udp', 'unix'],
      example: 'tls://logs.internal:6514',
    }),
    format: s.choice(['rfc5424', 'rfc3164'], {
      about: 'How a message is written. rfc3164 is the old form, with neither year nor zone.',
      default: 'rfc5424',
    }),
    framing: s.choice(['octets', 'newline'], {
      about:
        'How messages are told apart in a stream: by their length (RFC 6587; the only form of RFC 5425 for TLS), or by a line feed, which those in a message then become a blank. Without it octets for rfc5424, else newline.',
      optional: true,
    }),
    message: s.string({
      about: `The text of the message. ${TEMPLATE_NOTATION}. The record as JSON when it has nothing for it.`,
      default: '{message|msg|log}',
    }),
    hostname: s.string({
      about: `The host’s name. ${TEMPLATE_NOTATION}.`,
      default: '{hostname|host|$hostname}',
    }),
    appName: s.string({
      about: `The application’s name. ${TEMPLATE_NOTATION}.`,
      default: '{app|service|appname|$tag}',
    }),
    procId: s.string({ about: `The process. ${TEMPLATE_NOTATION}.`, default: '{pid|procid}' }),
    msgId: s.string({ about: `What kind of message it is. ${TEMPLATE_NOTATION}.`, default: '{msgid}' }),
    facility: s.choice(FACILITIES, { about: 'The facility, unless a field says it.', default: 'user' }),
    facilityField: s.string({
      about: `A field with the facility, as number or name; ${FIELD_NOTATION}.`,
      default: 'facility',
    }),
    severity: s.choice(SEVERITIES, { about: 'The severity, unless a field says it.', default: 'info' }),
    severityField: s.string({
      about: `A field with the severity, as number or name, or a level such as WARN; ${FIELD_NOTATION}.`,
      default: 'level',
    }),
    structuredData: s.list(s.string({ about: `A field; ${FIELD_NOTATION}.` }), {
      about:
        'Fields whose objects become elements of structured data (rfc5424): the field’s name is the id, what is in it the parameters.',
      default: [],
      example: ['origin@32473'],
    }),
    maxMessage: s.size({
      about: 'A longer message is cut. Receivers need not take more than 2048 bytes (RFC 5424, section 6.1).',
      default: '8KiB',
      min: '480B',
      max: '60KiB',
    }),
    tls: tlsConfig,
    timeout: s.duration({
      about: 'How long to wait for a connection, and for the server to take what is sent.',
      default: '10s',
      min: '100ms',
    }),
    flushInterval: s.duration({
      about: 'How long a record may wait for others to share a write.',
      default: '1s',
      min: '1ms',
    }),
    ...routingFields,
  },
  { about: 'Sends records to a syslog server.' },
)

export type SyslogConfig = OwnOptions<Infer<typeof syslogConfig>>

/** Rules between the options. Paths begin behind the output's kind. */
export function checkSyslog(config: SyslogConfig): Problem[] {
  const { url, tls, framing } = config
  const problems = [...checkUrl(url), ...checkTls({ tls })]
  for (const option of ['message', 'hostname', 'appName', 'procId', 'msgId'] as const)
    problems.push(...checkTemplate(config[option], [option]))
  for (const option of ['facilityField', 'severityField'] as const)
    problems.push(...checkField(config[option], [option]))
  for (const [index, field] of config.structuredData.entries())
    problems.push(...checkField(field, ['structuredData', index]))
  if (tls && !url.startsWith('tls:'))
    problems.push({
      path: ['tls'],
      message: '`tls` has no effect on this URL',
      hint: 'write tls://host:6514',
    })
  if (framing && url.startsWith('udp:'))
    problems.push({
      path: ['framing'],
      message: 'by UDP each message is a datagram',
      hint: 'remove `framing`',
    })
  return problems
}
