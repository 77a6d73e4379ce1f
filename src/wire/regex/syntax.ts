import type { CodeSet } from './code-set.ts'

/** Places between characters. Those of lines are what `^` and `$` mean under the flag m. */
export type Place = 'start' | 'end' | 'lineStart' | 'lineEnd' | 'wordBorder' | 'noWordBorder'

/** A regular expression of JavaScript without the flags u and v, its flags i, m and s worked in. */
export type Regex =
  | { readonly kind: 'empty' }
  /** One code unit out of a set. */
  | { readonly kind: 'set'; readonly set: CodeSet }
  | { readonly kind: 'sequence'; readonly items: readonly Regex[] }
  | { readonly kind: 'choice'; readonly items: readonly Regex[] }
  | {
      readonly kind: 'repeat'
      readonly item: Regex
      readonly min: number
      /** Infinity when there is no bound. */
      readonly max: number
      readonly lazy: boolean
    }
  | { readonly kind: 'capture'; readonly name: string | undefined; readonly item: Regex }
  | { readonly kind: 'place'; readonly place: Place }
  | { readonly kind: 'look'; readonly behind: boolean; readonly negative: boolean; readonly item: Regex }
  | { readonly kind: 'reference' }

export const EMPTY: Regex = { kind: 'empty' }
