import type { Duplex } from 'node:stream'
import type { HttpClientError } from '../../../http/client/error.ts'
import type { AnswerHead, ClientExchange } from '../../../http/client/exchange.ts'
import type { PreparedRequest } from '../../../http/client/request.ts'
import type { Deadline } from '../../../http/deadline-wheel.ts'
import type { ServerRequest } from '../../../http/server/request.ts'
import type { ResponseBody, ResponseObserver, ServerResponse } from '../../../http/server/response.ts'
import type { Timer } from '../../../kernel/clock/clock.ts'
import type { HeaderList } from '../../../wire/http1/headers.ts'
import type { CallResult, Endpoint, Lease } from '../clusters/cluster.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import { FAILURES, type FailureCode } from '../failure.ts'
import type { Fault } from '../faults/faults.ts'
import type { Conclusion, Observed } from '../observation/observed.ts'
import type { RequestView } from '../request.ts'
import type { Backend, Match } from '../routing/route.ts'
import { chooseBackend } from '../routing/weights.ts'
import { answerFields } from './answer-fields.ts'
import { Arrival } from './arrival.ts'
import type { Forwarder } from './forwarder.ts'
import { grpcFailure, grpcTimeoutMs, isGrpc } from './grpc.ts'
import { HedgedTries, type HedgeOwner, isHedged } from './hedged-tries.ts'
import type { MirroredRequest } from './mirror.ts'
import { editAnswer } from './own-answers.ts'
import { RequestBody, type RequestBodyOwner } from './request-body.ts'
import { schemeOf } from './request-fields.ts'
import { backoffMs } from './retry.ts'
import { backendOf, sessionOf } from './session.ts'
import { type AnswerBody, SlowBody } from './slow-body.ts'
import { switchProblem } from './switch-problem.ts'
import { failureOf, outcomeOf, requestFailure } from './upstream-failure.ts'
import { isIdempotent, upstreamRequest } from './upstream-request.ts'
import { wishOf } from './wish.ts'

/** A backend that has not granted `100 Continue` by then is sent the body anyway (RFC 9110 section 10.1.1). */
const CONTINUE_MS = 1000
const CLOSE = ['Connection', 'close']

/**
 * One request on its way: what `Arrival` decides, an endpoint, one or more tries, the answer. Everything happens
 * in the turn in which the bytes come. It ends exactly once, in `finish`.
 */
export class Exchange extends Arrival implements HedgeOwner, ResponseObserver, RequestBodyOwner, Deadline {
  deadlineMs = Number.POSITIVE_INFINITY
  bucket = -1
  readonly #startMs: number
  readonly #observed: Observed | undefined
  #backend: Backend | undefined
  #cluster: RunningCluster | undefined
  #prepared: PreparedRequest | undefined
  #lease: Lease | undefined
  /** Of the last try. */
  #endpoint: Endpoint | undefined
  #tryStartMs = 0
  #headMs = 0
  #upstream: ClientExchange | undefined
  /** Until one of them counts. */
  #hedged: HedgedTries | undefined
  #requestBody: RequestBody | undefined
  #answerBody: AnswerBody | undefined
  #status = 0
  #bytesOut = 0
  /** Of a tunnel, from the client. */
  #tunnelBytesIn = 0
  #retries = 0
  #session: string | undefined
  #slow: SlowBody | undefined
  #copies: readonly MirroredRequest[] | undefined
  #tried: Set<Endpoint> | undefined
  #holdsRetry = false
  #budgetSpent = false
  #replayedStale = false
  #continueTimer: Timer | undefined

  constructor(
    forwarder: Forwarder,
    request: ServerRequest,
    response: ServerResponse,
    decisions = forwarder.decisions,
  ) {
    super(forwarder, request, response, decisions)
    this.#startMs = forwarder.parts.clock.monotonic()
    this.#observed = forwarder.observer?.begin(request, this.#startMs)
  }

  begin(): void {
    this.forwarder.inFlight.inc()
    this.response.observer = this
    this.arrive()
  }

  protected forward(view: RequestView, match: Match): void {
    const { rule } = match
    if (rule.session !== undefined) this.#session = sessionOf(rule.session, view.headers)
    this.#backend =
      (this.#session === undefined ? undefined : backendOf(this.#session, rule)) ??
      chooseBackend(rule, this.forwarder.parts.random())
    this.#cluster = this.#backend && this.decisions.cluster(this.#backend.cluster)
    if (this.#cluster === undefined) {
      this.giveUp('no_backend', `${rule.name} has no backend to go to`)
      return
    }
    this.#prepare(view, match)
    if (this.#cluster.discovered) this.#try()
    else
      this.#cluster.ready.then(() => {
        if (!this.ended) this.#try()
      })
  }

