import { type Infer, s } from '../../../../kernel/config/schema.ts'

/** The options of `stdin`, beside those of the format. */
export const stdinFields = {
  framing: s.choice(['lines', 'json'], {
    about:
      'lines: a record a line. json: JSON objects one behind the other, with or without something between them, each perhaps with its time in seconds: `[1767323045.6, {"a":1}]`.',
    default: 'lines',
  }),
  maxLine: s.size({
    about: 'A longer line becomes several records, each marked as a piece.',
    default: '1MiB',
    min: '1KiB',
    max: '16MiB',
  }),
} as const

const stdinSchema = s.object(stdinFields, { about: 'Standard input.' })
export type StdinConfig = Infer<typeof stdinSchema>
