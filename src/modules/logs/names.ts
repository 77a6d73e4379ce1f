import { sha256 } from '../../wire/sha256/sha256.ts'

/**
 * Under which each output keeps its place in the spool: made of where it goes, so that neither the order of the outputs
 * nor a change of anything else matters. Where several go to the same place, all but the first are told apart by
 * which records they get.
 */
export function readerNames(
  outputs: readonly { readonly kind: string; readonly identity: string; readonly routing: string }[],
): string[] {
  const taken = new Set<string>()
  return outputs.map(({ kind, identity, routing }) => {
    const full = taken.has(identity) ? `${identity} ${routing}` : identity
    taken.add(identity)
    return `${kind}-${sha256(full).slice(0, 12)}`
  })
}
