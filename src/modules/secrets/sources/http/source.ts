import { HttpAuth, revealed } from '../../../../backends/http/auth.ts'
import { HttpPeer, type PeerAnswer } from '../../../../backends/http/peer.ts'
import { parseRetryAfter } from '../../../../backends/http/retry-after.ts'
import type { Health } from '../../../../kernel/module.ts'
import type { LosslessJson } from '../../../../wire/json/lossless.ts'
import { type SecretData, SecretValue, type Timing } from '../../secret/value.ts'
import { type DocumentData, DocumentError, type DocumentFormat, readDocument } from '../document.ts'
import { entriesAt, WHOLE } from '../document-entries.ts'
import type { SourceHost } from '../host.ts'
import { plainPath } from '../request.ts'
import { type FailureReason, type SecretRequest, type SecretSource, SourceFailure } from '../source.ts'
import { textOrBytes } from '../whole-file.ts'
import type { HttpSourceConfig } from './config.ts'
import { freshForMs } from './freshness.ts'

type HttpHost = Pick<SourceHost, 'clock' | 'scope' | 'key' | 'name'>

const MAX_REDIRECTS = 3
const NOTHING = Buffer.alloc(0)

/** Opens the source; it asks for nothing until somebody does. */
export function openHttpSource(config: HttpSourceConfig, host: HttpHost): HttpSource {
  return new HttpSource(config, host)
}

/** An answer whose value is somebody else's to hold: as long as they do, the server need not send it again. */
interface Known {
  readonly tag: string
  readonly value: WeakRef<SecretValue>
}

/** Secrets as the answers of an HTTP server. */
export class HttpSource implements SecretSource {
  readonly intervalMs?: number
  readonly #config: HttpSourceConfig
  readonly #host: HttpHost
  readonly #origin: string
  readonly #auth: HttpAuth
  readonly #peer: HttpPeer
  readonly #known = new Map<string, Known>()
  #failure: SourceFailure | undefined

