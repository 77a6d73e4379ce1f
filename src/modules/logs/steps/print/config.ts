import { type Infer, s } from '../../../../kernel/config/schema.ts'

export const printConfig = s.object(
  {
    format: s.choice(['text', 'json'], {
      about: 'text: with tag and time, for reading. json: the record as it is.',
      default: 'text',
    }),
    to: s.choice(['stdout', 'stderr'], { about: 'Where it is printed.', default: 'stdout' }),
  },
  {
    about:
      'Prints records as they are at this place, and passes them on: to see what the steps before make of them. What the reader does not take in time is left out, and counted.',
  },
)

export type PrintConfig = Infer<typeof printConfig>
