import { entryName } from '../../../../kernel/config/entry-names.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { selectionFields } from '../../selection.ts'

export const stdoutConfig = s.object(
  {
    interval: s.duration({ about: 'How often the values are written.', default: '15s', min: '1s' }),
    ...selectionFields,
    name: entryName,
  },
  { about: 'Writes metrics to standard output, a line for each value with its time: for a look.' },
)

export type StdoutConfig = Infer<typeof stdoutConfig>
