import type { HeaderList } from '../../../../wire/http1/headers.ts'
import type { Filter } from '../route.ts'

type HeaderFilter = Filter & { readonly kind: 'request_headers' | 'response_headers' }

/** Sets, adds and removes fields in place. */
export function editHeaders(headers: HeaderList, { set, add, remove }: HeaderFilter): void {
  for (const { name, value } of set) headers.set(name, value)
  for (const { name, value } of add) headers.append(name, value)
  for (const name of remove) headers.delete(name)
}

/** All header edits of one direction, in their order. */
export function applyHeaderFilters(
  headers: HeaderList,
  filters: readonly Filter[],
  kind: HeaderFilter['kind'],
): void {
  for (const filter of filters) if (filter.kind === kind) editHeaders(headers, filter as HeaderFilter)
}
