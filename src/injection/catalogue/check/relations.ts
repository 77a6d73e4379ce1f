import type { Problem } from '../../../kernel/config/problem.ts'
import { nearest } from '../../../kernel/config/suggest.ts'
import type { Entry } from '../entry.ts'
import { fault } from './fault.ts'

/** What an entry says of others that is not so; `names` are those of all entries and their aliases. */
export function relationProblems(entry: Entry, all: readonly Entry[], names: readonly string[]): Problem[] {
  const others = names.filter(name => name !== entry.name && !Object.hasOwn(entry.aliases, name))
  const missing = entry.requires.flatMap((name, i): Problem[] => {
    if (names.includes(name)) return []
    const near = nearest(name, others)
    return [fault(['requires', i], `there is no entry "${name}"`, near && `did you mean "${near}"?`)]
  })
  const own = (['requires', 'conflicts'] as const).flatMap(key =>
    entry[key].flatMap((name, i): Problem[] => {
      const isOwn = name === entry.name || Object.hasOwn(entry.aliases, name)
      return isOwn ? [fault([key, i], 'an entry says nothing of itself there')] : []
    }),
  )
  // What is replaced may be the container of a foreign injector, and what conflicts may be of another catalogue.
  const misspelt = (['replaces', 'conflicts'] as const).flatMap(key =>
    entry[key].flatMap((name, i): Problem[] => {
      const near = names.includes(name) ? undefined : nearest(name, others)
      return near === undefined
        ? []
        : [fault([key, i], `there is no entry "${name}"; did you mean "${near}"?`)]
    }),
  )
  const both = entry.requires.flatMap((name, i) =>
    entry.conflicts.includes(name) ? [fault(['requires', i], `"${name}" is required and conflicts`)] : [],
  )
  const aliases = Object.keys(entry.aliases).flatMap((alias): Problem[] => {
    const owner = all.find(
      other => other.name !== entry.name && (other.name === alias || Object.hasOwn(other.aliases, alias)),
    )
    return owner === undefined ? [] : [fault(['aliases', alias], `"${alias}" is ${owner.name} already`)]
  })
  return [...missing, ...own, ...misspelt, ...both, ...aliases]
}
