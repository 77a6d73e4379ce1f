import type { ServerRequest } from '../../../http/server/request.ts'
import type { ServerResponse } from '../../../http/server/response.ts'
import type { Timer } from '../../../kernel/clock/clock.ts'
import type { FailureCode } from '../failure.ts'
import type { Fault } from '../faults/faults.ts'
import { type Refusal, refusal } from '../refusal.ts'
import type { RequestView } from '../request.ts'
import type { Match } from '../routing/route.ts'
import { answerFailure } from './failure-answer.ts'
import { sufferFault } from './fault.ts'
import type { Decisions, Forwarder } from './forwarder.ts'
import { type Admission, isRefusal } from './gate.ts'
import { isGrpc } from './grpc.ts'
import { answerPreflight, answerRedirect, corsFields } from './own-answers.ts'
import { schemeOf } from './request-fields.ts'
import { requestView } from './request-view.ts'
import { unforwardable } from './unforwardable.ts'

/**
 * What is decided about a request before a backend is chosen, in this order: its one form, a circle, its route, a
 * preflight request, access and limits, a fault, a redirect. An `Exchange` is an arrival that goes on to a backend.
 */
export abstract class Arrival {
  protected readonly forwarder: Forwarder
  /** As they were when the request came: a reload changes nothing for it. */
  protected readonly decisions: Decisions
  protected readonly request: ServerRequest
  protected readonly response: ServerResponse
  protected view: RequestView | undefined
  protected match: Match | undefined
  protected fault: Fault | undefined
  /** What the request waits for: the delay of a fault, or of the next try. */
  protected pause: Timer | undefined
  protected detail = ''
  protected ended = false

  constructor(forwarder: Forwarder, request: ServerRequest, response: ServerResponse, decisions: Decisions) {
    this.forwarder = forwarder
    this.decisions = decisions
    this.request = request
    this.response = response
  }

  /** On to a backend. */
  protected abstract forward(view: RequestView, match: Match): void
  /** The client has its answer, or never will. */
  protected abstract finish(status: number, failure: FailureCode | undefined): void

  protected arrive(): void {
    const { decisions } = this
    const view = requestView(this.request, decisions.port, decisions.encodedSlashes)
    if (view === undefined) {
      this.giveUp('bad_request', 'the path has an encoding that may not be forwarded')
      return
    }
    this.view = view
    const hopeless = unforwardable(this.request, view, decisions)
    if (hopeless !== undefined) {
      this.refuse(hopeless)
      return
    }
    const { gate } = decisions
    gate?.strip(view.headers)
    const match = decisions.find(view)
    this.match = match
    // Before access rules: a preflight request never carries credentials (Fetch, 4.8).
    if (match?.rule.cors !== undefined && answerPreflight(this.response, match.rule.cors, view)) {
      this.finish(204, undefined)
      return
    }
    if (gate === undefined) {
      this.#admitted(view)
      return
    }
    const admission = gate.admit(view, match?.rule.name ?? '')
    if (admission instanceof Promise) admission.then(late => this.#decided(late))
    else this.#decided(admission)
  }

  #decided(admission: Admission): void {
    if (this.ended) return
    if (!isRefusal(admission)) {
      this.#admitted(admission)
      return
    }
    const { audits } = admission
    if (audits !== undefined) this.view = { ...this.view!, audits }
    this.refuse(admission)
  }

  #admitted(view: RequestView): void {
    this.view = view
    const { match } = this
    if (match === undefined) {
      this.giveUp('route_not_found', 'no route matches the request')
      return
    }
    const fault = this.decisions.faults?.decide(view, match.rule.name)
    if (fault === undefined) {
      this.#pass(view, match)
      return
    }
    this.fault = fault
    this.pause = sufferFault(fault, this.forwarder.parts.clock, (refused, reset) => {
      if (refused === undefined) this.#pass(view, match)
      else if (reset) this.#breakOff(refused)
      else this.refuse(refused)
    })
  }

  #pass(view: RequestView, match: Match): void {
    const { redirect } = match.rule
    if (redirect === undefined) {
      this.forward(view, match)
      return
    }
    answerRedirect(this.response, redirect, match, view, schemeOf(this.request.tls))
    this.finish(redirect.status, undefined)
  }

  /** Without an answer. It is over before that, for over HTTP/2 a reset is heard of at once, as if the client had gone. */
  #breakOff({ status, code, detail }: Refusal): void {
    this.detail = detail
    this.finish(status, code)
    this.response.abort()
  }

  protected giveUp(code: FailureCode, detail: string, headers?: readonly string[]): void {
    this.refuse(refusal(code, detail, headers))
  }

  protected refuse(refused: Refusal): void {
    const cors = this.match?.rule.cors
    const more = cors === undefined ? refused.headers : [...refused.headers, ...corsFields(cors, this.view!)]
    if (!this.response.headersSent)
      answerFailure(this.response, { ...refused, headers: more }, isGrpc(this.request.headers))
    this.detail = refused.detail
    this.finish(refused.status, refused.code)
  }
}
