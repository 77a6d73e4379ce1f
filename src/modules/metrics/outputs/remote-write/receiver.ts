import type { AwsSigner } from '../../../../backends/aws/signer.ts'
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

/** `key`: where the options stand, for messages. */
export async function openReceiver(config: RemoteWriteConfig, host: Host, key: string): Promise<Receiver> {
  const { aws } = config
  if (!aws) return new Receiver(config, host, key, undefined)
  const { AwsSigner } = await import('../../../../backends/aws/signer.ts')
  const signer = new AwsSigner({ config: aws, host, key: `${key}.aws`, service: aws.service })
  return new Receiver(config, host, key, signer)
}

/** The server that takes remote writes. */
export class Receiver {
  readonly #peer: HttpPeer
  readonly #auth: HttpAuth
  readonly #signer: AwsSigner | undefined
  readonly #path: string
  readonly #query: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #clock: Host['clock']
  readonly #key: string

  constructor(
    { url, tls, auth, headers, timeoutMs }: RemoteWriteConfig,
    host: Host,
    key: string,
    signer: AwsSigner | undefined,
  ) {
    const { origin, host: authority, pathname, search } = new URL(url)
    this.#signer = signer
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
    this.#path = pathname
    this.#query = search.slice(1)
    this.#clock = host.clock
    this.#key = key
    this.#headers = {
      'user-agent': 'Outrigger',
      ...revealed(headers),
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
      ...(signer && { host: authority }),
    }
  }

  async write(body: Buffer, signal: AbortSignal): Promise<Verdict> {
    const proven = await this.#proven(body)
    if ('failure' in proven) return proven.failure
    const answer = await this.#peer.request(
      {
        method: 'POST',
        path: this.#query === '' ? this.#path : `${this.#path}?${this.#query}`,
        headers: proven.headers,
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

  /** The headers of a request with what proves who we are. */
  async #proven(body: Buffer) {
    const headers = this.#headers
    if (this.#signer)
      return await this.#signer.sign({ method: 'POST', path: this.#path, query: this.#query, headers, body })
    const auth = await this.#auth.headers()
    return 'failure' in auth ? auth : { headers: { ...headers, ...auth.headers } }
  }

  #mend(status: number): string {
    if (status === 401 || status === 403) {
      const proof = this.#signer ?? this.#auth
      proof.forget()
      return proof.mend
    }
    return status === 400 ? 'its values are lost' : `check ${this.#key}.url, its path too`
  }
}
