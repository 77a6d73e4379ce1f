import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkPatterns, PATTERN_NOTATION } from '../../text-patterns.ts'

const list = (where: string) =>
  s.list(s.string({ about: `A pattern of names; ${PATTERN_NOTATION}.` }), {
    about: `Fields at the top of the record that stand ${where}, in this order.`,
    default: [],
    example: ['time', 'level'],
  })

export const orderConfig = s.object(
  { first: list('first'), last: list('last') },
  { about: 'Changes the order of fields, for eyes and for outputs that write columns.' },
)

export type OrderConfig = Infer<typeof orderConfig>

export function checkOrder({ first, last }: OrderConfig, path: Problem['path']): Problem[] {
  return [...checkPatterns(first, [...path, 'first']), ...checkPatterns(last, [...path, 'last'])]
}
