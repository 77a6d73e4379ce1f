import { randomUUID } from 'node:crypto'
import type { Clock } from '../../../src/kernel/clock/clock.ts'
import { type Answer, envelope, forbidden, notAllowed, Refusal, seconds } from './answers.ts'
import { Database } from './database.ts'
import { VersionedKv } from './kv.ts'
import { Leases } from './leases.ts'
import { Logins } from './logins.ts'
import { type Capability, Policies } from './policies.ts'
import { type Token, Tokens } from './tokens.ts'
import { Wrapping } from './wrapping.ts'

export interface VaultRequestSeen {
  /** PUT for POST, LIST for GET with `list=true`. */
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Readonly<Record<string, unknown>>
}

const CAPABILITIES: Readonly<Record<string, Capability>> = {
  GET: 'read',
  LIST: 'list',
  PUT: 'update',
  DELETE: 'delete',
}
const SELF = /^auth\/token\/(?:lookup|renew|revoke)-self$/

/** All that one server knows. It refuses what the real one refuses. */
export class VaultState {
  readonly clock: Clock
  readonly leases: Leases
  readonly tokens: Tokens
  readonly policies = new Policies()
  readonly logins = new Logins()
  readonly wrapping: Wrapping
  readonly database: Database
  readonly root: Token
  isSealed = false
  readonly #kv = new Map<string, VersionedKv>()
  /** With their names as the header has them. */
  readonly namespaces = new Set([''])

  constructor(clock: Clock) {
    this.clock = clock
    this.leases = new Leases(clock)
    this.tokens = new Tokens(clock, token => this.leases.revokeAllOf(token))
    this.wrapping = new Wrapping(clock)
    this.database = new Database(clock, this.leases)
    this.root = this.tokens.create({ policies: ['root'] }, 'root-of-the-fake')
  }

  /** The KV version 2 at `secret/` of a namespace. */
  kv(namespace = ''): VersionedKv {
    const kv = this.#kv.get(namespace) ?? new VersionedKv(this.clock)
    this.#kv.set(namespace, kv)
    return kv
  }

  /** Undefined: 204. Throws a Refusal. */
  answer(request: VaultRequestSeen): object | undefined {
    const { path, headers } = request
    if (path === 'sys/health')
      return { initialized: true, sealed: this.isSealed, standby: false, version: '2.7.2' }
    if (this.isSealed) throw new Refusal(503, ['Vault is sealed'])
    const namespace = (headers['x-vault-namespace'] ?? '').replace(/^\/|\/$/g, '')
    if (!this.namespaces.has(namespace)) throw new Refusal(404, ['namespace not found'])
    const answer = this.#route(request, namespace)
    if (answer === undefined) return undefined
    const whole = envelope(randomUUID(), answer)
    const wrapTtl = seconds(headers['x-vault-wrap-ttl'])
    // A lease is not what anybody opens later.
    if (wrapTtl === undefined || path === 'sys/wrapping/lookup') return whole
    const inside = path === 'sys/wrapping/wrap' ? envelope(randomUUID(), { data: request.body }) : whole
    return { ...envelope('', {}), wrap_info: this.wrapping.wrap(inside, path, wrapTtl) }
  }

  #route(request: VaultRequestSeen, namespace: string): Answer | undefined {
    const { method, path, body, headers } = request
    if (path === 'sys/wrapping/lookup') return { data: this.wrapping.lookup(body['token']) }
    if (path === 'sys/wrapping/unwrap')
      return this.wrapping.unwrap(body['token'] ?? headers['x-vault-token']) as Answer
    if (/^auth\/[^/]+\/login(?:\/|$)/.test(path)) return this.#login(path, body, namespace)
    const token = this.tokens.use(headers['x-vault-token'], namespace)
    if (path.startsWith('sys/internal/ui/mounts/')) return this.#mount(path.slice(23), token)
    const isAllowed =
      (SELF.test(path) && token.policies.length > 0) ||
      this.policies.allows(token, path, CAPABILITIES[method] ?? 'update')
    if (!isAllowed) throw notAllowed()
    return this.#work(request, token, namespace)
  }

  #work(
    { method, path, query, body }: VaultRequestSeen,
    token: Token,
    namespace: string,
  ): Answer | undefined {
    if (path.startsWith('auth/token/')) return this.#token(path.slice(11), token, body, namespace)
    const secretId = /^auth\/approle\/role\/([^/]+)\/secret-id$/.exec(path)
    if (secretId !== null && method === 'PUT') return { data: this.logins.newSecretId(secretId[1]!) }
    switch (path) {
      case 'sys/leases/renew': {
        const lease = this.leases.renew(String(body['lease_id']), seconds(body['increment']))
        return {
          lease_id: lease.id,
          renewable: lease.renewable,
          lease_duration: this.leases.secondsLeft(lease),
        }
      }
      case 'sys/leases/revoke':
        this.leases.revoke(String(body['lease_id']))
        return undefined
      case 'sys/wrapping/wrap':
        return {}
      case 'sys/seal':
        this.isSealed = true
        return undefined
    }
    if (path.startsWith('secret/')) return this.kv(namespace).answer(method, path.slice(7), query, body)
    if (path.startsWith('database/') && method === 'GET')
      return this.database.read(path, path.slice(9), token)
    throw new Refusal(404, [`no handler for route "${path}". route entry not found.`])
  }

  #login(path: string, body: Readonly<Record<string, unknown>>, namespace: string): Answer {
    const spec = this.logins.login(path, body)
    // Who brings no token is not told what is mounted.
    if (spec === undefined) throw forbidden()
    return { auth: this.tokens.authOf(this.tokens.create({ path, namespace, ...spec })) }
  }

  #token(
    what: string,
    token: Token,
    body: Readonly<Record<string, unknown>>,
    namespace: string,
  ): Answer | undefined {
    switch (what) {
      case 'lookup-self':
        return { data: this.tokens.lookup(token) }
      case 'renew-self': {
        const warnings = this.tokens.renew(token, seconds(body['increment']))
        return { auth: this.tokens.authOf(token), ...(warnings.length > 0 && { warnings }) }
      }
      case 'revoke-self':
        this.tokens.revoke(token)
        return undefined
      case 'revoke': {
        const other = this.tokens.find(String(body['token']))
        if (other !== undefined) this.tokens.revoke(other)
        return undefined
      }
      case 'create': {
        const created = this.tokens.create({
          policies: (body['policies'] as string[] | undefined) ?? token.policies,
          ttl: seconds(body['ttl']) ?? 0,
          maxTtl: seconds(body['explicit_max_ttl']) ?? 0,
          period: seconds(body['period']) ?? 0,
          uses: Number(body['num_uses'] ?? 0),
          type: body['type'] === 'batch' ? 'batch' : 'service',
          parent: token,
          namespace,
        })
        return { auth: this.tokens.authOf(created) }
      }
    }
    throw forbidden()
  }

  #mount(path: string, token: Token): Answer {
    const mount = ['secret/', 'database/'].find(each => `${path}/`.startsWith(each))
    if (mount === undefined || !this.policies.shows(token, mount))
      throw new Refusal(403, [
        `preflight capability check returned 403, please ensure client's policies grant access to path "${path}/"`,
      ])
    const isKv = mount === 'secret/'
    return { data: { path: mount, type: isKv ? 'kv' : 'database', options: isKv ? { version: '2' } : null } }
  }
}
