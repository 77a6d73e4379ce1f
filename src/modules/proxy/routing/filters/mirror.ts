import type { Filter } from '../route.ts'

/** Whether this request is copied, for a random number in [0, 1). */
export function isMirrored({ numerator, denominator }: Filter & { kind: 'mirror' }, random: number): boolean {
  return random * denominator < numerator
}
