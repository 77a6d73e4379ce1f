import type { Socket } from 'node:net'
import type { HttpClientError } from '../../../http/client/error.ts'
import type { AnswerHead, ClientExchange, ExchangeListener } from '../../../http/client/exchange.ts'
import type { PreparedRequest } from '../../../http/client/request.ts'
import type { Deadline } from '../../../http/deadline-wheel.ts'
import type { Clock } from '../../../kernel/clock/clock.ts'
import type { HeaderList } from '../../../wire/http1/headers.ts'
import type { CallResult, Endpoint, Lease, Wish } from '../clusters/cluster.ts'
import type { Hedging } from '../clusters/hedging/hedging.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import type { Observed } from '../observation/observed.ts'
import type { EndpointClients } from './endpoint-clients.ts'
import { outcomeOf } from './upstream-failure.ts'
import { isIdempotent } from './upstream-request.ts'

/** Who the tries are for. It hears `follow` once, and then the events of that one try. */
export interface HedgeOwner extends ExchangeListener {
  /** This try counts; its lease is the owner's from here on. */
  follow(upstream: ClientExchange, lease: Lease, startMs: number): void
}

export interface HedgeParts {
  readonly owner: HedgeOwner
  readonly cluster: RunningCluster
  readonly clients: EndpointClients
  readonly clock: Clock
  readonly prepared: PreparedRequest
  /** Of each try. */
  readonly timeoutMs: number | undefined
  /** That of the first try. */
  readonly wish: Wish
  readonly observed: Observed | undefined
}

/** Whether a request may be sent twice at once: nothing of it has to be kept, and nobody is harmed. */
export function isHedged({ method, pushed, switches }: PreparedRequest): boolean {
  return !pushed && !switches && isIdempotent(method)
}

/**
 * A first try and, when it is slow, a second one on another endpoint. The first answer below 500 counts, or whatever
 * the last of them brings; the other is broken off. The second try holds a place in the retry budget while both run.
 */
export class HedgedTries implements Deadline {
  deadlineMs = Number.POSITIVE_INFINITY
  bucket = -1
  readonly parts: HedgeParts
  /** The cluster's of the moment: a reload may take it away. */
  readonly #hedging: Hedging
  readonly #first: Try
  #second: Try | undefined
  #decided = false
  #armed = false

  constructor(parts: HedgeParts, lease: Lease) {
    this.parts = parts
    this.#hedging = parts.cluster.hedging!
    this.#first = new Try(this, lease)
    const delayMs = this.#hedging.delayMs()
    if (delayMs === undefined) return
    this.#armed = true
    this.#hedging.wheel.arm(this, delayMs)
  }

  /** The first try is slow. */
  expire(): void {
    this.#armed = false
    if (this.#decided) return
    const lease = this.#anotherEndpoint()
    if (lease === undefined) this.#hedging.count('refused')
    else this.#second = new Try(this, lease)
  }

  /** Nobody waits any more; only before `follow`. */
  cancel(outcome: CallResult['outcome']): void {
    for (const one of [this.#first, this.#second]) if (one?.running) one.stop(outcome)
    if (this.#second !== undefined) this.#hedging.count('failed')
    this.#end()
  }

  /** A try has its answer, or has failed. Gives whether it is the one that counts. */
  settle(one: Try, good: boolean): boolean {
    const other = one === this.#first ? this.#second : this.#first
    if (!good && other?.running) return false
    const hedging = this.#hedging
    if (other?.running) other.stop('cancelled')
    if (this.#second !== undefined) hedging.count(good ? (one === this.#second ? 'won' : 'lost') : 'failed')
    if (good) hedging.observe(this.parts.clock.monotonic() - this.#first.startMs)
    this.#end()
    return true
  }

  isFirst(one: Try): boolean {
    return one === this.#first
  }

  #anotherEndpoint(): Lease | undefined {
    const { cluster, wish } = this.parts
    if (!cluster.retryBudget.tryAcquire()) return undefined
    const avoid: ReadonlySet<Endpoint> = new Set([this.#first.lease.endpoint])
    const lease = cluster.acquire({ ...wish, avoid })
    if (typeof lease !== 'string' && !avoid.has(lease.endpoint)) return lease
    if (typeof lease !== 'string') lease.done({ outcome: 'cancelled', latencyMs: 0 })
    cluster.retryBudget.release()
    return undefined
  }

  #end(): void {
    this.#decided = true
    if (this.#armed) this.#hedging.wheel.remove(this)
    if (this.#second !== undefined) this.parts.cluster.retryBudget.release()
  }
}

/** One of the tries. Once it is the one that counts it passes on all it hears. */
class Try implements ExchangeListener {
  readonly lease: Lease
  readonly startMs: number
  /** It has neither answered nor failed. */
  running = true
  readonly #tries: HedgedTries
  readonly #owner: HedgeOwner
  readonly #upstream: ClientExchange

  constructor(tries: HedgedTries, lease: Lease) {
    const { clients, cluster, clock, owner, prepared, timeoutMs, observed } = tries.parts
    const attempt = observed?.attempt(prepared, lease, cluster)
    this.#tries = tries
    this.#owner = owner
    this.lease = attempt ?? lease
    this.startMs = clock.monotonic()
    const client = clients.for(cluster, lease.endpoint)
    this.#upstream = client.exchange(attempt?.sent ?? prepared, this, timeoutMs)
  }

  stop(outcome: CallResult['outcome']): void {
    this.running = false
    this.#upstream.cancel()
    this.lease.done({ outcome, latencyMs: this.#elapsedMs() })
  }

  interim(head: AnswerHead): void {
    if (this.#tries.isFirst(this)) this.#owner.interim?.(head)
  }

  head(head: AnswerHead): void {
    const { status } = head
    this.running = false
    if (this.#tries.settle(this, status < 500)) {
      this.#owner.follow(this.#upstream, this.lease, this.startMs)
      this.#owner.head(head)
      return
    }
    this.#upstream.abandon()
    this.lease.done({ outcome: 'answered', status, latencyMs: this.#elapsedMs() })
  }

  data(chunk: Buffer): void {
    this.#owner.data(chunk)
  }

  end(trailers: HeaderList | undefined): void {
    this.#owner.end(trailers)
  }

  fail(error: HttpClientError, stale: boolean): void {
    if (!this.running) {
      this.#owner.fail(error, stale)
      return
    }
    this.running = false
    if (this.#tries.settle(this, false)) {
      this.#owner.follow(this.#upstream, this.lease, this.startMs)
      this.#owner.fail(error, stale)
    } else this.lease.done({ outcome: outcomeOf(error), latencyMs: this.#elapsedMs() })
  }

  switched(_head: AnswerHead, socket: Socket): void {
    socket.destroy()
  }

  #elapsedMs(): number {
    return this.#tries.parts.clock.monotonic() - this.startMs
  }
}
