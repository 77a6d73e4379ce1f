import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'

export const hedgingConfig = s.object(
  {
    delay: s.duration({
      about: 'So long after the first try the second one goes out. Instead of `percentile`.',
      optional: true,
      min: '1ms',
      max: '1m',
      example: '50ms',
    }),
    percentile: s.number({
      about:
        'The second try goes out when the first has taken longer than so many percent of the requests of late. Instead of `delay`; 95 means that one request in twenty is sent twice.',
      optional: true,
      min: 50,
      max: 99.9,
      example: 95,
    }),
    minDelay: s.duration({
      about: 'With `percentile`: the second try never goes out sooner than this.',
      default: '5ms',
      min: '1ms',
    }),
  },
  {
    about:
      'A second try on another endpoint when the first one is slow; the first good answer counts, the other try is broken off. Only for requests without a body whose repetition does no harm (GET, HEAD, OPTIONS …), and within `retryBudget`. Off unless given.',
    optional: true,
  },
)

export type HedgingConfig = NonNullable<Infer<typeof hedgingConfig>>

/** Rules between the options; the path begins at `hedging`. */
export function checkHedging({ delayMs, percentile }: HedgingConfig): Problem[] {
  if ((delayMs === undefined) !== (percentile === undefined)) return []
  const got = delayMs === undefined ? 'none' : 'both'
  return [
    {
      path: [],
      message: `expected \`delay\` or \`percentile\`, got ${got}`,
      hint: delayMs === undefined ? 'write percentile: 95' : 'remove one of them',
    },
  ]
}
