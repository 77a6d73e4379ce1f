import { createHttpClient } from '../../../http/client/client.ts'
import type { Timers } from '../../../http/timers.ts'

/** What an authority answers to a request. */
export interface SignedAnswer {
  /** PEM, the certificate first. */
  readonly chain: string
  readonly trustBundle: string
}

/** Gets a PEM certificate request signed; rejects with words for the log. */
export type RequestSigner = (csr: string) => Promise<SignedAnswer>

export interface AuthorityClientOptions {
  /** https. */
  readonly url: URL
  /** PEM of the root that the authority's own certificate was issued by. */
  readonly trustBundle: string
  /** Asked before each request: a token may change while the process runs. */
  readonly token: () => Promise<string>
  readonly clock: Timers
}

const TIMEOUT_MS = 15_000
const MAX_ANSWER_BYTES = 256 * 1024

/** Asks `outrigger ca serve`: POST /v1/sign. A connection for each request: there are few a day. */
export function authorityClient(options: AuthorityClientOptions): RequestSigner {
  const { url, trustBundle, clock } = options
  if (url.protocol !== 'https:') throw new TypeError(`the authority ${url.origin} must be reached by https`)
  return async csr => {
    const client = createHttpClient({ origin: url, clock, tls: { ca: trustBundle }, maxConnections: 1 })
    try {
      const response = await client.request({
        method: 'POST',
        path: '/v1/sign',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${await options.token()}` },
        body: Buffer.from(JSON.stringify({ csr })),
        timeoutMs: TIMEOUT_MS,
      })
      return answerOf(response.status, (await response.body.bytes(MAX_ANSWER_BYTES)).toString('utf8'))
    } finally {
      client.close()
    }
  }
}

function answerOf(status: number, body: string): SignedAnswer {
  const answer = parsed(body)
  if (status !== 200)
    throw new Error(`the authority answered ${status}: ${String(answer['error'] ?? body.slice(0, 200))}`)
  const { chain, trustBundle } = answer
  if (typeof chain !== 'string' || typeof trustBundle !== 'string')
    throw new Error('the authority answered without a chain or a trust bundle')
  return { chain, trustBundle }
}

function parsed(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
