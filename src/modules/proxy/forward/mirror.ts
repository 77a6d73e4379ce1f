import type { HttpClientError } from '../../../http/client/error.ts'
import type { AnswerHead, ClientExchange, ExchangeListener } from '../../../http/client/exchange.ts'
import type { PreparedRequest } from '../../../http/client/request.ts'
import type { HeaderList } from '../../../wire/http1/headers.ts'
import type { CallResult, Lease } from '../clusters/cluster.ts'
import type { RunningCluster } from '../clusters/running-cluster.ts'
import type { Mirror } from '../routing/filters/actions.ts'
import { isMirrored } from '../routing/filters/mirror.ts'
import type { ForwarderParts } from './forwarder.ts'
import { outcomeOf } from './upstream-failure.ts'

/** What may wait for a mirror that is slower than the original; one that falls behind further is let go. */
export const MAX_WAITING_BYTES = 64 * 1024
const MAX_UNDER_WAY = 256
const TIMEOUT_MS = 30_000

/** dropped: the listener had too many under way, the mirror was too slow, or the original broke off. */
type Result = 'answered' | 'failed' | 'unavailable' | 'dropped'

/** The copies of requests that a listener has under way: bounded, and counted by what became of them. */
export class Mirrors {
  readonly #parts: ForwarderParts
  #underWay = 0

  constructor(parts: ForwarderParts) {
    this.#parts = parts
  }

  /** Sends copies to those mirrors whose turn it is. The body of a pushed request follows. */
  copy(
    mirrors: readonly Mirror[],
    request: PreparedRequest,
    clusterOf: (name: string) => RunningCluster | undefined,
    timeoutMs: number | undefined,
  ): MirroredRequest[] {
    const copies: MirroredRequest[] = []
    for (const mirror of mirrors) {
      if (!isMirrored(mirror, this.#parts.random())) continue
      const cluster = clusterOf(mirror.cluster)
      const copy = cluster && this.#begin(cluster, request, timeoutMs ?? TIMEOUT_MS)
      if (copy !== undefined) copies.push(copy)
    }
    return copies
  }

  /** Sends a copy; undefined when nobody takes it, or there is no room. */
  #begin(cluster: RunningCluster, request: PreparedRequest, timeoutMs: number): MirroredRequest | undefined {
    const { listener, metrics, clients, clock } = this.#parts
    const counted = (result: Result): void => metrics.mirrored.with(listener, cluster.name, result).inc()
    if (this.#underWay >= MAX_UNDER_WAY) {
      counted('dropped')
      return undefined
    }
    const lease = cluster.acquire({})
    if (typeof lease === 'string') {
      counted('unavailable')
      return undefined
    }
    this.#underWay++
    const over = (result: Result): void => {
      this.#underWay--
      counted(result)
    }
    const copy = new MirroredRequest(lease, () => clock.monotonic(), over)
    copy.takeUp(clients.for(cluster, lease.endpoint).exchange(request, copy, timeoutMs))
    return copy
  }
}

/** One copy on its way. It takes the body as the original does, and never holds the original up. */
export class MirroredRequest implements ExchangeListener {
  readonly #lease: Lease
  readonly #now: () => number
  readonly #startMs: number
  readonly #over: (result: Result) => void
  #upstream: ClientExchange | undefined
  #takes = false
  readonly #waiting: Buffer[] = []
  #waitingBytes = 0
  /** The body is complete; its trailers. */
  #ending: { readonly trailers: HeaderList | undefined } | undefined
  #status: number | undefined
  #ended = false

  constructor(lease: Lease, now: () => number, over: (result: Result) => void) {
    this.#lease = lease
    this.#now = now
    this.#startMs = now()
    this.#over = over
  }

  takeUp(upstream: ClientExchange): void {
    this.#upstream = upstream
  }

  // ---- the body of the original

  bodyData(chunk: Buffer): void {
    if (this.#ended) return
    if (this.#takes) {
      this.#takes = this.#upstream!.put(chunk)
      return
    }
    this.#waiting.push(chunk)
    this.#waitingBytes += chunk.length
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.drop()
  }

  bodyEnd(trailers: HeaderList | undefined): void {
    this.#ending = { trailers }
    if (this.#takes) this.#flush()
  }

  /** The original came to its end; a copy whose body is not complete by then never will be. */
  originalEnded(): void {
    if (this.#ending === undefined) this.drop()
  }

  drop(): void {
    if (this.#ended) return
    this.#upstream!.cancel()
    this.#finish('dropped', { outcome: 'cancelled', latencyMs: this.#elapsedMs() })
  }

  // ---- the mirror's side; nobody wants its answer

  ready(upstream: ClientExchange): void {
    this.#upstream = upstream
    this.#flush()
  }

  room(): void {
    this.#flush()
  }

  head({ status }: AnswerHead): void {
    this.#status = status
  }

  data(): void {}

  end(): void {
    const latencyMs = this.#elapsedMs()
    this.#finish('answered', { outcome: 'answered', status: this.#status!, latencyMs })
  }

  fail(error: HttpClientError): void {
    this.#finish('failed', { outcome: outcomeOf(error), latencyMs: this.#elapsedMs() })
  }

  #flush(): void {
    this.#takes = true
    while (this.#takes && this.#waiting.length > 0) {
      const chunk = this.#waiting.shift()!
      this.#waitingBytes -= chunk.length
      this.#takes = this.#upstream!.put(chunk)
    }
    if (this.#takes && this.#ending !== undefined) this.#upstream!.end(this.#ending.trailers)
  }

  #finish(result: Result, call: CallResult): void {
    if (this.#ended) return
    this.#ended = true
    this.#waiting.length = 0
    this.#lease.done(call)
    this.#over(result)
  }

  #elapsedMs(): number {
    return this.#now() - this.#startMs
  }
}