  #prepare(view: RequestView, match: Match): void {
    const { rule } = match
    let { requestTimeoutMs = Number.POSITIVE_INFINITY } = rule
    const { hop, maxBodyBytes } = this.decisions
    this.#prepared = upstreamRequest(this.request, view, match, this.#backend!, hop, this.#observed)
    if (this.#prepared.pushed) {
      const keep = rule.retry !== undefined || isIdempotent(view.method)
      this.#requestBody = new RequestBody(this.request.body, this, keep, maxBodyBytes)
      // A call of gRPC always has a body.
      if (isGrpc(view.headers))
        requestTimeoutMs = Math.min(requestTimeoutMs, grpcTimeoutMs(view.headers) ?? requestTimeoutMs)
    }
    const mirrors = this.#backend!.actions?.mirrors
    if (mirrors !== undefined && mirrors.length > 0 && !this.#prepared.switches) {
      const { decisions, mirrors: underWay } = this.forwarder
      this.#copies = underWay.copy(mirrors, this.#prepared, decisions.cluster, rule.backendTimeoutMs)
      this.#requestBody?.copyTo(this.#copies)
    }
    if (requestTimeoutMs !== Number.POSITIVE_INFINITY) this.forwarder.wheel.arm(this, requestTimeoutMs)
  }

  // ---- a try

  #try(): void {
    const cluster = this.#cluster!
    const wish = wishOf(cluster, this.view!, this.#session, this.#tried)
    const lease = cluster.acquire(wish)
    if (typeof lease === 'string') {
      this.giveUp(lease, `${FAILURES[lease].about}: ${cluster.name}`)
      return
    }
    const { clients, clock } = this.forwarder.parts
    const timeoutMs = this.match!.rule.backendTimeoutMs
    const prepared = this.#prepared!
    this.#headMs = 0
    const observed = this.#observed
    if (cluster.hedging !== undefined && this.#retries === 0 && isHedged(prepared)) {
      const parts = { owner: this, cluster, clients, clock, prepared, timeoutMs, wish, observed }
      this.#hedged = new HedgedTries(parts, lease)
      return
    }
    const attempt = observed?.attempt(prepared, lease, cluster)
    this.follow(undefined, attempt ?? lease, clock.monotonic())
    const client = clients.for(cluster, lease.endpoint)
    this.#upstream = client.exchange(attempt?.sent ?? prepared, this, timeoutMs)
  }

  follow(upstream: ClientExchange | undefined, lease: Lease, startMs: number): void {
    this.#hedged = undefined
    this.#upstream = upstream
    this.#lease = lease
    this.#endpoint = lease.endpoint
    this.#tryStartMs = startMs
    this.#observed?.followed(startMs)
  }

  ready(upstream: ClientExchange): void {
    this.#upstream = upstream
    if (
      this.request.head.expectsContinue &&
      this.#requestBody!.bytes === 0 &&
      this.#continueTimer === undefined
    )
      this.#continueTimer = this.forwarder.parts.clock.timeout(CONTINUE_MS, () => this.#continue())
    else this.#requestBody!.attach(upstream)
  }

  #continue(): void {
    this.#continueTimer?.cancel()
    if (this.#upstream !== undefined && !this.ended) this.#requestBody!.attach(this.#upstream)
  }

  room(): void {
    this.#requestBody?.room()
  }

  interim({ status, headers }: AnswerHead): void {
    if (status === 100) this.#continue()
    else this.response.inform(status, answerFields(headers, this.#date))
  }

  head(head: AnswerHead): void {
    const { clock } = this.forwarder.parts
    this.#headMs = clock.monotonic()
    const { status } = head
    if (this.match!.rule.retry?.codes.includes(status) && this.#mayRetry()) {
      this.#upstream!.abandon()
      this.#retry({ outcome: 'answered', status, latencyMs: this.#headMs - this.#tryStartMs })
      return
    }
    if (this.response.opensTunnel && status < 300) {
      this.#cancelTry('reset')
      this.giveUp('upstream_malformed', 'the backend answered instead of switching to the protocol')
      return
    }
    this.#requestBody?.forget()
    this.#status = status
    const fields = answerFields(head.headers, this.#date)
    const { rule } = this.match!
    if (this.#backend!.actions !== undefined || rule.cors !== undefined || rule.session !== undefined)
      editAnswer(fields, this.match!, this.#backend!, this.#lease!.endpoint, this.view!, this.#session)
    this.#observed?.answered(fields, this.#headMs)
    const { framing } = head
    const length = framing.kind === 'length' ? framing.length : fields.has('content-length') ? 0 : undefined
    this.#answerBody = this.response.relay(status, fields, length)
    if (this.fault !== undefined && this.fault.bodyBytesPerSecond > 0) this.#slowDown(this.fault)
  }

  #slowDown({ bodyBytesPerSecond }: Fault): void {
    const body = this.#answerBody as ResponseBody
    this.#slow = new SlowBody(body, this.response, bodyBytesPerSecond, this.forwarder.parts.clock)
    this.#slow.onRoom = () => this.#upstream?.resume()
    this.#answerBody = this.#slow
  }

  readonly #date = (): string => new Date(this.forwarder.parts.clock.now()).toUTCString()

  data(chunk: Buffer): void {
    this.#bytesOut += chunk.length
    if (!this.#answerBody!.put(chunk)) this.#upstream!.pause()
  }

  drained(): void {
    if (this.#slow === undefined) this.#upstream?.resume()
    else this.#slow.drained()
  }

  end(trailers: HeaderList | undefined): void {
    this.#upstream = undefined
    this.#requestBody?.detach()
    this.#answered()
    this.#answerBody!.end(trailers)
    if (this.#observed !== undefined) this.#observed.trailers = trailers
    this.finish(this.#status, undefined)
  }

  #answered(): void {
    this.#release({ outcome: 'answered', status: this.#status, latencyMs: this.#headMs - this.#tryStartMs })
  }

  fail(error: HttpClientError, stale: boolean): void {
    this.#upstream = undefined
    this.#requestBody?.detach()
    const latencyMs = this.forwarder.parts.clock.monotonic() - this.#tryStartMs
    const result: CallResult = { outcome: outcomeOf(error), latencyMs }
    if (this.#answerBody !== undefined) {
      this.#release(result)
      this.#breakOff(failureOf(error), error.message)
    } else if (stale && this.#mayReplayStale()) this.#replayStale()
    else if (this.#isRetried(error) && this.#mayRetry()) this.#retry(result)
    else {
      this.#release(result)
      const code = failureOf(error)
      if (this.#budgetSpent) this.giveUp('budget_exhausted', `${code}: ${error.message}`)
      else this.giveUp(code, error.message)
    }
  }

  /** A kept connection that had ended already: not a failure of the endpoint, and not counted as a retry. */
  #mayReplayStale(): boolean {
    return !this.#replayedStale && isIdempotent(this.view!.method) && this.#requestBody?.replayable === true
  }

  #replayStale(): void {
    this.#replayedStale = true
    const client = this.forwarder.parts.clients.for(this.#cluster!, this.#lease!.endpoint)
    const sent = this.#observed?.sent ?? this.#prepared!
    this.#upstream = client.exchange(sent, this, this.match!.rule.backendTimeoutMs)
  }

  #isRetried(error: HttpClientError): boolean {
    // A request that the endpoint may have begun to serve is repeated only when that does no harm.
    return this.match!.rule.retry !== undefined && (error.unsent || isIdempotent(this.view!.method))
  }

  #mayRetry(): boolean {
    const { retry } = this.match!.rule
    if (retry === undefined || this.#retries >= retry.attempts || this.ended) return false
    if (this.#requestBody?.replayable === false) return false
    if (this.#holdsRetry || this.#cluster!.retryBudget.tryAcquire()) return true
    this.#budgetSpent = true
    return false
  }

  #retry(result: CallResult): void {
    this.#holdsRetry = true
    this.#retries++
    this.#upstream = undefined
    this.#requestBody?.detach()
    this.#tried ??= new Set()
    this.#tried.add(this.#lease!.endpoint)
    this.#release(result)
    const { parts } = this.forwarder
    this.forwarder.target(this.match!.rule, this.#backend).retries.inc()
    const waitMs = backoffMs(this.match!.rule.retry!.backoffMs, this.#retries, parts.random())
    this.pause = parts.clock.timeout(waitMs, () => this.#try())
  }

  // ---- another protocol

  switched(head: AnswerHead, backend: Duplex, rest: Buffer): void {
    this.#upstream = undefined
    const problem = switchProblem(this.request.headers, head.headers, this.response.opensTunnel)
    if (problem !== undefined) {
      backend.destroy()
      this.#cancelTry('reset')
      this.giveUp('upstream_malformed', problem)
      return
    }
    this.#status = head.status
    this.#headMs = this.forwarder.parts.clock.monotonic()
    this.#release({ outcome: 'answered', status: head.status, latencyMs: this.#headMs - this.#tryStartMs })
    this.forwarder.wheel.remove(this)
    const tunnel = this.forwarder.parts.tunnels.reserve()
    if (tunnel === undefined) {
      backend.destroy()
      this.giveUp('circuit_open', 'there are as many tunnels as are allowed')
      return
    }
    const fields = answerFields(head.headers, this.#date)
    this.#observed?.answered(fields, this.#headMs)
    const client = this.response.agree(fields, head.headers.get('upgrade') ?? '')
    tunnel.join(client, { stream: backend, rest }, () => {
      this.#bytesOut = tunnel.sent
      this.#tunnelBytesIn = tunnel.received
      this.forwarder.bytesIn.inc(tunnel.received)
      this.finish(head.status, undefined)
    })
  }

  // ---- the end

  /** The client has gone: nobody waits for what is under way. */
  gone(): void {
    if (this.ended) return
    this.#cancelTry('cancelled')
    this.detail = 'the client closed its connection'
    this.finish(FAILURES.client_gone.status, 'client_gone')
  }

  requestBroken(error: Error): void {
    if (this.ended) return
    this.#cancelTry('cancelled')
    const code = requestFailure(error)
    if (this.#answerBody !== undefined) this.#breakOff(code, error.message)
    else if (code !== 'client_gone') this.giveUp(code, error.message, CLOSE)
    else {
      this.detail = error.message
      this.finish(FAILURES.client_gone.status, code)
    }
  }

  /** The whole time is used up. */
  expire(): void {
    if (this.ended) return
    this.#cancelTry('timeout')
    if (this.#answerBody === undefined) this.giveUp('timeout', 'the answer did not come in time')
    else this.#breakOff('timeout', 'the answer was not complete in time')
  }

  /** An answer that has begun does not come to its end: the client has to see that. */
  #breakOff(code: FailureCode, detail: string): void {
    this.detail = detail
    // First, for over HTTP/2 the reset is heard of at once, as if the client had gone.
    this.finish(this.#status, code)
    if (isGrpc(this.request.headers)) this.#answerBody!.end(grpcFailure(code, detail))
    else this.#answerBody!.abort()
  }

  #cancelTry(outcome: CallResult['outcome']): void {
    this.pause?.cancel()
    this.#hedged?.cancel(outcome)
    this.#hedged = undefined
    this.#upstream?.cancel()
    this.#upstream = undefined
    const latencyMs = this.forwarder.parts.clock.monotonic() - this.#tryStartMs
    this.#release({ outcome, latencyMs })
  }

  #release(result: CallResult): void {
    const lease = this.#lease
    this.#lease = undefined
    lease?.done(result)
  }

  protected finish(status: number, failure: FailureCode | undefined): void {
    if (this.ended) return
    this.ended = true
    const { wheel, inFlight, parts, bytesIn, bytesOut } = this.forwarder
    if (this.bucket !== -1) wheel.remove(this)
    this.#continueTimer?.cancel()
    if (this.#copies !== undefined) for (const copy of this.#copies) copy.originalEnded()
    inFlight.dec()
    if (this.#holdsRetry) this.#cluster!.retryBudget.release()
    if (this.#bytesOut > 0) bytesOut.inc(this.#bytesOut)
    if (this.#requestBody !== undefined) bytesIn.inc(this.#requestBody.bytes)
    const target = this.forwarder.target(this.match?.rule, this.#backend)
    target.count(status, failure, this.view?.peer.identity)
    const endMs = parts.clock.monotonic()
    target.seconds.observe((endMs - this.#startMs) / 1000)
    if (failure !== undefined || this.#observed !== undefined) this.#conclude(status, failure, endMs)
  }

  #conclude(status: number, failure: FailureCode | undefined, endMs: number): void {
    const conclusion: Conclusion = {
      view: this.view,
      scheme: schemeOf(this.request.tls),
      match: this.match,
      backend: this.#backend,
      endpoint: this.#endpoint,
      status,
      failure,
      detail: this.detail,
      bytesReceived: this.#requestBody?.bytes ?? this.#tunnelBytesIn,
      bytesSent: this.#bytesOut,
      endMs,
    }
    if (failure !== undefined) {
      const { failures, listener } = this.forwarder.parts
      failures.request(listener, this.request, failure, conclusion, this.#observed)
    }
    this.#observed?.end(conclusion)
  }
}
