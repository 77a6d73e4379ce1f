import type { ForwardProxy } from '../../http/client/tunnel.ts'
import type { Host } from '../../kernel/module.ts'
import { type LosslessJson, parseLossless, writeLossless } from '../../wire/json/lossless.ts'
import { HttpPeer, type PeerAnswer, type PeerRequest } from '../http/peer.ts'
import { parseRetryAfter } from '../http/retry-after.ts'
import type { TlsConfig } from '../http/tls-files.ts'
import { failureOf, VaultError } from './error.ts'
import { TokenBucket } from './token-bucket.ts'

export interface VaultClientOptions {
  /** `https://vault:8200`, with a path before `/v1` if it has one. */
  readonly address: string
  readonly namespace: string | undefined
  readonly tls: TlsConfig | undefined
  readonly proxy?: ForwardProxy | undefined
  readonly timeoutMs: number
  readonly maxConnections: number
  readonly limit: { readonly requestsPerSecond: number; readonly burst: number }
  /** Where the options stand, for messages. */
  readonly key: string
}

export type VaultMethod = 'GET' | 'PUT' | 'POST' | 'LIST' | 'DELETE' | 'PATCH'

export interface VaultRequest {
  readonly method: VaultMethod
  /** Without `/v1/`; may have a query. Characters that a URL does not have are encoded. */
  readonly path: string
  readonly token?: string
  readonly body?: LosslessJson
  /** Below the client's own. */
  readonly namespace?: string
  /** The answer is to be wrapped for so long, such as `60s`. */
  readonly wrapTtl?: string
}

/** What a client of Vault has sent, to be sent on. */
export interface ForwardedRequest {
  readonly method: string
  /** Begins with `/v1/`; with its query, encoded as it came. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** An answer of 200 to 299: its members, none for 204. */
export type VaultAnswer = ReadonlyMap<string, LosslessJson>

const MAX_ANSWER_BYTES = 32 * 1024 * 1024
const MAX_WORDS = 500
const MAX_REDIRECTS = 2
const NOTHING: VaultAnswer = new Map()

/** One Vault or OpenBao server: its HTTP API, no more requests in a second than it is to bear, and its errors in words. */
export class VaultClient {
  readonly options: VaultClientOptions
  readonly #host: Pick<Host, 'clock' | 'scope'>
  readonly #peers = new Map<string, HttpPeer>()
  readonly #bucket: TokenBucket
  /** By how much the server's clock is ahead of ours, from its last answer. */
  #aheadMs = 0

  constructor(options: VaultClientOptions, host: Pick<Host, 'clock' | 'scope'>) {
    this.options = options
    this.#host = host
    const { requestsPerSecond, burst } = options.limit
    this.#bucket = new TokenBucket(host.clock, { perSecond: requestsPerSecond, burst })
  }

  /** Clocks that differ by a minute and more are behind many refusals: of certificates, of tokens. Empty when they agree. */
  get skewWords(): string {
    const seconds = Math.round(this.#aheadMs / 1000)
    if (Math.abs(seconds) < 60) return ''
    return ` (its clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} ours)`
  }

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.#bucket.waiting
  }

  /** Rejects with a VaultError, or with the signal's reason. */
  async request(request: VaultRequest, signal: AbortSignal): Promise<VaultAnswer> {
    await this.#bucket.take(signal)
    const base = new URL(this.options.address)
    let path = `${base.pathname.replace(/\/+$/, '')}/v1/${encodePath(request.path)}`
    let origin = base.origin
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#send(origin, path, request, signal)
      const { status } = answer
      const location = status === 307 || status === 308 ? answer.header('location') : undefined
      if (location === undefined) return this.#read(answer, request)
      if (redirects === MAX_REDIRECTS)
        throw new VaultError('unavailable', `${this.options.address} sends us on and on`, { status })
      const next = this.#redirected(location, origin)
      origin = next.origin
      path = `${next.pathname}${next.search}`
    }
  }

