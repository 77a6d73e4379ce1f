import type { Filter } from '../route.ts'
import type { HeaderEdit } from './header-edit.ts'

type Of<K extends Filter['kind']> = Filter & { readonly kind: K }

export type Redirect = Of<'redirect'>
export type Cors = Of<'cors'>
export type Rewrite = Of<'rewrite'>
export type Mirror = Of<'mirror'>

/** What filters do to messages on the way to a backend and back, by kind, each in the order of the filters. */
export interface Actions {
  readonly rewrites: readonly Rewrite[]
  readonly requestHeaders: readonly HeaderEdit[]
  readonly responseHeaders: readonly HeaderEdit[]
  readonly mirrors: readonly Mirror[]
}

/** Undefined when the filters do nothing to messages, which is nearly always. */
export function actionsOf(filters: readonly Filter[]): Actions | undefined {
  const of = <K extends Filter['kind']>(kind: K) =>
    filters.filter((filter): filter is Of<K> => filter.kind === kind)
  const actions = {
    rewrites: of('rewrite'),
    requestHeaders: of('request_headers'),
    responseHeaders: of('response_headers'),
    mirrors: of('mirror'),
  }
  return Object.values(actions).every(list => list.length === 0) ? undefined : actions
}
