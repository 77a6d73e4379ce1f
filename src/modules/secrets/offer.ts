import { errorText } from '../../kernel/log/format.ts'
import type { FollowedSecret, SecretOffer } from '../../kernel/secret-offer.ts'
import { parseReference } from './reference.ts'
import { oneEntry } from './templates/one-entry.ts'
import type { SecretTable } from './templates/rendition.ts'

/** Secrets for the leaves of a configuration: `[source:]path#key`, and `path` alone where a secret has one entry. */
export function createOffer(table: SecretTable, sources: () => readonly string[]): SecretOffer {
  return {
    follow: (reference, changed) => {
      try {
        return follow(table, reference, sources(), changed)
      } catch (error) {
        return failed(errorText(error))
      }
    },
  }
}

function follow(
  table: SecretTable,
  written: string,
  sources: readonly string[],
  changed: () => void,
): FollowedSecret {
  const reference = parseReference(written, sources)
  if (reference === undefined) return failed(`"${written}" is no reference to a secret: write path#key`)
  const wanted = table.want(reference.source, reference.request, changed)
  const read = (): { value?: string; problem?: string } => {
    const { value, problem } = wanted.secret
    if (value === undefined)
      return problem === undefined ? {} : { problem: `${wanted.secret.name}: ${problem.message}` }
    try {
      const entry = oneEntry(value, reference.key, written)
      return { value: typeof entry === 'string' ? entry : Buffer.from(entry).toString() }
    } catch (error) {
      return { problem: errorText(error) }
    }
  }
  return {
    get value() {
      return read().value
    },
    get problem() {
      return read().problem
    },
    [Symbol.dispose]: () => wanted[Symbol.dispose](),
  }
}

function failed(problem: string): FollowedSecret {
  return { value: undefined, problem, [Symbol.dispose]: () => {} }
}
