import { entryName } from '../../../kernel/config/entry-names.ts'
import { s } from '../../../kernel/config/schema.ts'
import { multilineField } from '../multiline/config.ts'
import { stepsSchema } from '../steps/config.ts'

/** The options of every input beside its own. */
export const commonFields = {
  name: entryName,
  tag: s.string({
    about:
      'What its records are routed by: steps and outputs may be for some tags only. `*` becomes the path that a record comes from, with dots between its parts. Default: the name of the input.',
    optional: true,
    example: 'kube.*',
  }),
  multiline: multilineField,
  steps: stepsSchema,
} as const
