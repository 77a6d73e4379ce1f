import { Secret } from '../../../kernel/config/schema.ts'

/** Whether two decoded values say the same, secrets included: those look alike to other comparisons. */
export function sameConfig(one: unknown, other: unknown): boolean {
  return one === other || plain(one) === plain(other)
}

/** `JSON.stringify` asks `toJSON` before the replacer, so the secret is taken from its holder. */
function plain(value: unknown): string | undefined {
  return JSON.stringify(value, function (this: Record<string, unknown>, key, text: unknown) {
    const held = this[key]
    return held instanceof Secret ? held.reveal() : text
  })
}
