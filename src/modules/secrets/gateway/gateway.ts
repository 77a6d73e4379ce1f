import { numberIn } from '../../../backends/vault/answers.ts'
import type { ServerRequest } from '../../../http/server/request.ts'
import type { ServerResponse } from '../../../http/server/response.ts'
import type { Host } from '../../../kernel/module.ts'
import { SourceFailure, type Upstream } from '../sources/source.ts'
import { grantOf, headersBack, headersOf, keyOf, membersOf, tokenOf } from './exchange.ts'
import { type CacheEntry, type KeptAnswer, LeaseCache } from './lease-cache.ts'
import type { ClearWish, Gateway, GatewayOptions } from './offer.ts'
import { fitsRevocation } from './revocation.ts'

export interface GatewayHost extends Pick<Host, 'clock' | 'log' | 'metrics' | 'scope' | 'signal'> {
  readonly random: () => number
  /** The server of the configuration as it is now. */
  readonly upstream: () => Upstream | undefined
}

const MAX_BODY_BYTES = 32 * 1024 * 1024
const MAX_ENTRIES = 10_000
const JSON_TYPE = { 'content-type': 'application/json' }

/** Opens a proxy in front of Vault's API; it ends with the host's scope. */
export function openGateway(options: GatewayOptions, host: GatewayHost): Gateway {
  return new VaultGateway(options, host)
}

/** Sends requests on to Vault, with the sidecar's own token where that is asked for; equal ones that come together are one. */
class VaultGateway implements Gateway {
  readonly #options: GatewayOptions
  readonly #host: GatewayHost
  readonly #cache: LeaseCache
  readonly #underWay = new Map<string, Promise<Exchange>>()
  readonly #requests: ReturnType<Host['metrics']['counter']>
  readonly #lookups: ReturnType<Host['metrics']['counter']>

