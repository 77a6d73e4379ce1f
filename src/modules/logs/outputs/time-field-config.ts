import { type Infer, s } from '../../../kernel/config/schema.ts'

/** The options of an output that can put the record's time into what it sends. */
export const timeFieldConfig = s.object(
  {
    field: s.string({ about: 'The field’s name.', default: 'date' }),
    format: s.choice(['double', 'epoch', 'epoch_ms', 'iso8601', 'java_sql_timestamp'], {
      about:
        'Seconds with a fraction, whole seconds, milliseconds, `2026-01-02T03:04:05.006000Z` or `2026-01-02 03:04:05.006000`.',
      default: 'iso8601',
    }),
  },
  {
    about:
      'Puts the record’s time in front of its fields, unless it has such a field. Without it the record is sent as it is.',
    optional: true,
  },
)

export type TimeField = Infer<typeof timeFieldConfig>
