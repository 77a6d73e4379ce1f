import { sha256 } from '../../wire/sha256/sha256.ts'

/** Names of the entries of a list in metrics and messages: the kind, with a number where a kind occurs again. */
export function entryNames(kinds: readonly string[]): string[] {
  return kinds.map((kind, index) => {
    if (kinds.indexOf(kind) === kinds.lastIndexOf(kind)) return kind
    return `${kind}-${kinds.slice(0, index + 1).filter(other => other === kind).length}`
  })
}

/** Under which each output keeps its place in the spool: made of where it goes, so that the order of the outputs does not matter. */
export function readerNames(
  outputs: readonly { readonly kind: string; readonly identity: string }[],
): string[] {
  return outputs.map(({ kind, identity }) => `${kind}-${sha256(identity).slice(0, 12)}`)
}
