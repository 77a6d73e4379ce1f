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
  records: s.choice(['events', 'envelopes'], {
    about:
      'events: the event of each object is the record, with what stands beside it. envelopes: each object is a record as it came, at the time at which it came, and needs no event.',
    default: 'events',
  }),
  tagFrom: s.choice(['sourcetype', 'path'], {
    about:
      'What stands for `*` in `tag`: the source type of an event, or the path of the request with `_` between its parts, such as `services_collector_event`.',
    default: 'sourcetype',
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
