import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { serverTls } from '../../../../kernel/server-tls/config.ts'

const authObject = {
  users: s.map(s.secret({ about: 'The password.' }), {
    about: 'Users with their passwords, for senders that use basic authentication.',
    default: {},
    example: { collector: `\${COLLECTOR_PASSWORD}` },
  }),
  tokens: s.list(s.secret({ about: 'One token.' }), {
    about: 'Bearer tokens that are let in. With several, one can be replaced without a gap.',
    default: [],
    example: [`\${COLLECTOR_TOKEN}`],
  }),
}

export const authFields = s.object(authObject, {
  about:
    'Who may send: one of the users or the bearer of one of the tokens. Without it everybody who reaches the address may.',
  optional: true,
})

/** Where from and how much: the options of every input that is sent to by HTTP. */
export function httpServerFields(listen: string) {
  return {
    listen: s.address({
      about:
        'The address to listen on. Others than this machine’s own processes need one that is not loopback, and then `auth` or `tls`.',
      default: listen,
    }),
    tls: serverTls('Serves HTTPS instead of HTTP.'),
    maxConnections: s.integer({
      about: 'Connections at one time; above it new ones are closed at once.',
      default: 256,
      min: 1,
      max: 65_536,
    }),
    maxBody: s.size({
      about:
        'The largest body of a request, as it comes and as it is after decompression; a larger one is answered with 413.',
      default: '4MiB',
      min: '1KiB',
      max: '256MiB',
    }),
    timeout: s.duration({
      about: 'How long a whole request may take to arrive; then it is answered with 408.',
      default: '30s',
      min: '100ms',
    }),
    idleTimeout: s.duration({ about: 'How long an unused connection is kept.', default: '60s', min: '1s' }),
  } as const
}

const httpServerConfig = s.object(
  { ...httpServerFields('127.0.0.1:0'), auth: authFields },
  { about: 'An HTTP input.' },
)
export type HttpServerConfig = Infer<typeof httpServerConfig>
