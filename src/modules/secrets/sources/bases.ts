import { entryNames } from '../../../kernel/config/entry-names.ts'
import type { Problem } from '../../../kernel/config/problem.ts'
import type { SourceConfig } from './kinds.ts'

/** A source that another one is made of. */
export interface Base {
  /** The option that says so, as in `SourceHost.bases`. */
  readonly option: string
  /** Undefined when there is none that it could be. */
  readonly name: string | undefined
}

/** The sources that this one is made of. */
export function basesOf(source: SourceConfig, sources: readonly SourceConfig[]): readonly Base[] {
  if (source.kind !== 'transit' && source.kind !== 'sops') return []
  const { source: server = firstVault(sources) } = source.config
  // Most files of SOPS need no server.
  if (source.kind === 'sops') return server === undefined ? [] : [{ option: 'source', name: server }]
  const { from } = source.config
  return [{ option: 'source', name: server }, ...(from === undefined ? [] : [{ option: 'from', name: from }])]
}

function firstVault(sources: readonly SourceConfig[]): string | undefined {
  return entryNames(sources)[sources.findIndex(({ kind }) => kind === 'vault')]
}

/** What a source is made of is there, can be that, and is not made of another source in turn. */
export function checkBases(sources: readonly SourceConfig[]): Problem[] {
  const names = entryNames(sources)
  return sources.flatMap((source, index) =>
    basesOf(source, sources).flatMap(({ option, name }) => {
      const found = sources[name === undefined ? -1 : names.indexOf(name)]
      const path = ['sources', index, source.kind, option]
      if (option === 'from') {
        if (found === undefined)
          return [{ path, message: `there is no source "${name}"`, hint: `there are ${names.join(', ')}` }]
        if (found.kind !== 'transit') return []
        return [
          { path, message: `"${name}" is a source of transit itself`, hint: 'name what holds the values' },
        ]
      }
      if (found?.kind === 'vault') return []
      const what =
        name === undefined
          ? 'there is no source of the kind vault'
          : `"${name}" is no source of the kind vault`
      return [{ path, message: what, hint: 'its server is what decrypts' }]
    }),
  )
}
