import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'

export const stdoutConfig = s.object(
  {
    flushInterval: s.duration({
      about: 'How long a record may wait for others to share a write.',
      default: '200ms',
      min: '1ms',
    }),
    ...routingFields,
  },
  { about: 'Writes records to standard output, one JSON object a line.' },
)

export type StdoutConfig = OwnOptions<Infer<typeof stdoutConfig>>
