import { type Infer, s } from '../../../../kernel/config/schema.ts'

/** The options of `app`, beside those of the format. */
export const appFields = {
  streams: s.list(
    s.choice(['stdout', 'stderr'], { about: 'One of the streams of the supervised command.' }),
    {
      about: 'Which of the streams of the supervised command to read.',
      minItems: 1,
      default: ['stdout', 'stderr'],
    },
  ),
  maxLine: s.size({
    about: 'A longer line becomes several records, each marked as a piece.',
    default: '1MiB',
    min: '1KiB',
    max: '16MiB',
  }),
} as const

const appSchema = s.object(appFields, { about: 'What the supervised command writes.' })
export type AppConfig = Infer<typeof appSchema>
