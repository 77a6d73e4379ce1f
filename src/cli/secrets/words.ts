import type { Call } from '../call.ts'

/** What an action of `outrigger secrets` is: what is wrong with a call, and how it is carried out. */
export interface Accepts {
  /** How many positionals there are at least and at most, and what they are called. */
  readonly positionals: readonly [least: number, most: number, names: string]
  readonly options?: readonly string[]
}

/** Options that name the store, which every action takes. */
const OF_THE_STORE = ['config', 'source', 'store', 'key-file']

/** Undefined when all is well. */
export function mistakeIn({ positionals, values }: Call, accepts: Accepts): string | undefined {
  const [least, most, names] = accepts.positionals
  if (positionals.length < least) return `expected ${names}`
  if (positionals.length > most) return `expected ${names || 'no more'}, got "${positionals[most]}" behind it`
  const options = [...OF_THE_STORE, ...(accepts.options ?? [])]
  const foreign = Object.keys(values).find(name => values[name] !== undefined && !options.includes(name))
  if (foreign !== undefined) return `takes no --${foreign}`
  const noNumber = ['version', 'cas', 'length'].find(
    name => values[name] !== undefined && !/^\d{1,9}$/.test(String(values[name])),
  )
  return noNumber && `--${noNumber}: expected a whole number, got "${String(values[noNumber])}"`
}

export function numberOption({ values }: Call, name: string): number | undefined {
  return values[name] === undefined ? undefined : Number(values[name])
}
