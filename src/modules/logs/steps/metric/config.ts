import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { userNameProblem } from '../../../../kernel/metrics/names.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'

export const metricConfig = s.object(
  {
    kind: s.choice(['counter', 'gauge', 'histogram'], {
      about:
        'counter: counts records, or adds up a field. gauge: the last value of a field. histogram: how the values of a field are spread.',
      default: 'counter',
    }),
    name: s.string({
      about: 'Its name in /metrics, as it is; that of a counter should end in _total.',
      example: 'checkout_errors_total',
    }),
    help: s.string({ about: 'What it means, for people.', default: 'Made of log records.' }),
    value: s.string({
      about: `The field with the number; ${FIELD_NOTATION}. Without it a counter counts records.`,
      optional: true,
      example: 'duration_ms',
    }),
    labels: s.map(s.string({ about: `The field that the label takes its value from; ${FIELD_NOTATION}.` }), {
      about: 'Labels and the fields that they are taken from. A missing field gives an empty label.',
      default: {},
      example: { service: 'service', status: 'http.status' },
    }),
    buckets: s.list(s.number({ about: 'An upper bound.' }), {
      about: 'For a histogram: the upper bounds of its buckets, ascending.',
      default: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      minItems: 1,
    }),
    maxSeries: s.integer({
      about:
        'How many combinations of label values are told apart. All others share one series, whose labels say `__overflow__`.',
      default: 500,
      min: 1,
      max: 10_000,
    }),
    dropRecord: s.boolean({ about: 'Whether the record ends here.', default: false }),
  },
  {
    about:
      'Makes a metric of records, which the sidecar shows beside its own. Which records: put it into `only`.',
  },
)

export type MetricConfig = Infer<typeof metricConfig>

export function checkMetric(
  { kind, name, value, labels, buckets }: MetricConfig,
  path: Problem['path'],
): Problem[] {
  const problems = Object.entries(labels).flatMap(([label, field]) =>
    checkField(field, [...path, 'labels', label]),
  )
  if (value !== undefined) problems.push(...checkField(value, [...path, 'value']))
  else if (kind !== 'counter') {
    const message = `a ${kind} needs the field with its values`
    problems.push({ path: [...path, 'value'], message, hint: 'value: duration_seconds' })
  }
  const message = userNameProblem(kind, name, Object.keys(labels))
  if (message !== undefined)
    problems.push({ path: [...path, 'name'], message, hint: 'name: checkout_errors_total' })
  if (buckets.some((bound, index) => index > 0 && bound <= buckets[index - 1]))
    problems.push({ path: [...path, 'buckets'], message: 'the bounds must ascend', hint: '[0.1, 1, 10]' })
  return problems
}
