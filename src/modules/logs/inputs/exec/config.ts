import { type Infer, s } from '../../../../kernel/config/schema.ts'

/** The options of `exec`, beside those of the format. */
export const execFields = {
  command: s.list(s.string({ about: 'The program, then its arguments.' }), {
    about:
      'The command whose output is read. Nothing of it is given to a shell: for a pipeline write [sh, -c, "a | b"].',
    minItems: 1,
    example: ['vmstat', '-n', '5'],
  }),
  interval: s.duration({
    about:
      'How often it is run, from start to start; a run that takes longer is not joined by another. Without it the command is to run on, and is started again when it ends.',
    optional: true,
    min: '10ms',
    example: '30s',
  }),
  runs: s.integer({ about: 'How often it is run. Without it there is no end.', optional: true, min: 1 }),
  streams: s.list(s.choice(['stdout', 'stderr'], { about: 'A stream of the command.' }), {
    about: 'What is read. What is not goes nowhere.',
    default: ['stdout'],
    minItems: 1,
  }),
  timeout: s.duration({
    about: 'With `interval`: a run that takes longer is ended.',
    default: '1m',
    min: '100ms',
  }),
  maxLine: s.size({
    about: 'A longer line becomes several records, each marked as a piece.',
    default: '1MiB',
    min: '1KiB',
    max: '16MiB',
  }),
} as const

const execSchema = s.object(execFields, { about: 'The output of a command.' })
export type ExecConfig = Infer<typeof execSchema>
