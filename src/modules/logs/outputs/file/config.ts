import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'
import { timeFieldConfig } from '../time-field-config.ts'

export const fileConfig = s.object(
  {
    path: s.string({
      about:
        'The file to append to. Its folder is made when it is missing. Nobody else may write to the file.',
      example: '/var/log/shipped/app.ndjson',
    }),
    format: s.choice(['json', 'raw', 'tagged'], {
      about:
        'What a line holds: `json`, the record; `raw`, the text of `messageField` as the application wrote it; `tagged`, tag, time and record: `app: [1767323045.678000000, {"level":"info"}]`.',
      default: 'json',
    }),
    messageField: s.string({
      about: 'The field that `format: raw` writes. A record that lacks it is written whole, as JSON.',
      default: 'message',
    }),
    time: timeFieldConfig,
    sync: s.boolean({
      about:
        'Flush the file to the disk before records count as delivered. With `false` they may be lost when the machine (not the process) crashes.',
      default: true,
    }),
    rotate: s.object(
      {
        maxSize: s.size({
          about: 'A file that would grow beyond this is put aside first.',
          default: '100MiB',
          min: '1KiB',
        }),
        maxAge: s.duration({
          about: 'A file that is older than this is put aside.',
          optional: true,
          min: '1s',
          example: '24h',
        }),
        keep: s.integer({
          about: 'How many files are kept aside, as `<path>.1` (the youngest) and so on.',
          default: 5,
          min: 0,
          max: 1000,
        }),
      },
      { about: 'When a new file is begun.', default: {} },
    ),
    flushInterval: s.duration({
      about: 'How long a record may wait for others to share a write.',
      default: '1s',
      min: '10ms',
    }),
    ...routingFields,
  },
  { about: 'Appends records to a file, one a line.' },
)

export type FileConfig = OwnOptions<Infer<typeof fileConfig>>

/** Rules between the options. Paths begin at the output’s own key. */
export function checkFile(config: FileConfig): Problem[] {
  if (config.path === '' || config.path.endsWith('/')) {
    return [
      {
        path: ['path'],
        message: `expected the path of a file, got "${config.path}"`,
        hint: 'add the file’s name',
      },
    ]
  }
  return []
}
