import type { Value } from '../../../wire/gotemplate/value.ts'
import { JsonNumber } from '../../../wire/json/lossless.ts'

/** Whether two values of secrets are the same, whatever the order of their keys. */
export function sameData(left: Value, right: Value): boolean {
  if (left === right) return true
  if (left instanceof JsonNumber) return right instanceof JsonNumber && left.text === right.text
  if (left instanceof Uint8Array) return right instanceof Uint8Array && Buffer.compare(left, right) === 0
  if (Array.isArray(left))
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, index) => sameData(item, right[index]))
    )
  if (left instanceof Map)
    return (
      right instanceof Map &&
      left.size === right.size &&
      [...left].every(([key, value]) => right.has(key) && sameData(value, right.get(key)))
    )
  return false
}
