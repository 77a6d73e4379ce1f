import { checkTls, checkUrl } from '../../../../backends/http/options.ts'
import { tlsConfig } from '../../../../backends/http/tls-config.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'
import { checkTemplate, TEMPLATE_NOTATION } from '../../template/parse.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'

export const gelfConfig = s.object(
  {
    url: s.url({
      about:
        'The address of Graylog or another server of GELF: `udp`, `tcp` or `tls`, host and port (12201 unless given). GELF has no acknowledgement: what a server had taken and not yet kept when it died is lost, and by UDP whatever the network drops.',
      protocols: ['udp', 'tcp', 'tls'],
      example: 'tls://graylog.internal:12201',
    }),
    shortMessage: s.string({
      about: `What is shown of a message. ${TEMPLATE_NOTATION}. The record as JSON when it has nothing for it.`,
      default: '{short_message|message|msg|log}',
    }),
    fullMessage: s.string({
      about: `The long text, such as a stack trace. ${TEMPLATE_NOTATION}.`,
      default: '{full_message|stack|stack_trace}',
    }),
    hostname: s.string({
      about: `Where it is from. ${TEMPLATE_NOTATION}.`,
      default: '{hostname|host|$hostname}',
    }),
    levelField: s.string({
      about: `A field with the level, as the number or keyword of syslog, or a name such as WARN; ${FIELD_NOTATION}.`,
      default: 'level',
    }),
    compress: s.choice(['gzip', 'none'], {
      about: 'How datagrams are compressed. A stream never is.',
      default: 'gzip',
    }),
    packet: s.size({
      about: 'By UDP, a larger message goes in pieces of this size, at most 128 of them.',
      default: '1420B',
      min: '500B',
      max: '8192B',
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
  { about: 'Sends records to Graylog, and to others that take GELF 1.1.' },
)

export type GelfConfig = OwnOptions<Infer<typeof gelfConfig>>

/** Rules between the options. Paths begin behind the output's kind. */
export function checkGelf(config: GelfConfig): Problem[] {
  const { url, tls } = config
  const problems = [...checkUrl(url), ...checkTls({ tls }), ...checkField(config.levelField, ['levelField'])]
  for (const option of ['shortMessage', 'fullMessage', 'hostname'] as const)
    problems.push(...checkTemplate(config[option], [option]))
  if (tls && !url.startsWith('tls:'))
    problems.push({
      path: ['tls'],
      message: '`tls` has no effect on this URL',
      hint: 'write tls://host:12201',
    })
  return problems
}
