import type { Timer } from '../../../../kernel/clock/clock.ts'
import type { EndpointSpec } from '../member.ts'
import type { DiscoveryWorld, EndpointSink } from './source.ts'

export interface Answer {
  readonly endpoints: readonly EndpointSpec[]
  /** When to ask again. */
  readonly nextMs: number
}

const FIRST_RETRY_MS = 500
const MAX_RETRY_MS = 30_000
/** Sidecars that started together spread out. */
const JITTER = 0.1

/** Asks a source again and again; after a failure sooner at first, then more and more seldom. An empty answer is a failure: nobody takes away all endpoints on purpose by DNS. */
export class Refresh implements Disposable {
  readonly #world: DiscoveryWorld
  readonly #sink: EndpointSink
  readonly #source: string
  readonly #ask: () => Promise<Answer>
  #timer: Timer | undefined
  #failures = 0
  #ended = false

  constructor(world: DiscoveryWorld, sink: EndpointSink, source: string, ask: () => Promise<Answer>) {
    this.#world = world
    this.#sink = sink
    this.#source = source
    this.#ask = ask
    void this.#turn()
  }

  [Symbol.dispose](): void {
    this.#ended = true
    this.#timer?.cancel()
  }

  async #turn(): Promise<void> {
    let answer: Answer | undefined
    let reason = 'it has no address'
    try {
      answer = await this.#ask()
    } catch (error) {
      reason = dnsReason(error as NodeJS.ErrnoException)
    }
    if (this.#ended) return
    if (answer !== undefined && answer.endpoints.length > 0) {
      this.#failures = 0
      this.#next(answer.nextMs)
      this.#sink.found(answer.endpoints)
    } else {
      this.#next(Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures++, 10)))
      this.#sink.failed(`${this.#source}: ${reason}`)
    }
  }

  #next(ms: number): void {
    const wait = ms * (1 - JITTER * this.#world.random())
    this.#timer = this.#world.clock.timeout(wait, () => void this.#turn())
  }
}

function dnsReason({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOTFOUND':
    case 'ENODATA':
      return 'it does not exist in DNS'
    case 'EAI_AGAIN':
    case 'ETIMEOUT':
    case 'ESERVFAIL':
    case 'EREFUSED':
    case 'ECONNREFUSED':
      return `no DNS answer (${code})`
    default:
      return message
  }
}
