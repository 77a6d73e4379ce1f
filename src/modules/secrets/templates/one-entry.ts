import { entryOf } from '../secret/entries.ts'
import type { SecretValue } from '../secret/value.ts'
import { ContentProblem } from './content.ts'

/**
 * The entry of that name; without a name the only one there is. `written`: how the secret is asked for, for messages. Throws
 * a ContentProblem.
 */
export function oneEntry(value: SecretValue, key: string | undefined, written: string): string | Uint8Array {
  const name = key ?? onlyName(value, written)
  const entry = entryOf(value, name)
  if (entry === undefined) throw missingEntry(value, name, written)
  return entry
}

export function missingEntry({ data }: SecretValue, key: string, written: string): ContentProblem {
  return new ContentProblem(
    `secret ${written}: there is no entry "${key}"; it has ${[...data.keys()].join(', ') || 'none at all'}`,
  )
}

function onlyName({ data }: SecretValue, written: string): string {
  const names = [...data.keys()] as string[]
  if (names.length === 1) return names[0]!
  throw new ContentProblem(
    `secret ${written} has ${names.length} entries (${names.join(', ')}): say which one by ${written}#${names[0] ?? 'key'}`,
  )
}
