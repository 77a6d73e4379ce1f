import { keyPathOf } from '../../../../wire/json/path.ts'
import { fieldPath } from '../../condition/field.ts'
import { compilePatterns } from '../../text-patterns.ts'
import type { Step } from '../step.ts'
import { isPattern } from './config.ts'

/** Removes fields; those that a record does not have are no matter. */
export function removeStep(fields: readonly string[]): Step {
  const paths = fields.filter(field => !isPattern(field)).map(field => keyPathOf(fieldPath(field)))
  const patterns = fields.filter(isPattern)
  const isMeant = patterns.length === 0 ? undefined : compilePatterns(patterns)
  return record => {
    for (const path of paths) record.remove(path)
    if (isMeant === undefined) return true
    for (let member = 0; member < record.count; member++) {
      const name = record.nameAt(member)
      if (name !== undefined && isMeant(name)) record.removeAt(member)
    }
    return true
  }
}
