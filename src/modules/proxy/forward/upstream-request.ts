import type { PreparedRequest } from '../../../http/client/request.ts'
import type { ServerRequest } from '../../../http/server/request.ts'
import { encodeRequestHead } from '../../../wire/http1/encode.ts'
import type { Observed } from '../observation/observed.ts'
import type { RequestView } from '../request.ts'
import type { Backend, Match } from '../routing/route.ts'
import { changePath, editHeaders } from './filters.ts'
import { type RequestHop, requestFields } from './request-fields.ts'

/** RFC 9110 section 9.2.2. */
const IDEMPOTENT = /^(?:GET|HEAD|OPTIONS|TRACE|PUT|DELETE)$/
const NO_BUFFERS: readonly Buffer[] = []

export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.test(method)
}

/** The request as a backend gets it: rewritten, its fields edited by the rule's filters and then by the backend's. */
export function upstreamRequest(
  request: ServerRequest,
  view: RequestView,
  match: Match,
  backend: Backend,
  hop: RequestHop,
  observed: Observed | undefined,
): PreparedRequest {
  const { head } = request
  let { path } = view
  let host = head.authority
  const filters =
    backend.filters.length === 0 ? match.rule.filters : [...match.rule.filters, ...backend.filters]
  for (const filter of filters) {
    if (filter.kind !== 'rewrite') continue
    host = filter.host ?? host
    if (filter.path !== undefined) path = changePath(path, match.prefix, filter.path)
  }
  const hasBody = head.framing.kind !== 'none'
  const chunked = head.framing.kind === 'chunked'
  // What follows a body would be told from it differently by the two ends.
  const upgrade = head.upgrade && !hasBody ? upgradeOf(request) : undefined
  const headers = requestFields(
    { headers: head.headers, host, peerAddress: request.remoteAddress, upgrade, chunked },
    hop,
  )
  observed?.outgoing(headers)
  for (const filter of filters) if (filter.kind === 'request_headers') editHeaders(headers, filter)
  return {
    method: head.method,
    head: encodeRequestHead(head.method, view.search === '' ? path : `${path}?${view.search}`, headers),
    buffers: NO_BUFFERS,
    stream: undefined,
    chunked,
    pushed: hasBody,
    switches: upgrade !== undefined,
    replayable: !hasBody && isIdempotent(head.method),
    close: false,
  }
}

/** HTTP/2 by Upgrade is never passed on: its other end would be ours, not the client's (RFC 9113 section 3.1). */
function upgradeOf({ headers }: ServerRequest): string | undefined {
  const asked = headers.combined('upgrade')!
  return /(?:^|,)[ \t]*h2c/i.test(asked) ? undefined : asked
}
