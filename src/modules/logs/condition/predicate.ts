import { compileCondition, type Predicate } from './compile.ts'
import { parseCondition } from './parse.ts'

/** The predicate of a text that has passed `checkCondition`. */
export function predicateOf(text: string): Predicate {
  const parsed = parseCondition(text)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return compileCondition(parsed.condition)
}
