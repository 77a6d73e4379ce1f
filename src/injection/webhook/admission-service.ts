import { HttpServerError } from '../../http/server/error.ts'
import type { ServerRequest } from '../../http/server/request.ts'
import type { ServerResponse } from '../../http/server/response.ts'
import type { Handler } from '../../http/server/server.ts'
import type { Clock } from '../../kernel/clock/clock.ts'
import type { Log } from '../../kernel/log/log.ts'
import { type AdmissionRequest, readReview, writeReview } from './admission-review.ts'
import { writeAudit } from './audit.ts'
import type { Decision } from './decision.ts'
import type { RefusalReason, ReviewMetrics } from './metrics.ts'
import { decideMutation } from './mutation.ts'
import { decideValidation, type ValidationKnowledge } from './validation.ts'

export interface AdmissionServiceOptions {
  /** What decisions go by at this moment; undefined: not ready, the failurePolicy decides. */
  readonly knowledge: () => (ValidationKnowledge & { readonly version: string }) | undefined
  readonly clock: Clock
  readonly log: Log
  readonly metrics: ReviewMetrics
  readonly maxBodyBytes: number
  /** Within which a whole request must have come; below the timeoutSeconds of the webhooks. */
  readonly timeoutMs: number
  /** Reviews at one time; above it 503. */
  readonly maxReviews: number
}

const DECIDERS = { '/mutate': decideMutation, '/validate': decideValidation } as const
type ReviewPath = keyof typeof DECIDERS

/** A request that comes to no decision. */
class Refused extends Error {
  readonly status: number
  readonly reason: RefusalReason
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    reason: RefusalReason,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message)
    this.status = status
    this.reason = reason
    this.headers = headers
  }
}

/**
 * AdmissionReview v1 over HTTP: POST /mutate and POST /validate. A decision is answered with 200 and the review; what
 * is none with 4xx or 503 and `{"error": …}`, or with a review that names the request where its uid is known. Nothing
 * has side effects, so a dry run is a run.
 */
export function admissionService(options: AdmissionServiceOptions): Handler {
  const { metrics, maxReviews } = options
  let underWay = 0
  return async (request, response) => {
    try {
      const path = route(request)
      if (underWay >= maxReviews)
        throw new Refused(503, 'busy', 'too many reviews at once', { 'Retry-After': '1' })
      metrics.underWay.set(++underWay)
      try {
        await review(path, request, response, options)
      } finally {
        metrics.underWay.set(--underWay)
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      metrics.refused(error.reason)
      if (!response.headersSent) fail(response, error.status, error.message, error.headers)
    }
  }
}

function route({ path, method, headers }: ServerRequest): ReviewPath {
  if (!Object.hasOwn(DECIDERS, path))
    throw new Refused(404, 'not_found', 'there are POST /mutate and POST /validate')
  if (method !== 'POST') throw new Refused(405, 'method', 'use POST', { Allow: 'POST' })
  const type = headers.get('content-type') ?? ''
  if (!/^application\/json[ \t]*(?:;|$)/i.test(type))
    throw new Refused(
      415,
      'content_type',
      `expected application/json, got ${JSON.stringify(type.slice(0, 80))}`,
    )
  return path as ReviewPath
}

async function review(
  path: ReviewPath,
  request: ServerRequest,
  response: ServerResponse,
  options: AdmissionServiceOptions,
): Promise<void> {
  const { clock, log, metrics } = options
  const body = await wholeBody(request, options)
  metrics.received(body.length)
  const reading = readReview(body)
  if (!reading.ok) {
    metrics.refused('invalid')
    log.warn('invalid_review', `a request is no review: ${reading.message}`, { from: request.remoteAddress })
    if (reading.uid === undefined) return fail(response, 400, reading.message)
    const status = { code: 400, message: reading.message }
    return send(response, 400, writeReview({ uid: reading.uid, allowed: false, status }))
  }
  const knowledge = options.knowledge()
  if (knowledge === undefined) throw new Refused(503, 'not_ready', 'the webhook is not ready yet')
  const webhook = path === '/mutate' ? 'mutate' : 'validate'
  const startedMs = clock.monotonic()
  let decision: Decision
  try {
    decision = DECIDERS[path](reading.request, knowledge)
  } catch (error) {
    metrics.failed(webhook)
    const { uid, namespace, name } = reading.request
    log.error('review_failed', 'a review failed by our own fault', { webhook, uid, namespace, name, error })
    const status = { code: 500, message: 'outrigger could not decide; the log of the controller says why' }
    return send(response, 500, writeReview({ uid, allowed: false, status }))
  }
  const durationMs = clock.monotonic() - startedMs
  metrics.decided(webhook, decision, durationMs / 1000)
  writeAudit(log, webhook, reading.request, decision, { catalogue: knowledge.version, durationMs })
  send(response, 200, answerOf(reading.request, decision))
}

/** Rejects with Refused when it is too large or takes too long to come. */
async function wholeBody(
  { body }: ServerRequest,
  { clock, maxBodyBytes, timeoutMs }: AdmissionServiceOptions,
): Promise<Buffer> {
  const late = Promise.withResolvers<never>()
  const timer = clock.timeout(timeoutMs, () => {
    late.reject(
      new Refused(408, 'too_slow', `the request did not come within ${timeoutMs} ms`, {
        Connection: 'close',
      }),
    )
    body.discard()
  })
  try {
    return await Promise.race([late.promise, body.bytes(maxBodyBytes)])
  } catch (error) {
    if (!(error instanceof HttpServerError)) throw error
    if (error.code === 'body_too_large')
      throw new Refused(413, 'too_large', `a review may have ${maxBodyBytes} bytes`)
    if (error.code === 'body_timeout') throw new Refused(408, 'too_slow', error.message)
    throw new Refused(400, 'invalid', error.message)
  } finally {
    timer.cancel()
  }
}

function answerOf({ uid }: AdmissionRequest, decision: Decision): string {
  const { allowed, message, outcome, reason, entries, patch, warnings } = decision
  return writeReview({
    uid,
    allowed,
    ...(message !== undefined && { status: { code: 403, message } }),
    ...(patch !== undefined && { patch }),
    warnings,
    auditAnnotations: {
      outcome: reason === '' ? outcome : `${outcome}: ${reason}`,
      ...(entries.length > 0 && { entries: entries.join(',') }),
    },
  })
}

function send(response: ServerResponse, status: number, body: string): void {
  response.send(status, { 'Content-Type': 'application/json' }, body)
}

function fail(
  response: ServerResponse,
  status: number,
  error: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.send(status, { ...headers, 'Content-Type': 'application/json' }, JSON.stringify({ error }))
}
