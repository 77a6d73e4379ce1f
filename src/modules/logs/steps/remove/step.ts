import { keyPathOf } from '../../../../wire/json/path.ts'
import { fieldPath } from '../../condition/field.ts'
import type { Step } from '../step.ts'

/** Removes fields; those that a record does not have are no matter. */
export function removeStep(fields: readonly string[]): Step {
  const paths = fields.map(field => keyPathOf(fieldPath(field)))
  return record => {
    for (const path of paths) record.remove(path)
    return true
  }
}
