import { Secret } from '../../kernel/config/secret.ts'

/** Whether two decoded configurations say the same, their secrets too. */
export function sameConfig(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true
  if (left instanceof Secret || right instanceof Secret)
    return left instanceof Secret && right instanceof Secret && left.reveal() === right.reveal()
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  const keys = Object.keys(left)
  return (
    Array.isArray(left) === Array.isArray(right) &&
    keys.length === Object.keys(right).length &&
    keys.every(
      key =>
        Object.hasOwn(right, key) &&
        sameConfig((left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key]),
    )
  )
}
