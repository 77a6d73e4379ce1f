import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'

export const storeConfig = s.object(
  {
    path: s.string({
      about:
        'The database file; `outrigger logs --store` takes the same path. Its folder is made when it is missing. Without it the file is `store.db` in the output’s data folder.',
      optional: true,
      example: '/var/lib/outrigger/logs.db',
    }),
    fullText: s.choice(['record', 'message', 'none'], {
      about:
        'What `outrigger logs --text` finds: words in any text of the record, words in its message only (about half the CPU time), or nothing (a third).',
      default: 'record',
    }),
    maxSize: s.size({
      about: 'How much of the disk the records and their index may take; the oldest records make room.',
      default: '1GiB',
      min: '16MiB',
    }),
    maxAge: s.duration({
      about: 'Records that happened longer ago than this are removed.',
      default: '7d',
      min: '1m',
    }),
    flushInterval: s.duration({
      about: 'How long a record may wait for others to share a transaction.',
      default: '500ms',
      min: '10ms',
    }),
    ...routingFields,
  },
  { about: 'Keeps records in a local SQLite database that `outrigger logs` searches.' },
)

export type StoreConfig = OwnOptions<Infer<typeof storeConfig>>
