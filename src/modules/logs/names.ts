import { sha256 } from '../../wire/sha256/sha256.ts'

/** Names of the entries of a list in metrics and messages: as they were given, else the kind, with a number where a kind occurs again. */
export function entryNames(
  entries: readonly { readonly kind: string; readonly config: { readonly name?: string } }[],
): string[] {
  const kinds = entries.map(({ kind }) => kind)
  return entries.map(({ kind, config }, index) => {
    if (config.name !== undefined) return config.name
    if (kinds.indexOf(kind) === kinds.lastIndexOf(kind)) return kind
    return `${kind}-${kinds.slice(0, index + 1).filter(other => other === kind).length}`
  })
}

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
