import type { Problem } from '../../../kernel/config/problem.ts'
import { nearest } from '../../../kernel/config/suggest.ts'

const MAX_NAMED = 8

/** What is told of a name that none of the `known` upstreams has; `alias` is what it may have been meant to be called. */
export function unknownUpstream(
  name: string,
  known: readonly string[],
  {
    alias,
    as = '',
    more = '',
  }: { readonly alias?: string; readonly as?: string; readonly more?: string } = {},
): Pick<Problem, 'message'> & { readonly hint: string } {
  const near = nearest(name, known) ?? (alias === undefined ? undefined : nearest(alias, known))
  const others = known.length > 0 && known.length <= MAX_NAMED ? `, or name one of ${known.join(', ')}` : ''
  return {
    message: `there is no upstream "${name}"${near === undefined ? '' : `; did you mean "${near}"?`}`,
    hint: `add it under proxy.upstreams${as}${others}${more}`,
  }
}