  constructor(options: GatewayOptions, host: GatewayHost) {
    this.#options = options
    this.#host = host
    const { clock, random, metrics } = host
    this.#requests = metrics.counter(
      'gateway_requests_total',
      'Requests that were sent on to Vault, by what came of them.',
      ['outcome'],
    )
    this.#lookups = metrics.counter(
      'gateway_lookups_total',
      'Requests to the cache of leases, by what came of them.',
      ['outcome'],
    )
    const held = metrics.gauge('gateway_entries', 'Answers with leases and tokens that are kept.').with()
    this.#cache = new LeaseCache({
      clock,
      random,
      maxEntries: MAX_ENTRIES,
      renew: entry => this.#renew(entry),
    })
    host.scope.use(this.#cache)
    metrics.onCollect(() => held.set(this.#cache.size))
  }

  readonly handle = async (request: ServerRequest, response: ServerResponse): Promise<void> => {
    try {
      const body = await request.body.bytes(MAX_BODY_BYTES)
      const answer = await this.#answer(request, body, response.signal)
      response.send(answer.status, { ...answer.headers }, answer.body)
    } catch (error) {
      if (!(error instanceof SourceFailure)) throw error
      this.#requests.with('failed').inc()
      response.send(502, JSON_TYPE, `${JSON.stringify({ errors: [error.message] })}\n`)
    }
  }

  clear({ type, value, namespace }: ClearWish): boolean {
    const inNamespace = (entry: CacheEntry) => entry.namespace === namespace.replace(/\/+$/, '')
    const fits: Readonly<Record<string, (entry: CacheEntry) => boolean>> = {
      all: () => true,
      request_path: entry => inNamespace(entry) && entry.path === `/v1/${value.replace(/^\/?(v1\/)?/, '')}`,
      lease: ({ grant }) => grant.kind === 'lease' && grant.id === value,
      token: ({ grant, token }) => token === value || (grant.kind === 'token' && grant.id === value),
      token_accessor: ({ grant }) => grant.kind === 'token' && grant.accessor === value,
    }
    const test = Object.hasOwn(fits, type) ? fits[type] : undefined
    if (test === undefined || (type !== 'all' && value === '')) return false
    this.#cache.evict(test)
    return true
  }

  async #answer(request: ServerRequest, body: Buffer, signal: AbortSignal): Promise<KeptAnswer> {
    const upstream = this.#host.upstream()
    if (upstream === undefined) throw new SourceFailure('unavailable', 'no source is a Vault server')
    const given = tokenOf(request)
    const { useOwnToken } = this.#options
    const isWanted = useOwnToken === 'always' || (useOwnToken === 'missing' && given === undefined)
    const isOwn = isWanted && upstream.token !== undefined
    const token = isOwn ? await upstream.token?.(signal) : given
    const namespace = this.#namespaceOf(request, upstream)
    const headers = headersOf(request, token, namespace)
    const key = keyOf(request.method, request.target, headers, body)
    // Without a token somebody logs in: from then on that token is known.
    const isKnown = isOwn || token === undefined || this.#cache.knowsToken(token)
    const keeps = this.#options.cache && isKnown
    const asked = { request, body, token, isOwn, namespace, headers, key, keeps }
    if (!keeps) return (await this.#forward(upstream, asked)).answer
    // Who asks the same at the same time waits for the first one's answer: a lease is granted once.
    const shared = await this.#underWay.get(key)?.catch(() => undefined)
    const kept = this.#cache.get(key)
    this.#lookups.with(kept === undefined ? 'miss' : 'hit').inc()
    if (kept !== undefined) return withCacheFields(kept.answer, 'HIT', kept.ageMs)
    if (shared?.isShareable) return shared.answer
    const coming = this.#forward(upstream, asked).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, coming)
    return (await coming).answer
  }

  async #forward(upstream: Upstream, asked: Asked): Promise<Exchange> {
    const { request, body, token, isOwn, headers, keeps } = asked
    const { signal } = this.#host
    const sent = { method: request.method, target: request.target, headers, body }
    let answer = await upstream.forward(sent, signal)
    let used = token
    if (answer.status === 403 && isOwn && token !== undefined && (await upstream.refused(token))) {
      used = await upstream.token?.(signal)
      answer = await upstream.forward({ ...sent, headers: { ...headers, ...withToken(used) } }, signal)
    }
    this.#requests
      .with(answer.status < 400 ? 'ok' : answer.status < 500 ? 'client_error' : 'server_error')
      .inc()
    const plain = { status: answer.status, headers: headersBack(answer), body: answer.body }
    const isRead = request.method === 'GET'
    if (answer.status >= 300) return { answer: plain, isShareable: isRead }
    this.#followRevocation(request, body, used)
    if (!keeps) return { answer: plain, isShareable: false }
    const grant = grantOf(membersOf(answer.body))
    // What cannot be renewed is for the one who has asked for it, as with Vault Agent.
    if (grant?.renewable && (used !== undefined || grant.kind === 'token'))
      this.#cache.add({
        // Given out, and wiped, apart from this one.
        answer: { ...plain, body: Buffer.from(plain.body) },
        key:
          used === token
            ? asked.key
            : keyOf(request.method, request.target, { ...headers, ...withToken(used) }, body),
        grant,
        ...(used !== undefined && { token: used }),
        namespace: asked.namespace,
        path: request.path,
      })
    return { answer: withCacheFields(plain, 'MISS'), isShareable: isRead && grant === undefined }
  }

  #namespaceOf({ headers }: ServerRequest, { namespace = '' }: Upstream): string {
    const own = (headers.get('x-vault-namespace') ?? '').replace(/^\/+|\/+$/g, '')
    return [this.#options.prependNamespace ? namespace : '', own].filter(part => part !== '').join('/')
  }

  #followRevocation(request: ServerRequest, body: Buffer, token: string | undefined): void {
    const fits = fitsRevocation(request.method, request.path, membersOf(body), token)
    if (fits !== undefined) this.#cache.evict(fits)
  }

  async #renew({ grant, token, namespace }: CacheEntry): Promise<{ durationMs: number; renewable: boolean }> {
    const upstream = this.#host.upstream()
    if (upstream === undefined) throw new SourceFailure('unavailable', 'no source is a Vault server')
    const isLease = grant.kind === 'lease'
    const answer = await upstream.forward(
      {
        method: 'PUT',
        target: isLease ? '/v1/sys/leases/renew' : '/v1/auth/token/renew-self',
        headers: {
          'content-type': 'application/json',
          'x-vault-request': 'true',
          ...withToken(isLease ? token : grant.id),
          ...(namespace !== '' && { 'x-vault-namespace': namespace }),
        },
        body: Buffer.from(JSON.stringify(isLease ? { lease_id: grant.id } : {})),
      },
      this.#host.signal,
    )
    const members = membersOf(answer.body)
    if (answer.status >= 300) {
      const isPassing = answer.status >= 500 || answer.status === 429
      throw new SourceFailure(
        isPassing ? 'unavailable' : 'lost',
        `the renewal was answered with ${answer.status}`,
      )
    }
    const granted = isLease ? undefined : grantOf(members)
    return {
      durationMs: granted?.durationMs ?? (numberIn(members, 'lease_duration') ?? 0) * 1000,
      renewable: granted?.renewable ?? members?.get('renewable') === true,
    }
  }
}

/** What came of a request; whether those who have asked the same meanwhile may have it, too. */
interface Exchange {
  readonly answer: KeptAnswer
  readonly isShareable: boolean
}

/** A request on its way. */
interface Asked {
  readonly request: ServerRequest
  readonly body: Buffer
  readonly token: string | undefined
  readonly isOwn: boolean
  readonly namespace: string
  readonly headers: Readonly<Record<string, string>>
  readonly key: string
  readonly keeps: boolean
}

function withToken(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { 'x-vault-token': token }
}

function withCacheFields(answer: KeptAnswer, outcome: 'HIT' | 'MISS', ageMs = 0): KeptAnswer {
  const age = outcome === 'HIT' ? { age: String(Math.round(ageMs / 1000)) } : {}
  return { ...answer, headers: { ...answer.headers, 'x-cache': outcome, ...age } }
}
