import { type Infer, s } from '../../../../kernel/config/schema.ts'

/** The options of `stdin`, beside those of the format. */
export const stdinFields = {
  maxLine: s.size({
    about: 'A longer line becomes several records, each marked as a piece.',
    default: '1MiB',
    min: '1KiB',
    max: '16MiB',
  }),
} as const

const stdinSchema = s.object(stdinFields, { about: 'Standard input.' })
export type StdinConfig = Infer<typeof stdinSchema>
