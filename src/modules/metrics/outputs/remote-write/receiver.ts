import { HttpAuth, revealed } from '../../../../backends/http/auth.ts'
import { HttpPeer } from '../../../../backends/http/peer.ts'
import { parseRetryAfter } from '../../../../backends/http/retry-after.ts'
import type { Host } from '../../../../kernel/module.ts'
import type { RemoteWriteConfig } from './config.ts'

/** What came of one request. */
export type Verdict =
  | { readonly kind: 'done' }
  /** The same again later; `refused`: somebody has to mend something first. */
  | {
      readonly kind: 'failed'
      readonly reason: string
      readonly refused?: boolean
      readonly afterMs?: number
    }
  /** Never again. */
  | { readonly kind: 'rejected'; readonly reason: string }

const MAX_ANSWER_BYTES = 65_536
const IDLE_MS = 30_000

/** The server that takes remote writes. */
export class Receiver {
  readonly #peer: HttpPeer
  readonly #auth: HttpAuth
  readonly #path: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #clock: Host['clock']
  readonly #key: string

  constructor({ url, tls, auth, headers, timeoutMs }: RemoteWriteConfig, host: Host, key: string) {
    const { origin, pathname, search } = new URL(url)
    this.#peer = new HttpPeer(host, {
      url: origin,
      urlKey: `${key}.url`,
      tls,
      tlsKey: `${key}.tls`,
      maxConnections: 1,
      idleTimeoutMs: IDLE_MS,
      timeoutMs,
    })
    this.#auth = new HttpAuth(auth, `${key}.auth`, host.clock)
    this.#path = pathname + search
    this.#clock = host.clock
    this.#key = key
    this.#headers = {
      'user-agent': 'Outrigger',
      ...revealed(headers),
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    }
  }

  async write(body: Buffer, signal: AbortSignal): Promise<Verdict> {
    const auth = await this.#auth.headers()
    if ('failure' in auth) return auth.failure
    const answer = await this.#peer.request(
      {
        method: 'POST',
        path: this.#path,
        headers: { ...this.#headers, ...auth.headers },
        body,
        maxAnswerBytes: MAX_ANSWER_BYTES,
      },
      signal,
    )
    if ('failure' in answer) return answer.failure
    const { status } = answer
    if (status >= 200 && status < 300) return { kind: 'done' }
    const said = answer.body.toString('utf8', 0, 300).replace(/\s+/g, ' ').trim()
    const reason = said === '' ? `the server answered ${status}` : `the server answered ${status}: ${said}`
    // As the specification has it: 5xx and 429 again, and nothing else.
    if (status === 429 || status >= 500) {
      const afterMs = parseRetryAfter(answer.header('retry-after'), this.#clock.now())
      return { kind: 'failed', reason, ...(afterMs !== undefined && { afterMs }) }
    }
    return { kind: 'rejected', reason: `${reason}; ${this.#mend(status)}` }
  }

  #mend(status: number): string {
    if (status === 401 || status === 403) {
      this.#auth.forget()
      return this.#auth.mend
    }
    return status === 400 ? 'its values are lost' : `check ${this.#key}.url, its path too`
  }
}
