import type { HeaderList } from '../../../wire/http1/headers.ts'
import type { RequestView } from '../request.ts'
import type { Filter, PathChange } from '../routing/route.ts'

type HeaderFilter = Extract<Filter, { kind: 'request_headers' | 'response_headers' }>
type Redirect = Extract<Filter, { kind: 'redirect' }>

/** Framing and the connection are not the filters' to change. */
const FRAMING = /^(?:connection|content-length|transfer-encoding|keep-alive|upgrade|te)$/i

/** Set replaces, add appends, remove deletes, in this order as the Gateway API says. */
export function editHeaders(headers: HeaderList, { set, add, remove }: HeaderFilter): void {
  for (const { name, value } of set) if (!FRAMING.test(name)) headers.set(name, value)
  for (const { name, value } of add) if (!FRAMING.test(name)) headers.append(name, value)
  for (const name of remove) if (!FRAMING.test(name) && name.toLowerCase() !== 'host') headers.delete(name)
}

/** The path after a change; `prefix` is what the rule's PathPrefix matched. */
export function changePath(path: string, prefix: string, change: PathChange): string {
  if (change.kind === 'full') return change.to.startsWith('/') ? change.to : `/${change.to}`
  const rest = path.slice(prefix.endsWith('/') ? prefix.length - 1 : prefix.length)
  const base = change.to.replace(/\/+$/, '')
  const changed = rest === '' || rest.startsWith('/') ? base + rest : `${base}/${rest}`
  if (changed === '') return '/'
  return changed.startsWith('/') ? changed : `/${changed}`
}

/** The Location of a redirect: a port that its scheme implies is left out, one that the request named is kept with it. */
export function redirectTo(
  filter: Redirect,
  view: RequestView,
  prefix: string,
  scheme: 'http' | 'https',
): string {
  const toScheme = filter.scheme ?? scheme
  const host = filter.host ?? view.host
  const port = filter.port ?? (filter.scheme === undefined ? view.port : undefined)
  const implied = port === undefined || port === (toScheme === 'https' ? 443 : 80)
  const path = filter.path === undefined ? view.path : changePath(view.path, prefix, filter.path)
  const search = view.search === '' ? '' : `?${view.search}`
  return `${toScheme}://${host}${implied ? '' : `:${port}`}${path}${search}`
}
