import { readFile } from 'node:fs/promises'
import { createHttpClient, type HttpClient } from '../../../../http/client/client.ts'
import type { ClientResponse } from '../../../../http/client/response.ts'
import type { Timer } from '../../../../kernel/clock/clock.ts'
import type { FeedConfig } from './config.ts'
import { FeedState } from './feed-state.ts'
import type { DiscoveryWorld, EndpointSink } from './source.ts'

const BASE_RETRY_MS = 250
const MAX_RETRY_MS = 30_000
/** After an answer that ended well: the next one is asked for soon, but not in a circle without pause. */
const PAUSE_MS = 100
const MAX_LINE_LENGTH = 4 * 1024 * 1024

/**
 * The client of a feed: one GET whose answer stays open and brings one line of JSON per change (see FeedState for the
 * lines). `Accept: application/x-ndjson`; `Outrigger-Feed-Version` is the version that the client holds: the server
 * goes on from there with changes, or begins with the whole list when it does not know it. 200 brings lines, 204 says
 * that nothing is new. The server sends `{}` at least every 15 s, and may end the answer whenever it likes: a server
 * that ends it after each change is a long poll. Whatever happens, the last list stays in use.
 */
export function feedDiscovery(config: FeedConfig, world: DiscoveryWorld, sink: EndpointSink): Disposable {
  return new Feed(config, world, sink)
}

class Feed implements Disposable {
  readonly #config: FeedConfig
  readonly #world: DiscoveryWorld
  readonly #sink: EndpointSink
  readonly #state = new FeedState()
  #client: HttpClient | undefined
  #timer: Timer | undefined
  #failures = 0
  #ended = false

  constructor(config: FeedConfig, world: DiscoveryWorld, sink: EndpointSink) {
    this.#config = config
    this.#world = world
    this.#sink = sink
    void this.#turn()
  }

  [Symbol.dispose](): void {
    this.#ended = true
    this.#timer?.cancel()
    this.#client?.close()
  }

  async #turn(): Promise<void> {
    let reason: string | undefined
    try {
      reason = await this.#connection()
    } catch (error) {
      reason = (error as Error).message
    }
    this.#client?.close()
    this.#timer?.cancel()
    if (this.#ended) return
    if (reason !== undefined) this.#sink.failed(`feed ${this.#config.url}: ${reason}`)
    this.#timer = this.#world.clock.timeout(this.#pauseMs(reason !== undefined), () => void this.#turn())
  }

  /** Full jitter: sidecars that lost the controller together do not come back together. */
  #pauseMs(failed: boolean): number {
    if (!failed) return PAUSE_MS
    const ceilingMs = Math.min(MAX_RETRY_MS, BASE_RETRY_MS * 2 ** Math.min(this.#failures++, 10))
    return PAUSE_MS + this.#world.random() * ceilingMs
  }

  /** One connection until its end; gives what went wrong. */
  async #connection(): Promise<string | undefined> {
    const response = await this.#ask()
    if (response.status === 200) return this.#follow(response)
    response.body.discard()
    if (response.status !== 204) return `it answered ${response.status}`
    this.#failures = 0
    return undefined
  }

  async #ask(): Promise<ClientResponse> {
    const { url: text, token, ca } = this.#config
    const url = new URL(text)
    this.#watch()
    const tls = ca === undefined ? {} : { ca: await readFile(ca) }
    const { clock } = this.#world
    if (this.#ended) throw new Error('the feed is closed')
    this.#client = createHttpClient({ origin: url, clock, tls, maxConnections: 1 })
    const { version } = this.#state
    return this.#client.request({
      method: 'GET',
      path: url.pathname + url.search,
      headers: {
        accept: 'application/x-ndjson',
        ...(version !== undefined && { 'outrigger-feed-version': version }),
        ...(token !== undefined && { authorization: `Bearer ${token.reveal()}` }),
      },
    })
  }

  async #follow({ body }: ClientResponse): Promise<string | undefined> {
    const decoder = new TextDecoder()
    let rest = ''
    for await (const chunk of body) {
      this.#watch()
      const text = decoder.decode(chunk, { stream: true })
      rest += text
      // A piece of a long line is not looked through again with each that follows.
      if (text.includes('\n')) {
        const lines = rest.split('\n')
        rest = lines.pop()!
        for (const line of lines) {
          const reason = this.#line(line)
          if (reason !== undefined) return reason
        }
      }
      if (rest.length > MAX_LINE_LENGTH) {
        // From the same version the same line would follow.
        this.#state.version = undefined
        return `a line is longer than ${MAX_LINE_LENGTH} characters`
      }
    }
    return rest === '' ? undefined : 'it broke off within a line'
  }

  #line(line: string): string | undefined {
    if (this.#ended || line.trim() === '') return undefined
    const step = this.#state.apply(line)
    if (step.kind === 'broken') return step.reason
    this.#failures = 0
    if (step.kind === 'list') this.#sink.found(step.endpoints, step.clusterIPs)
    return undefined
  }

  /** Silence means that the other side is gone, though TCP has not noticed. */
  #watch(): void {
    this.#timer?.cancel()
    this.#timer = this.#world.clock.timeout(this.#config.silenceMs, () => this.#client?.close())
  }
}
