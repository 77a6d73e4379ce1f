import { checkTls, checkUrl } from '../../../../backends/http/options.ts'
import { tlsConfig } from '../../../../backends/http/tls-config.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'
import { timeFieldConfig } from '../time-field-config.ts'

export const tcpConfig = s.object(
  {
    url: s.url({
      about:
        'The receiver’s address: `tcp` or `tls` with host and port, or `unix` with the path of a stream socket.',
      protocols: ['tcp', 'tls', 'unix'],
      example: 'tcp://collector:5170',
    }),
    time: timeFieldConfig,
    tls: tlsConfig,
    timeout: s.duration({
      about: 'How long a connection may take to come about, and a write to be taken.',
      default: '10s',
      min: '100ms',
    }),
    flushInterval: s.duration({
      about: 'How long a record may wait for others to share a write.',
      default: '1s',
      min: '10ms',
    }),
    ...routingFields,
  },
  {
    about:
      'Writes records as lines of JSON to a connection. The receiver acknowledges nothing: what it had taken and not worked on when it died is lost.',
  },
)
export type TcpConfig = OwnOptions<Infer<typeof tcpConfig>>

/** Rules between the options. Paths begin at the output’s own key. */
export function checkTcp({ url, tls }: TcpConfig): Problem[] {
  if (tls && !url.startsWith('tls:'))
    return [{ path: ['tls'], message: '`tls` has no effect on this URL', hint: 'write the URL with tls' }]
  return [...checkUrl(url), ...checkTls({ tls })]
}
