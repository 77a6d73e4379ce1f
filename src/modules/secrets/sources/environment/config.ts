import { entryName } from '../../../../kernel/config/entry-names.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'

export const environmentSourceConfig = s.object(
  {
    name: entryName,
    prefix: s.string({
      about:
        'What the names of the variables begin with. The path `db/main` has as entries the variables that begin with it and `DB_MAIN_`, the rest of their names in lower case (`password` of APP_DB_MAIN_PASSWORD); the name of one variable has its entry `value`; `all` is all variables with the prefix, by the rest of their names.',
      pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
      expected: 'the beginning of a variable’s name',
      example: 'APP_',
    }),
  },
  {
    about:
      'Variables of the environment that Outrigger was started with. They stay as they are until it ends, and a supervised application has them too.',
  },
)

export type EnvironmentSourceConfig = Infer<typeof environmentSourceConfig>

/** There are no rules between these options. */
export function checkEnvironmentSource(_config: EnvironmentSourceConfig): Problem[] {
  return []
}
