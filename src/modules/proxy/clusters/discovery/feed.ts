import { readFile } from 'node:fs/promises'
import type { ClientResponse } from '../../../../http/client/response.ts'
import type { Timer } from '../../../../kernel/clock/clock.ts'
import { readToken } from '../../identity/token-file.ts'
import type { FeedConfig } from './config.ts'
import { FeedClients, type LentClient } from './feed-clients.ts'
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
export function feedDiscovery(config: FeedConfig, world: FeedWorld, sink: EndpointSink): Disposable {
  return new Feed(config, world, sink)
}

export interface FeedWorld extends DiscoveryWorld {
  /** Of all feeds together; this one has its own connection unless given. */
  readonly feedClients?: FeedClients | undefined
}

class Feed implements Disposable {
  readonly #config: FeedConfig
  readonly #world: DiscoveryWorld
  readonly #clients: FeedClients
  readonly #sink: EndpointSink
  readonly #state = new FeedState()
  #connection: { readonly lent: LentClient; readonly stop: AbortController } | undefined
  #timer: Timer | undefined
  #failures = 0
  #ended = false

  constructor(config: FeedConfig, world: FeedWorld, sink: EndpointSink) {
    this.#config = config
    this.#world = world
    this.#clients = world.feedClients ?? new FeedClients(world.clock)
    this.#sink = sink
    void this.#turn()
  }

  [Symbol.dispose](): void {
    this.#ended = true
    this.#timer?.cancel()
    this.#hangUp()
  }

  async #turn(): Promise<void> {
    let reason: string | undefined
    try {
      reason = await this.#listen()
    } catch (error) {
      reason = (error as Error).message
    }
    this.#hangUp()
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
  async #listen(): Promise<string | undefined> {
    const response = await this.#ask()
    if (response.status === 200) return this.#follow(response)
    response.body.discard()
    if (response.status !== 204) return `it answered ${response.status}`
    this.#failures = 0
    return undefined
  }

  async #ask(): Promise<ClientResponse> {
    const { url: text, ca: caFile } = this.#config
    const url = new URL(text)
    this.#watch()
    const ca = caFile === undefined ? undefined : await readFile(caFile, 'utf8')
    const token = await this.#token()
    if (this.#ended) throw new Error('the feed is closed')
    const lent = this.#clients.lend(url, ca)
    const stop = new AbortController()
    this.#connection = { lent, stop }
    const { version } = this.#state
    return lent.client.request({
      method: 'GET',
      path: url.pathname + url.search,
      headers: {
        accept: 'application/x-ndjson',
        ...(version !== undefined && { 'outrigger-feed-version': version }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      signal: stop.signal,
    })
  }

  /** A file's token is renewed while we run. */
  async #token(): Promise<string | undefined> {
    const { token, tokenFile } = this.#config
    return tokenFile === undefined ? token?.reveal() : readToken(tokenFile, 'tokenFile')
  }

  #hangUp(): void {
    this.#connection?.stop.abort(new Error('the feed is given up'))
    this.#connection?.lent[Symbol.dispose]()
    this.#connection = undefined
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
    this.#timer = this.#world.clock.timeout(this.#config.silenceMs, () => this.#hangUp())
  }
}
