import { keyPathOf } from '../../../../wire/json/path.ts'
import type { Scalar } from '../../condition/ast.ts'
import { fieldPath } from '../../condition/field.ts'
import type { Step } from '../step.ts'

/** Adds fields with fixed values. A field stays out where its path leads through something else than an object. */
export function addStep(config: { fields: Readonly<Record<string, Scalar>>; overwrite: boolean }): Step {
  const additions = Object.entries(config.fields).map(([field, value]) => ({
    path: keyPathOf(fieldPath(field)),
    raw: Buffer.from(JSON.stringify(value)),
  }))
  const { overwrite } = config
  return record => {
    for (const { path, raw } of additions) {
      if (overwrite) record.set(path, raw)
      else record.add(path, raw)
    }
    return true
  }
}
