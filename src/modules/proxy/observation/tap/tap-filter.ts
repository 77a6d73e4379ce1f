import type { Conclusion, Observed } from '../observed.ts'

/** Which requests a tap shows; what is not given is of no matter. */
export interface TapFilter {
  /** What the path begins with. */
  readonly path?: string
  readonly method?: string
  /** `503`, or a class such as `5xx`. */
  readonly status?: string
  /** The rule's name, or its beginning up to a slash: `HTTPRoute/shop/cart`. */
  readonly route?: string
  readonly listener?: string
  readonly upstream?: string
}

export const TAP_FILTERS = ['path', 'method', 'status', 'route', 'listener', 'upstream'] as const

/** The filter that a query asks for, or what is wrong with it. */
export function readTapFilter(query: URLSearchParams): TapFilter | { readonly problem: string } {
  const filter: Record<string, string> = {}
  for (const [name, value] of query) {
    if (!(TAP_FILTERS as readonly string[]).includes(name))
      return { problem: `there is no filter ${name}; there are ${TAP_FILTERS.join(', ')}` }
    if (Object.hasOwn(filter, name)) return { problem: `${name} is given twice` }
    filter[name] = value
  }
  const { status } = filter
  if (status !== undefined && !/^[1-5](?:\d\d|xx)$/i.test(status))
    return { problem: `status: expected a status such as 503 or a class such as 5xx, got "${status}"` }
  return filter
}

export function passes(filter: TapFilter, observed: Observed, how: Conclusion): boolean {
  const { path, method, status, route, listener, upstream } = filter
  if (
    path !== undefined &&
    !(how.view?.path ?? observed.request?.path ?? observed.other?.path ?? '').startsWith(path)
  )
    return false
  if (method !== undefined && observed.method !== method.toUpperCase()) return false
  if (status !== undefined && !isStatus(how.status, status)) return false
  if (listener !== undefined && observed.listener !== listener) return false
  if (upstream !== undefined && how.backend?.cluster !== upstream) return false
  if (route === undefined) return true
  const name = how.match?.rule.name ?? ''
  return name === route || name.startsWith(`${route}/`)
}

function isStatus(status: number, wanted: string): boolean {
  if (/^\d+$/.test(wanted)) return status === Number(wanted)
  return Math.floor(status / 100) === Number(wanted[0])
}
