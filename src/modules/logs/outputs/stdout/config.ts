import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'
import { timeFieldConfig } from '../time-field-config.ts'

export const stdoutConfig = s.object(
  {
    format: s.choice(['json', 'array', 'text'], {
      about:
        'json: one object a line. array: the records of one write as one JSON array. text: for reading, with tag and time: `[0] app: [[1767323045.678000000, {}], {"level"=>"info"}]`.',
      default: 'json',
    }),
    time: timeFieldConfig,
    flushInterval: s.duration({
      about: 'How long a record may wait for others to share a write.',
      default: '200ms',
      min: '1ms',
    }),
    ...routingFields,
  },
  { about: 'Writes records to standard output.' },
)

export type StdoutConfig = OwnOptions<Infer<typeof stdoutConfig>>
