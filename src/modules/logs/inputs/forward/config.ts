import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { maxMessage, streamFields } from '../network/config.ts'

/** The options of `forward`. */
export const forwardFields = {
  ...streamFields('127.0.0.1:24224'),
  maxMessage: maxMessage(
    'The largest message, as it comes and as it is after decompression; a larger one ends the connection.',
    '8MiB',
  ),
  auth: s.object(
    {
      sharedKey: s.secret({
        about: 'The key that both sides know (`shared_key`).',
        example: `\${FORWARD_KEY}`,
      }),
      hostname: s.string({
        about:
          'The name that this side gives itself (`self_hostname`); a sender must have another. Default: the name of the host.',
        optional: true,
      }),
      users: s.map(s.secret({ about: 'The password.' }), {
        about: 'Users with their passwords, for senders that must name one besides.',
        default: {},
        example: { shop: `\${SHOP_PASSWORD}` },
      }),
    },
    {
      about:
        'Who may send: those that know the shared key, and the password of a user where there are some. Without it everybody who reaches the address may.',
      optional: true,
    },
  ),
  heartbeat: s.boolean({
    about: 'Whether the heartbeats by UDP that old senders want are answered, at the same address.',
    default: false,
  }),
  binary: s.choice(['text', 'base64'], {
    about: 'What becomes of binary values: a text of the same bytes, or base64.',
    default: 'text',
  }),
  metadataField: s.string({
    about:
      'The field that gets what Fluent Bit sends beside a record (its metadata), where there is some. An empty name leaves it out.',
    default: 'metadata',
  }),
} as const

const forwardConfig = s.object(forwardFields, { about: 'Records by the protocol of Fluentd.' })
export type ForwardConfig = Infer<typeof forwardConfig>
