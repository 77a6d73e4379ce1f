import { keyOf, keyPathOf } from '../../../../wire/json/path.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { fieldPath } from '../../condition/field.ts'
import { rawOf } from '../raw.ts'
import type { Step } from '../step.ts'
import type { MoveConfig, RenameConfig } from './config.ts'

/** Renames fields where they stand. */
export function renameStep({ fields, overwrite }: RenameConfig): Step {
  const renames = Object.entries(fields).map(([field, name]) => {
    const path = keyPathOf(fieldPath(field))
    return { path, name: keyOf(name), renamed: [...path.slice(0, -1), keyOf(name)] }
  })
  const value = new ValueSpan()
  return record => {
    for (const { path, name, renamed } of renames) {
      if (!overwrite && record.locate(renamed, value)) continue
      record.rename(path, name)
    }
    return true
  }
}

/** Moves or copies fields. A field stays where it is when something else than an object is in its way. */
export function moveStep({ fields, overwrite }: MoveConfig, keepsOriginal: boolean): Step {
  const moves = Object.entries(fields).map(([from, to]) => ({
    from: keyPathOf(fieldPath(from)),
    to: keyPathOf(fieldPath(to)),
    isSame: JSON.stringify(fieldPath(from)) === JSON.stringify(fieldPath(to)),
  }))
  const value = new ValueSpan()
  return record => {
    for (const { from, to, isSame } of moves) {
      if (isSame || !record.locate(from, value)) continue
      const raw = rawOf(value)
      if (!overwrite && record.locate(to, value)) continue
      if (keepsOriginal) {
        record.set(to, raw)
        continue
      }
      // Removed first: a field can be moved into an object of its own name.
      record.remove(from)
      if (!record.set(to, raw)) record.set(from, raw)
    }
    return true
  }
}