  /** A standby sends us to the active server. The token goes with us, so never to a plain connection from a secured one. */
  #redirected(location: string, origin: string): URL {
    const next = URL.canParse(location, origin) ? new URL(location, origin) : undefined
    const isSafe = next?.protocol === 'https:' || (next?.protocol === 'http:' && !origin.startsWith('https:'))
    if (next === undefined || !isSafe)
      throw new VaultError(
        'unavailable',
        `${this.options.address} sends us to an address that cannot be trusted`,
      )
    return next
  }

  /** A request of somebody else, its answer as it came, whatever its status. Rejects with a VaultError when there is none. */
  async forward(
    { method, target, headers, body }: ForwardedRequest,
    signal: AbortSignal,
  ): Promise<PeerAnswer> {
    await this.#bucket.take(signal)
    const base = new URL(this.options.address)
    let path = `${base.pathname.replace(/\/+$/, '')}${target}`
    let origin = base.origin
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#ask(origin, { method, path, headers, body }, signal)
      const location = answer.status === 307 || answer.status === 308 ? answer.header('location') : undefined
      if (location === undefined || redirects === MAX_REDIRECTS) return answer
      const next = this.#redirected(location, origin)
      origin = next.origin
      path = `${next.pathname}${next.search}`
    }
  }

  #send(origin: string, path: string, request: VaultRequest, signal: AbortSignal): Promise<PeerAnswer> {
    const body = request.body === undefined ? Buffer.alloc(0) : Buffer.from(writeLossless(request.body))
    return this.#ask(origin, { method: request.method, path, headers: this.#headers(request), body }, signal)
  }

  async #ask(
    origin: string,
    request: Omit<PeerRequest, 'maxAnswerBytes'>,
    signal: AbortSignal,
  ): Promise<PeerAnswer> {
    const answer = await this.#peerOf(origin).request(
      // What was opened or granted once is not there twice.
      {
        ...request,
        replayable: request.method === 'GET' || request.method === 'LIST',
        maxAnswerBytes: MAX_ANSWER_BYTES,
      },
      signal,
    )
    signal.throwIfAborted()
    if ('failure' in answer) throw new VaultError('unavailable', answer.failure.reason)
    const date = Date.parse(answer.header('date') ?? '')
    if (!Number.isNaN(date)) this.#aheadMs = date - this.#host.clock.now()
    return answer
  }

  #headers({ token, namespace, wrapTtl, body }: VaultRequest): Record<string, string> {
    const spaces = [this.options.namespace, namespace].filter(each => each !== undefined && each !== '')
    return {
      'x-vault-request': 'true',
      ...(token !== undefined && { 'x-vault-token': token }),
      ...(spaces.length > 0 && { 'x-vault-namespace': spaces.join('/') }),
      ...(wrapTtl !== undefined && { 'x-vault-wrap-ttl': wrapTtl }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    }
  }

  #read(
    answer: { readonly status: number; readonly body: Buffer; header(name: string): string | undefined },
    { method, path }: VaultRequest,
  ): VaultAnswer {
    const { status } = answer
    const members = readMembers(answer.body)
    answer.body.fill(0)
    if (status >= 200 && status < 300) {
      if (members !== undefined) return members
      if (answer.body.length === 0) return NOTHING
      throw new VaultError(
        'unavailable',
        `${this.options.address} does not answer as a Vault does: no JSON object`,
        {
          status,
        },
      )
    }
    const words = errorsIn(members)
    throw new VaultError(
      failureOf(status, words),
      `${method} ${path.replace(/\?.*/, '')}: ${words === '' ? `status ${status}` : `${words} (${status})`}`,
      {
        status,
        path: path.replace(/\?.*/, ''),
        answer: members,
        retryAfterMs: parseRetryAfter(answer.header('retry-after'), this.#host.clock.now()),
      },
    )
  }

  #peerOf(origin: string): HttpPeer {
    const known = this.#peers.get(origin)
    if (known !== undefined) return known
    const { tls, key, maxConnections, timeoutMs, proxy } = this.options
    const peer = new HttpPeer(this.#host, {
      url: origin,
      urlKey: `${key}.address`,
      tls: origin.startsWith('https:') ? tls : undefined,
      tlsKey: `${key}.tls`,
      maxConnections,
      idleTimeoutMs: 30_000,
      timeoutMs,
      proxy,
    })
    this.#peers.set(origin, peer)
    return peer
  }
}

/** Undefined when it is no JSON object. */
function readMembers(body: Buffer): VaultAnswer | undefined {
  if (body.length === 0) return undefined
  try {
    const value = parseLossless(body.toString())
    return value instanceof Map ? (value as VaultAnswer) : undefined
  } catch {
    return undefined
  }
}

/** `{"errors": ["permission denied"]}`; a write that went wrong half-way has its words in `data.error`. */
function errorsIn(members: VaultAnswer | undefined): string {
  const errors = members?.get('errors')
  const texts = Array.isArray(errors) ? errors.filter(each => typeof each === 'string') : []
  // Several errors that are one come as a list with a head.
  const words = texts
    .map(text =>
      text
        .replace(/^\d+ errors? occurred:\s*/, '')
        .replaceAll(/\s+/g, ' ')
        .replace(/^\* /, '')
        .trim(),
    )
    .join('; ')
    .trim()
  // Tokens have a form of their own, and a server may quote one.
  return words.replaceAll(/\b(?:hv|s|b|r)[sbr]?\.[A-Za-z0-9_.-]{20,}/g, '<token>').slice(0, MAX_WORDS)
}

function encodePath(path: string): string {
  const [before, ...query] = path.replace(/^\/+/, '').split('?')
  const encoded = before!
    .split('/')
    .map(part => encodeURIComponent(part))
    .join('/')
  return query.length === 0 ? encoded : `${encoded}?${query.join('?')}`
}
