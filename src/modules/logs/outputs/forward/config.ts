import { checkTls } from '../../../../backends/http/options.ts'
import { tlsConfig } from '../../../../backends/http/tls-config.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkTemplate, TEMPLATE_NOTATION } from '../../template/parse.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'

export const forwardOutputConfig = s.object(
  {
    servers: s.list(
      s.object(
        {
          address: s.address({ about: 'Where it is.', example: 'fluentd:24224' }),
          weight: s.integer({
            about: 'How much of the load it gets, against the others.',
            default: 60,
            min: 1,
            max: 1000,
          }),
          standby: s.boolean({ about: 'Whether it is used only while all others are away.', default: false }),
        },
        { about: 'One receiver.' },
      ),
      {
        about: 'The receivers; each batch goes to one of them, to another one while it is away.',
        minItems: 1,
        example: [{ address: 'fluentd:24224' }],
      },
    ),
    tagAs: s.string({
      about: `The tag of each record. ${TEMPLATE_NOTATION}.`,
      default: '{$tag}',
      example: 'edge.{$tag}',
    }),
    acknowledged: s.boolean({
      about:
        'Whether receivers must acknowledge (`require_ack_response`). Without it what a receiver had taken when it died is lost.',
      default: true,
    }),
    compress: s.choice(['none', 'gzip', 'zstd'], {
      about: 'How batches are compressed. zstd is understood by newer receivers only.',
      default: 'none',
    }),
    time: s.choice(['nanoseconds', 'seconds'], {
      about: 'The form of times; seconds are for receivers of before 2016.',
      default: 'nanoseconds',
    }),
    auth: s.object(
      {
        sharedKey: s.secret({ about: 'The key that both sides know.', example: `\${FORWARD_KEY}` }),
        hostname: s.string({
          about: 'The name that this side gives itself. Default: the name of the host.',
          optional: true,
        }),
        username: s.string({ about: 'The user, where the receiver wants one.', optional: true }),
        password: s.secret({ about: 'The password of the user.', optional: true }),
      },
      { about: 'The handshake of receivers that ask who sends.', optional: true },
    ),
    tls: tlsConfig,
    timeout: s.duration({
      about: 'How long a connection, the handshake and an acknowledgement may each take.',
      default: '30s',
      min: '100ms',
    }),
    recover: s.duration({
      about: 'How long a receiver that failed is not tried while there are others.',
      default: '10s',
      min: '100ms',
    }),
    maxBatch: s.size({
      about: 'The largest batch, before compression.',
      default: '1MiB',
      min: '16KiB',
      max: '8MiB',
    }),
    flushInterval: s.duration({
      about: 'How long a record may wait for others to share a batch.',
      default: '1s',
      min: '10ms',
    }),
    ...routingFields,
  },
  {
    about:
      'Sends records by the protocol of Fluentd and Fluent Bit (forward, version 1), as packed batches which the receiver acknowledges.',
  },
)
export type ForwardOutputConfig = OwnOptions<Infer<typeof forwardOutputConfig>>

/** Rules between the options. Paths begin at the output’s own key. */
export function checkForwardOutput({ tls, tagAs, auth }: ForwardOutputConfig): Problem[] {
  const problems = [...checkTls({ tls }), ...checkTemplate(tagAs, ['tagAs'])]
  if (auth && (auth.username === undefined) !== (auth.password === undefined))
    problems.push({
      path: ['auth'],
      message: '`username` and `password` belong together',
      hint: 'add the other one',
    })
  return problems
}