  constructor(config: HttpSourceConfig, host: HttpHost) {
    this.#config = config
    this.#host = host
    this.#origin = new URL(config.url).origin
    this.#auth = new HttpAuth(config.auth, `${host.key}.auth`, host.clock)
    this.#peer = new HttpPeer(host, {
      url: this.#origin,
      urlKey: `${host.key}.url`,
      tls: config.tls,
      tlsKey: `${host.key}.tls`,
      maxConnections: config.connections,
      idleTimeoutMs: 5000,
      timeoutMs: config.timeoutMs,
    })
    if (config.intervalMs !== undefined) this.intervalMs = config.intervalMs
  }

  async fetch(request: SecretRequest, signal: AbortSignal): Promise<SecretValue> {
    try {
      const value = await this.#fetch(request, signal)
      this.#failure = undefined
      return value
    } catch (error) {
      if (error instanceof SourceFailure)
        this.#failure = error.reason === 'missing' || error.reason === 'invalid' ? undefined : error
      throw error
    }
  }

  health(): Health {
    if (this.#failure === undefined) return { ready: true, state: 'ok' }
    return { ready: true, state: 'degraded', message: this.#failure.message }
  }

  async #fetch(request: SecretRequest, signal: AbortSignal): Promise<SecretValue> {
    signal.throwIfAborted()
    const path = plainPath(request, this.#host.name)
    const known = this.#knownOf(path)
    const answer = await this.#get(this.#placeOf(path), path, known?.tag, signal)
    const timing = this.#timingOf(answer)
    if (answer.status === 304 && known !== undefined) {
      const { data, version } = known.value
      return this.#keep(path, version, new SecretValue({ data: new Map(data), timing, version }))
    }
    if (answer.status !== 200) throw this.#refusal(answer, path)
    const data = await this.#dataOf(answer, path)
    const tag = answer.header('etag')
    return this.#keep(path, tag, new SecretValue({ data, timing, version: tag }))
  }

  /** Follows what leads to the same server; credentials go nowhere else. */
  async #get(place: string, path: string, tag: string | undefined, signal: AbortSignal): Promise<PeerAnswer> {
    const proof = await this.#auth.headers()
    if ('failure' in proof) throw new SourceFailure('forbidden', `${path}: ${proof.failure.reason}`)
    const headers = {
      accept: 'application/json, */*;q=0.5',
      ...revealed(this.#config.headers),
      ...proof.headers,
      ...(tag !== undefined && { 'if-none-match': tag }),
    }
    for (let redirects = 0, at = place; ; redirects++) {
      const { maxSizeBytes: maxAnswerBytes } = this.#config
      const answer = await this.#peer.request(
        { method: 'GET', path: at, headers, body: NOTHING, maxAnswerBytes },
        signal,
      )
      signal.throwIfAborted()
      if ('failure' in answer) throw new SourceFailure('unavailable', `${path}: ${answer.failure.reason}`)
      const location = [301, 302, 303, 307, 308].includes(answer.status)
        ? answer.header('location')
        : undefined
      if (location === undefined) return answer
      at = this.#redirected(location, at, path, redirects)
    }
  }

  #redirected(location: string, from: string, path: string, redirects: number): string {
    const base = `${this.#origin}${from}`
    const next = URL.canParse(location, base) ? new URL(location, base) : undefined
    if (next?.origin !== this.#origin)
      throw new SourceFailure(
        'invalid',
        `${path}: ${this.#origin} sends us to another server; we do not follow`,
      )
    if (redirects === MAX_REDIRECTS)
      throw new SourceFailure(
        'invalid',
        `${path}: ${this.#origin} sends us on more than ${MAX_REDIRECTS} times`,
      )
    return `${next.pathname}${next.search}`
  }

  #placeOf(path: string): string {
    const names = path.split('/')
    if (this.#isTemplate && names.some(name => name === '.' || name === '..'))
      throw new SourceFailure('invalid', `${path}: expected a path without . and ..`)
    const encoded = names.map(encodeURIComponent).join('/')
    const { pathname, search } = new URL(this.#config.url.replaceAll('{path}', () => encoded))
    return `${pathname}${search}`
  }

  get #isTemplate(): boolean {
    return this.#config.url.includes('{path}')
  }

  async #dataOf(answer: PeerAnswer, path: string): Promise<SecretData> {
    const document = await this.#documentOf(answer, path)
    const { pointer } = this.#config
    const found = pointer === undefined ? document : at(document, pointer)
    if (found === undefined)
      throw new SourceFailure('missing', `${path}: the answer has nothing at ${pointer}`)
    const content: DocumentData = found instanceof Map ? found : new Map([['value', found]])
    const data = this.#isTemplate ? content : entriesAt(content, path)
    if (data === undefined)
      throw new SourceFailure(
        'missing',
        `the answer of ${this.#origin} has nothing at ${path}; ${WHOLE} is the whole of it`,
      )
    return data as SecretData
  }

  async #documentOf(answer: PeerAnswer, path: string): Promise<DocumentData> {
    const format = this.#config.format ?? formatOfType(answer.header('content-type'))
    const text = textOrBytes(answer.body)
    answer.body.fill(0)
    if (typeof text !== 'string')
      throw new SourceFailure('invalid', `${path}: the answer is no text in UTF-8`)
    try {
      return await readDocument(text, format)
    } catch (error) {
      if (!(error instanceof DocumentError)) throw error
      throw new SourceFailure('invalid', `${path}: the answer (${format}): ${error.message}`)
    }
  }

  #refusal({ status, header }: PeerAnswer, path: string): SourceFailure {
    if (status === 401) this.#auth.forget()
    const reason = reasonOf(status)
    const retryAfterMs = parseRetryAfter(header('retry-after'), this.#host.clock.now())
    const mend = reason === 'forbidden' ? `; ${this.#auth.mend}` : ''
    return new SourceFailure(reason, `${path}: ${this.#origin} answered ${status}${mend}`, {
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    })
  }

  #timingOf(answer: PeerAnswer): Timing {
    if (this.intervalMs !== undefined) return { kind: 'static' }
    const askAfterMs = freshForMs(name => answer.header(name), this.#host.clock.now())
    return { kind: 'static', ...(askAfterMs !== undefined && { askAfterMs }) }
  }

  #knownOf(path: string): { readonly tag: string; readonly value: SecretValue } | undefined {
    const known = this.#known.get(path)
    const value = known?.value.deref()
    if (known !== undefined && value !== undefined) return { tag: known.tag, value }
    this.#known.delete(path)
    return undefined
  }

  #keep(path: string, tag: string | undefined, value: SecretValue): SecretValue {
    if (tag === undefined) this.#known.delete(path)
    else this.#known.set(path, { tag, value: new WeakRef(value) })
    return value
  }
}

function formatOfType(type = ''): DocumentFormat {
  if (/[/+]json\b/i.test(type)) return 'json'
  return /[/+](?:x-)?yaml\b/i.test(type) ? 'yaml' : 'text'
}

function reasonOf(status: number): FailureReason {
  if (status === 401 || status === 403 || status === 407) return 'forbidden'
  if (status === 404 || status === 410 || status === 204) return 'missing'
  if (status === 408 || status === 425 || status === 429 || status >= 500) return 'unavailable'
  return 'invalid'
}

/** RFC 6901. */
function at(document: DocumentData, pointer: string): LosslessJson | undefined {
  let value: LosslessJson | undefined = document
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (value instanceof Map) value = value.get(name) as LosslessJson | undefined
    else if (Array.isArray(value) && /^(?:0|[1-9]\d{0,8})$/.test(name)) value = value[Number(name)]
    else return undefined
  }
  return value
}
