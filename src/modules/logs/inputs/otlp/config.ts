import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { authFields, httpServerFields } from '../http-server/config.ts'

/** The options of `otlp`. */
export const otlpInputFields = {
  ...httpServerFields('127.0.0.1:4318'),
  grpcListen: s.address({
    about:
      'A further address, for senders that know gRPC by its usual port. Both addresses take gRPC as well as HTTP.',
    optional: true,
    example: '127.0.0.1:4317',
  }),
  auth: authFields,
  bodyField: s.string({
    about:
      'The field that the body of a log record becomes. A body that is a map becomes the fields of the record itself.',
    default: 'message',
  }),
  successStatus: s.integer({
    about: 'The status that taken records are answered with by HTTP.',
    default: 200,
    min: 200,
    max: 204,
  }),
} as const

const otlpInputConfig = s.object(otlpInputFields, { about: 'Takes logs by OTLP.' })
export type OtlpInputConfig = Infer<typeof otlpInputConfig>
