import { checkEntryNames } from '../../kernel/config/entry-names.ts'
import type { Problem } from '../../kernel/config/problem.ts'
import { type Infer, s } from '../../kernel/config/schema.ts'
import { checkOutput, outputSchema } from './outputs/kinds.ts'

export const metricsConfig = s.object(
  {
    outputs: s.list(outputSchema, {
      about:
        'Where the sidecar’s metrics go, besides `/metrics` of the admin API, where they can always be read.',
      minItems: 1,
    }),
  },
  { about: 'Serves the sidecar’s own metrics, and those that it makes of records, and sends them.' },
)

export type MetricsConfig = Infer<typeof metricsConfig>

/** What the schema cannot say. */
export function checkMetrics({ outputs }: MetricsConfig): Problem[] {
  return [
    ...outputs.flatMap((output, index) =>
      checkOutput(output).map(problem => ({
        ...problem,
        path: ['outputs', index, output.kind, ...problem.path],
      })),
    ),
    ...checkEntryNames(outputs, 'outputs'),
  ]
}
