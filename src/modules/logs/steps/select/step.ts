import { compilePatterns } from '../../text-patterns.ts'
import type { Step } from '../step.ts'

/** Removes the fields of the top that no pattern names. */
export function selectStep(patterns: readonly string[]): Step {
  const isMeant = compilePatterns(patterns)
  return record => {
    for (let member = 0; member < record.count; member++) {
      const name = record.nameAt(member)
      if (name !== undefined && !isMeant(name)) record.removeAt(member)
    }
    return true
  }
}
