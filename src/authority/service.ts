import type { ServerRequest } from '../http/server/request.ts'
import type { ServerResponse } from '../http/server/response.ts'
import type { Handler } from '../http/server/server.ts'
import type { Log } from '../kernel/log/log.ts'
import type { Authority } from './authority.ts'
import { bearerToken } from './bearer-token.ts'
import type { Grant, TokenGrants } from './grant.ts'
import { RateLimit } from './rate-limit.ts'
import { checkRequest, RequestRefused } from './request-check.ts'

export interface ServiceOptions {
  readonly authority: Authority
  readonly grants: TokenGrants
  readonly clock: { now(): number; monotonic(): number }
  readonly log: Log
  /** Of the certificates that are issued. */
  readonly lifetimeMs: number
}

/** Answer of POST /v1/sign. */
export interface SignAnswer {
  /** PEM, the certificate first. */
  readonly chain: string
  readonly trustBundle: string
  /** RFC 3339. */
  readonly expires: string
}

const MAX_BODY_BYTES = 32 * 1024
/** All of one address: a pod asks a few times a day, a node's pods share an address at times. */
const PER_ADDRESS = { burst: 60, perSecond: 10 }
const PER_IDENTITY = { burst: 10, perSecond: 0.2 }
const RETRY_AFTER_S = '5'

/**
 * The authority over HTTP: POST /v1/sign `{"csr": PEM}` with a bearer token, and GET /v1/bundle.
 * Errors are `{"error": sentence}`. Each issuance and each refusal is logged, keys and tokens never.
 */
export function authorityService(options: ServiceOptions): Handler {
  const addresses = new RateLimit(options.clock, PER_ADDRESS.burst, PER_ADDRESS.perSecond)
  const identities = new RateLimit(options.clock, PER_IDENTITY.burst, PER_IDENTITY.perSecond)
  return async (request, response) => {
    if (!addresses.take(request.remoteAddress)) tooMany(response)
    else if (request.path === '/v1/bundle') bundle(request, response, options.authority)
    else if (request.path === '/v1/sign') await sign(request, response, options, identities)
    else fail(response, 404, 'there are POST /v1/sign and GET /v1/bundle')
  }
}

function bundle(request: ServerRequest, response: ServerResponse, { trustBundle }: Authority): void {
  if (request.method === 'GET' || request.method === 'HEAD')
    response.send(200, { 'Content-Type': 'application/pem-certificate-chain' }, trustBundle)
  else fail(response, 405, 'use GET', { Allow: 'GET, HEAD' })
}

async function sign(
  request: ServerRequest,
  response: ServerResponse,
  options: ServiceOptions,
  identities: RateLimit,
): Promise<void> {
  const { log } = options
  const from = request.remoteAddress
  if (request.method !== 'POST') return fail(response, 405, 'use POST', { Allow: 'POST' })
  const token = bearerToken(request)
  if (token === undefined) return unauthorized(response, 'send a token: Authorization: Bearer TOKEN')
  let grant: Grant | undefined
  try {
    grant = await options.grants.grantOf(token)
  } catch (error) {
    log.error('token_check_failed', 'whether a token is good could not be found out', { error, from })
    return fail(response, 503, 'the token cannot be checked now; try again', { 'Retry-After': RETRY_AFTER_S })
  }
  if (grant === undefined) {
    log.warn('certificate_refused', 'a caller has no valid token', { from })
    return unauthorized(response, 'the token is not valid here')
  }
  const identity = grant.identity.uri
  if (!identities.take(identity)) return tooMany(response)
  try {
    const checked = await checkRequest(await readCsr(request), grant)
    const issued = await options.authority.issue({
      ...checked,
      identity: grant.identity,
      lifetimeMs: options.lifetimeMs,
    })
    const expires = new Date(issued.notAfterMs).toISOString()
    log.info('certificate_issued', `issued a certificate for ${identity}`, {
      serial: issued.serial,
      identity,
      dnsNames: checked.dnsNames,
      expires,
      from,
    })
    const answer: SignAnswer = { chain: issued.chain, trustBundle: options.authority.trustBundle, expires }
    response.send(
      200,
      { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
      JSON.stringify(answer),
    )
  } catch (error) {
    if (!(error instanceof RequestRefused)) {
      log.error('issuing_failed', `no certificate could be issued for ${identity}`, { error, identity, from })
      return fail(response, 500, 'the certificate could not be issued; the log of the authority says why')
    }
    log.warn('certificate_refused', `refused a request of ${identity}: ${error.message}`, { identity, from })
    fail(response, 400, error.message)
  }
}

async function readCsr(request: ServerRequest): Promise<string> {
  let body: unknown
  try {
    body = JSON.parse((await request.body.bytes(MAX_BODY_BYTES)).toString('utf8'))
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new RequestRefused('the body must be JSON: {"csr": "-----BEGIN ..."}')
    throw new RequestRefused(`the body could not be read, or has more than ${MAX_BODY_BYTES} bytes`)
  }
  const csr = typeof body === 'object' && body !== null ? (body as { csr?: unknown }).csr : undefined
  if (typeof csr !== 'string') throw new RequestRefused('the body must be JSON: {"csr": "-----BEGIN ..."}')
  return csr
}

function unauthorized(response: ServerResponse, message: string): void {
  fail(response, 401, message, { 'WWW-Authenticate': 'Bearer' })
}

function tooMany(response: ServerResponse): void {
  fail(response, 429, 'too many requests; try again later', { 'Retry-After': RETRY_AFTER_S })
}

function fail(
  response: ServerResponse,
  status: number,
  error: string,
  headers: Record<string, string> = {},
): void {
  response.send(status, { ...headers, 'Content-Type': 'application/json' }, JSON.stringify({ error }))
}
