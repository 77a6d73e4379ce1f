import type { HeaderList } from '../../../../wire/http1/headers.ts'
import type { Filter } from '../route.ts'

export type HeaderEdit = Filter & { readonly kind: 'request_headers' | 'response_headers' }

/** Sets, adds and removes fields in place, in this order. What belongs to the framing was left out when the edit was made. */
export function editHeaders(headers: HeaderList, { set, add, remove }: HeaderEdit): void {
  for (const { name, value } of set) headers.set(name, value)
  for (const { name, value } of add) headers.append(name, value)
  for (const name of remove) headers.delete(name)
}
