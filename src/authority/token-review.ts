import { createHttpClient } from '../http/client/client.ts'
import type { Timers } from '../http/timers.ts'
import { type SpiffeId, workloadId } from '../wire/spiffe/identity.ts'
import type { TokenGrants } from './grant.ts'

export interface TokenReviewOptions {
  /** The API server of the cluster; https. */
  readonly url: URL
  /** PEM of the authorities that it is checked against, and the token that may create reviews; asked each time: both are renewed. */
  readonly access: () => Promise<{ readonly ca: string; readonly token: string }>
  /** Tokens must have been made for this audience, so that one for another service is of no use here. */
  readonly audience: string
  readonly trustDomain: string
  readonly clock: Timers
}

const PATH = '/apis/authentication.k8s.io/v1/tokenreviews'
const TIMEOUT_MS = 5_000
const MAX_ANSWER_BYTES = 64 * 1024
const ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/

/**
 * Asks the API server whose token it is (TokenReview of authentication.k8s.io/v1): that of a service account grants
 * its identity and no DNS names. Rejects when the API server cannot be asked, or does not let us.
 */
export function tokenReviews(options: TokenReviewOptions): TokenGrants {
  const { url, audience, trustDomain } = options
  if (url.protocol !== 'https:') throw new TypeError(`the API server ${url.origin} must be reached by https`)
  return {
    async grantOf(token) {
      const { status, body } = await ask(options, {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, audiences: [audience] },
      })
      if (status !== 201 && status !== 200)
        throw new Error(`the API server answered ${status}: ${String(body['message'] ?? '')}`)
      const identity = reviewed(body['status'], audience, trustDomain)
      return identity && { identity, dnsNames: [] }
    },
  }
}

async function ask({ url, access, clock }: TokenReviewOptions, review: object) {
  const { ca, token } = await access()
  const client = createHttpClient({ origin: url, clock, tls: { ca }, maxConnections: 1 })
  try {
    const response = await client.request({
      method: 'POST',
      path: PATH,
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json',
        Authorization: `Bearer ${token}`,
      },
      body: Buffer.from(JSON.stringify(review)),
      timeoutMs: TIMEOUT_MS,
    })
    const text = (await response.body.bytes(MAX_ANSWER_BYTES)).toString('utf8')
    return { status: response.status, body: objectOf(parsed(text)) }
  } finally {
    client.close()
  }
}

/** Undefined: the token is no good here. */
export function reviewed(status: unknown, audience: string, trustDomain: string): SpiffeId | undefined {
  const { authenticated, audiences, user } = objectOf(status)
  // A server that knows no audiences leaves them out; it would take tokens for anybody.
  if (authenticated !== true || !Array.isArray(audiences) || !audiences.includes(audience)) return undefined
  const [, namespace, account] = ACCOUNT.exec(String(objectOf(user)['username'])) ?? []
  if (namespace === undefined || account === undefined) return undefined
  return workloadId(trustDomain, namespace, account)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
