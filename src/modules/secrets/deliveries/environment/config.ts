import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkReactions, reactionFields } from '../../reactions/config.ts'
import { checkContent, contentFields } from '../../templates/config.ts'
import { deliveryName } from '../name.ts'

export const environmentDeliveryConfig = s.object(
  {
    name: deliveryName,
    variables: s.map(s.object(contentFields, { about: 'The value of the variable.' }), {
      about: 'Variables by name. The application is started once all of them are known.',
      example: { DB_PASSWORD: { secret: 'database/creds/app#password' } },
    }),
    ...reactionFields,
  },
  {
    about:
      'The environment of the supervised application (`app.command`). A running process cannot be given another environment: without `onChange` the new values wait for its next start.',
  },
)

export type EnvironmentDeliveryConfig = Infer<typeof environmentDeliveryConfig>

export function checkEnvironmentDelivery({ variables, onChange }: EnvironmentDeliveryConfig): Problem[] {
  return [
    ...Object.entries(variables).flatMap(([name, content]) => [
      ...checkContent(content).map(problem => ({ ...problem, path: ['variables', name, ...problem.path] })),
      ...(/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
        ? []
        : [
            {
              path: ['variables', name],
              at: 'key' as const,
              message: `"${name}" is no name of an environment variable`,
              hint: 'letters, digits and _, not beginning with a digit',
            },
          ]),
    ]),
    ...checkReactions(onChange),
  ]
}
