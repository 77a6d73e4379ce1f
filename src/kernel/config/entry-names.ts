import type { Problem } from './problem.ts'
import { s } from './schema.ts'

/** The option by which an entry of a list of inputs or outputs is called otherwise than by its kind. */
export const entryName = s.string({
  about:
    'Its name in metrics, messages and health. Default: its kind, with a number where there are several.',
  optional: true,
  pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
  expected: 'letters, digits and . _ -',
})

export interface NamedEntry {
  readonly kind: string
  readonly config: { readonly name?: string }
}

/** Names of the entries of a list in metrics and messages: as they were given, else the kind, with a number where a kind occurs again. */
export function entryNames(entries: readonly NamedEntry[]): string[] {
  const kinds = entries.map(({ kind }) => kind)
  return entries.map(({ kind, config }, index) => {
    if (config.name !== undefined) return config.name
    if (kinds.indexOf(kind) === kinds.lastIndexOf(kind)) return kind
    return `${kind}-${kinds.slice(0, index + 1).filter(other => other === kind).length}`
  })
}

/** A name stands for one entry. `list`: the option that holds them. */
export function checkEntryNames(entries: readonly NamedEntry[], list: string): Problem[] {
  const names = entryNames(entries)
  return entries.flatMap(({ kind, config }, index) => {
    const first = names.indexOf(names[index])
    if (config.name === undefined || first === index) return []
    return [
      {
        path: [list, index, kind, 'name'],
        message: `is the name of ${list}[${first}] already`,
        hint: 'give each its own name',
      },
    ]
  })
}
