import type { PreparedRequest } from '../../../http/client/request.ts'
import type { ServerRequest } from '../../../http/server/request.ts'
import { encodeRequestHead } from '../../../wire/http1/encode.ts'
import { isAuthority } from '../../../wire/http1/target.ts'
import type { Observed } from '../observation/observed.ts'
import type { RequestView } from '../request.ts'
import { editHeaders } from '../routing/filters/header-edit.ts'
import { changePath } from '../routing/filters/path-change.ts'
import type { Backend, Match } from '../routing/route.ts'
import { type RequestHop, requestFields } from './request-fields.ts'

/** RFC 9110 section 9.2.2. */
const IDEMPOTENT = /^(?:GET|HEAD|OPTIONS|TRACE|PUT|DELETE)$/
const NO_BUFFERS: readonly Buffer[] = []

export function isIdempotent(method: string): boolean {
  return method === 'GET' || IDEMPOTENT.test(method)
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
  // A client of HTTP/1.0 need not say whom it asks; every later version must (RFC 9112 section 3.2).
  let host = head.authority === '' ? nameOf(backend) : head.authority
  const { actions } = backend
  if (actions !== undefined)
    for (const rewrite of actions.rewrites) {
      host = rewrite.host ?? host
      if (rewrite.path !== undefined) path = changePath(view.path, match.prefix, rewrite.path)
    }
  const hasBody = head.framing.kind !== 'none'
  const chunked = head.framing.kind === 'chunked'
  // What follows a body would be told from it differently by the two ends.
  const upgrade = head.upgrade && !hasBody ? upgradeOf(request) : undefined
  const headers = requestFields(
    {
      headers: head.headers,
      host,
      askedHost: head.authority,
      peerAddress: request.remoteAddress,
      tls: request.tls,
      upgrade,
      chunked,
    },
    hop,
  )
  observed?.outgoing(headers)
  if (actions !== undefined) for (const edit of actions.requestHeaders) editHeaders(headers, edit)
  return {
    method: head.method,
    head: encodeRequestHead(head.method, view.search === '' ? path : `${path}?${view.search}`, headers),
    fields: headers,
    buffers: NO_BUFFERS,
    stream: undefined,
    chunked,
    pushed: hasBody,
    switches: upgrade !== undefined,
    replayable: !hasBody && isIdempotent(head.method),
    close: false,
  }
}

/** A host for a request that names none. */
function nameOf({ cluster }: Backend): string {
  return isAuthority(cluster) ? cluster : 'localhost'
}

/** HTTP/2 by Upgrade is never passed on: its other end would be ours, not the client's (RFC 9113 section 3.1). */
function upgradeOf({ headers }: ServerRequest): string | undefined {
  const asked = headers.combined('upgrade')!
  return /(?:^|,)[ \t]*h2c/i.test(asked) ? undefined : asked
}
