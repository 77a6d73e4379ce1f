import { bearerToken } from '../../../authority/bearer-token.ts'
import type { TokenGrants } from '../../../authority/grant.ts'
import type { ServerRequest } from '../../../http/server/request.ts'
import type { ServerResponse } from '../../../http/server/response.ts'
import type { Handler } from '../../../http/server/server.ts'
import type { Log } from '../../../kernel/log/log.ts'
import type { FeedHub } from './hub.ts'
import type { Subject } from './service-table.ts'

export interface FeedServiceOptions {
  readonly hub: FeedHub
  readonly grants: TokenGrants
  readonly log: Log
  /** Whether the table holds the whole cluster already: before that a Service might seem not to be there. */
  readonly ready: () => boolean
  readonly maxSubscribers: number
  /** A subscription was refused for this reason: `unauthorized`, `unknown`, `limit`, `not_ready`, `bad_request`. */
  readonly onRefused: (reason: string) => void
}

const PREFIX = '/feeds/'

/**
 * GET /feeds/services/NAMESPACE/NAME:PORT and GET /feeds/addresses/IP:PORT, with a bearer token of a service account:
 * an answer of lines of JSON that stays open (FeedState of the proxy tells the lines). `Outrigger-Feed-Version` is the
 * version that the sidecar holds. 404: nothing is known of it. 503: not yet, or too many.
 */
export function feedService(options: FeedServiceOptions): Handler {
  return async (request, response) => {
    const refuse = (status: number, reason: string, error: string, headers: Record<string, string> = {}) => {
      options.onRefused(reason)
      response.send(status, { ...headers, 'Content-Type': 'application/json' }, JSON.stringify({ error }))
    }
    if (request.method !== 'GET') return refuse(405, 'bad_request', 'use GET', { Allow: 'GET' })
    const subject = subjectOf(request.path)
    if (subject === undefined)
      return refuse(
        404,
        'bad_request',
        'expected /feeds/services/NAMESPACE/NAME:PORT or /feeds/addresses/IP:PORT',
      )
    const token = bearerToken(request)
    if (token === undefined)
      return refuse(401, 'unauthorized', 'send a token: Authorization: Bearer TOKEN', {
        'WWW-Authenticate': 'Bearer',
      })
    try {
      if ((await options.grants.grantOf(token)) === undefined)
        return refuse(401, 'unauthorized', 'the token is not valid here', { 'WWW-Authenticate': 'Bearer' })
    } catch (error) {
      options.log.error('token_check_failed', 'whether a token is good could not be found out', { error })
      return refuse(503, 'not_ready', 'the token cannot be checked now; try again', { 'Retry-After': '5' })
    }
    if (response.clientGone) return
    if (!options.ready()) return refuse(503, 'not_ready', 'the cluster is being read', { 'Retry-After': '1' })
    if (options.hub.subscribers >= options.maxSubscribers)
      return refuse(503, 'limit', 'too many sidecars listen here', { 'Retry-After': '5' })
    if (!stream(options.hub, subject, request, response)) refuse(404, 'unknown', 'nothing is known of it')
  }
}

/** False: nothing is known of the subject, and nothing was answered. */
function stream(hub: FeedHub, subject: Subject, request: ServerRequest, response: ServerResponse): boolean {
  let body: ReturnType<ServerResponse['start']> | undefined
  const begin = () => {
    body ??= response.start(200, { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' })
    return body
  }
  let ended = false
  const subscription = hub.subscribe(subject, request.headers.get('outrigger-feed-version'), {
    tell: lines => ended || begin().put(Buffer.from(`${lines.join('\n')}\n`)),
    end: () => {
      if (ended) return
      ended = true
      begin().end()
    },
  })
  if (subscription === undefined) return false
  response.observer = {
    drained: () => subscription.drained(),
    gone: () => {
      ended = true
      subscription[Symbol.dispose]()
    },
  }
  begin().flush()
  return true
}

const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/

export function subjectOf(path: string): Subject | undefined {
  if (!path.startsWith(PREFIX)) return undefined
  const [kind, ...rest] = path.slice(PREFIX.length).split('/')
  const last = decoded(rest.at(-1) ?? '')
  const colon = last.lastIndexOf(':')
  const port = /^[1-9]\d{0,4}$/.test(last.slice(colon + 1)) ? Number(last.slice(colon + 1)) : 0
  const place = last.slice(0, Math.max(0, colon))
  if (port < 1 || port > 65_535) return undefined
  if (kind === 'services' && rest.length === 2) {
    const [namespace = ''] = rest
    return NAME.test(namespace) && NAME.test(place)
      ? { kind: 'service', namespace, name: place, port }
      : undefined
  }
  if (kind !== 'addresses' || rest.length !== 1) return undefined
  const address = place.startsWith('[') ? place.slice(1, -1) : place
  return /^[0-9a-f.:]{2,45}$/.test(address) ? { kind: 'address', address, port } : undefined
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
