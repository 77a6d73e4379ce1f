import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { httpServerFields } from '../http-server/config.ts'

/** The options of `splunk`. */
export const splunkInputFields = {
  ...httpServerFields('127.0.0.1:8088'),
  tokens: s.list(s.secret({ about: 'One token.' }), {
    about: 'Senders need one of these tokens. Without any everybody who reaches the address may send.',
    default: [],
    example: [`\${HEC_TOKEN}`],
  }),
  queryToken: s.boolean({
    about: 'Whether the token may also come as `?token=` of the URL, which others may log.',
    default: false,
  }),
  acknowledge: s.boolean({
    about:
      'Whether senders can ask at `/services/collector/ack` whether their requests are safe. They then have to name a channel.',
    default: false,
  }),
  eventField: s.string({
    about:
      'The field that an event becomes which is no object; an object becomes the fields of the record itself.',
    default: 'message',
  }),
  tagField: s.string({
    about: 'A field at the top of the event, or beside it, whose text is the record’s tag instead of `tag`.',
    optional: true,
    example: 'app',
  }),
  tokenField: s.string({
    about: 'A field that each record gets with the token of its sender, for outputs that pass it on.',
    optional: true,
    example: '@splunk_token',
  }),
  successStatus: s.integer({
    about: 'The status that taken records are answered with.',
    default: 200,
    min: 200,
    max: 204,
  }),
} as const

const splunkInputConfig = s.object(splunkInputFields, { about: 'Takes events of HEC.' })
export type SplunkInputConfig = Infer<typeof splunkInputConfig>
