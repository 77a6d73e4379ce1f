import { createHttpClient, type HttpClient } from '../../http/client/client.ts'
import type { ClientTls } from '../../http/client/dial.ts'
import { HttpClientError } from '../../http/client/error.ts'
import type { ClientResponse } from '../../http/client/response.ts'
import type { Clock } from '../../kernel/clock/clock.ts'
import type { ClusterAccess } from './access.ts'
import { type Attempt, type FailureStatus, KubernetesError } from './error.ts'

/** One request as the verbs of the client make it. */
export interface Call {
  readonly attempt: Attempt
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly body?: unknown
  /** Of the body. Default application/json. */
  readonly contentType?: string
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

export interface TransportOptions {
  readonly access: ClusterAccess
  readonly clock: Clock
  readonly userAgent: string
  /** Sentences that the server sends along, for people (Warning, code 299). */
  readonly onWarning?: (text: string) => void
}

/** Watches hold a connection each. */
const MAX_CONNECTIONS = 64
const MAX_FAILURE_BYTES = 256 * 1024
/** A server that is too busy has done nothing yet (429) and says when to come back; so often we do. */
const MAX_BUSY_ANSWERS = 4
const MAX_BUSY_WAIT_MS = 10_000

/** Sends requests to one API server, with credentials and certificates as they are now. */
export class Transport {
  readonly #options: TransportOptions
  readonly #retired = new Set<HttpClient>()
  #http: HttpClient | undefined
  #tls: ClientTls | undefined
  #closed = false
  #serverMs: number | undefined
  #serverAtMs = 0

  constructor(options: TransportOptions) {
    this.#options = options
  }

  /** The server's time by the Date of its last answer; undefined before the first. Jumps of the own clock do not matter. */
  get serverNow(): number | undefined {
    if (this.#serverMs === undefined) return undefined
    return this.#serverMs + this.#options.clock.monotonic() - this.#serverAtMs
  }

  /** Resolves with an answer of 2xx. Rejects with KubernetesError for any other, HttpClientError when there is none. */
  async send(call: Call): Promise<ClientResponse> {
    let busy = 0
    let refused = false
    for (;;) {
      const response = await this.#once(call)
      if (response.status >= 200 && response.status < 300) {
        this.#warnings(response)
        return response
      }
      const status = await failureOf(response)
      // A token that was replaced may be read already on the next try.
      if (response.status === 401 && !refused) {
        refused = true
        this.#options.access.forget()
        continue
      }
      if (response.status === 429 && busy < MAX_BUSY_ANSWERS) {
        busy++
        await this.#options.clock.sleep(waitMs(response, status), call.signal)
        continue
      }
      throw new KubernetesError(call.attempt, response.status, status)
    }
  }

  close(): void {
    this.#closed = true
    this.#http?.close()
    for (const client of this.#retired) client.close()
  }

  async #once({ method, path, body, contentType, timeoutMs, signal }: Call): Promise<ClientResponse> {
    const { access, clock, userAgent } = this.#options
    const authorization = await access.authorization()
    const client = await this.#client()
    const response = await client.request({
      method,
      path,
      headers: {
        Accept: 'application/json',
        'User-Agent': userAgent,
        ...(authorization !== undefined && { Authorization: authorization }),
        ...(body !== undefined && { 'Content-Type': contentType ?? 'application/json' }),
      },
      ...(body !== undefined && { body: Buffer.from(JSON.stringify(body)) }),
      timeoutMs,
      ...(signal && { signal }),
    })
    const date = Date.parse(response.headers.get('date') ?? '')
    if (!Number.isNaN(date)) {
      this.#serverMs = date
      this.#serverAtMs = clock.monotonic()
    }
    return response
  }

  async #client(): Promise<HttpClient> {
    const { access, clock } = this.#options
    const tls = await access.tls()
    if (this.#closed)
      throw new HttpClientError('closed', `the client of ${access.url.host} is closed`, { unsent: true })
    if (this.#http !== undefined && tls === this.#tls) return this.#http
    for (const client of this.#retired) {
      if (client.connections > 0) continue
      client.close()
      this.#retired.delete(client)
    }
    if (this.#http !== undefined) this.#retired.add(this.#http)
    this.#tls = tls
    this.#http = createHttpClient({
      origin: access.url,
      clock,
      tls,
      maxConnections: MAX_CONNECTIONS,
      idleTimeoutMs: 30_000,
    })
    return this.#http
  }

  #warnings({ headers }: ClientResponse): void {
    const { onWarning } = this.#options
    if (onWarning === undefined) return
    for (const [name, value] of headers) {
      if (name.toLowerCase() !== 'warning') continue
      const text = /^299 \S+ "((?:[^"\\]|\\.)*)"/.exec(value)?.[1]
      if (text !== undefined) onWarning(Buffer.from(text.replace(/\\(.)/g, '$1'), 'latin1').toString('utf8'))
    }
  }
}

async function failureOf(response: ClientResponse): Promise<FailureStatus> {
  let text = ''
  try {
    text = (await response.body.bytes(MAX_FAILURE_BYTES)).toString('utf8')
    const status: unknown = JSON.parse(text)
    if (typeof status === 'object' && status !== null) return status as FailureStatus
  } catch {
    // What stands between us and the server answers in words of its own.
  }
  return { message: text.slice(0, 300).trim() || `it answered ${response.status}` }
}

function waitMs(response: ClientResponse, { details }: FailureStatus): number {
  const seconds = Number(response.headers.get('retry-after') ?? details?.retryAfterSeconds ?? 1)
  return Math.min(Math.max(Number.isFinite(seconds) ? seconds : 1, 0.1) * 1000, MAX_BUSY_WAIT_MS)
}
