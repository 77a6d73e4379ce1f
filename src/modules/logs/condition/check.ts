import type { Problem } from '../../../kernel/config/problem.ts'
import { parseCondition } from './parse.ts'

/** What is wrong with the text of a condition in the configuration. */
export function checkCondition(condition: string, path: Problem['path']): Problem[] {
  const parsed = parseCondition(condition)
  if (!('problem' in parsed)) return []
  const hint = `it is understood up to here: ${condition.slice(0, parsed.column - 1)}`
  return [{ path, message: `the condition does not parse, ${parsed.problem}`, hint }]
}
