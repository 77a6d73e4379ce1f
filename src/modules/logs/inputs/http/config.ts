import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { authFields, httpServerFields } from '../http-server/config.ts'

/** The options of `http`. */
export const httpFields = {
  ...httpServerFields('127.0.0.1:9880'),
  auth: authFields,
  tagField: s.string({
    about: 'A field of the record, at its top, whose text is the record’s tag instead of `tag`.',
    optional: true,
    example: 'service',
  }),
  tagFromPath: s.boolean({
    about:
      'Whether a path that says more than `/` is the tag, whatever `tag` says; all but letters, digits, `_` and `.` become `_`.',
    default: false,
  }),
  remoteAddressField: s.string({
    about: 'A field that each record gets with the IP address of its sender.',
    optional: true,
    example: 'REMOTE_ADDR',
  }),
  trustForwardedFor: s.boolean({
    about:
      'Whether the first address of `X-Forwarded-For` is taken for the sender’s, where a request has it: only behind a proxy that sets it.',
    default: false,
  }),
  successStatus: s.integer({
    about: 'The status that taken records are answered with.',
    default: 201,
    min: 200,
    max: 204,
  }),
  successHeaders: s.map(s.string({ about: 'The value of the header.' }), {
    about: 'Further headers of such an answer.',
    default: {},
    example: { 'x-taken-by': 'outrigger' },
  }),
} as const

const httpConfig = s.object(httpFields, { about: 'Takes records by HTTP.' })
export type HttpConfig = Infer<typeof httpConfig>
