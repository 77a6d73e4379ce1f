import { join } from 'node:path'
import type { ServerRequest } from '../../../http/server/request.ts'
import type { ServerResponse } from '../../../http/server/response.ts'
import { createHttpServer, type Handler } from '../../../http/server/server.ts'
import { isCrossOrigin, isOurName } from '../../../kernel/admin/guard.ts'
import { formatAddress } from '../../../kernel/config/address.ts'
import type { Address, Host } from '../../../kernel/module.ts'
import { type LosslessJson, writeLossless } from '../../../wire/json/lossless.ts'
import type { ApiDeliveryConfig } from '../deliveries/api/config.ts'
import { type SecretSource, SourceFailure } from '../sources/source.ts'
import { StoreSource } from '../sources/store/source.ts'
import { StoreError } from '../store/store.ts'
import { replaceFile } from '../store/store-file.ts'
import {
  type ApiAnswer,
  ApiRefusal,
  type ApiRequest,
  DENIED,
  errors,
  NOT_FOUND,
  type Operation,
} from './answer.ts'
import { parseBody } from './body.ts'
import { answerKv, isWrite, kvPlace } from './kv-engine.ts'
import { contentOfSource, refusalOf } from './source-content.ts'
import { noRoute, publicAnswer, type SystemFacts, systemAnswer } from './system.ts'

export interface SecretsApi {
  /** As bound. */
  readonly address: Address
  /** Answers what is under way, and no more. */
  drain(deadline: { readonly signal: AbortSignal }): Promise<void>
}

export type SecretsApiHost = Pick<Host, 'clock' | 'dataDir' | 'listen' | 'log' | 'metrics' | 'scope'>

/**
 * Serves the secrets of a source as a KV engine of version 2 does. It ends with the host's scope. Rejects when the
 * address is taken, or the file of the token cannot be written.
 */
export async function openSecretsApi(
  config: ApiDeliveryConfig,
  source: SecretSource,
  host: SecretsApiHost,
): Promise<SecretsApi> {
  const token = await tokenOf(config, host)
  const api = new Api(config, source, token, host)
  const server = createHttpServer({
    handler: api.handle,
    clock: host.clock,
    limits: { maxConnections: 256 },
    onError: (error, request) =>
      host.log.error('api_request_failed', `${request.method} ${request.path} failed`, { error }),
  })
  host.scope.defer(() => server.close())
  const { listen } = config
  const address = 'path' in listen ? { ...listen, mode: Number.parseInt(config.socketMode, 8) } : listen
  const listening = await host.listen(address, server.accept)
  api.bound = listening.address
  host.log.info('api_listening', `secrets are served at ${formatAddress(listening.address)}`, {
    address: formatAddress(listening.address),
  })
  return {
    address: listening.address,
    drain: async deadline => {
      await listening.close()
      await server.drain(deadline)
    },
  }
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  GET: 'read',
  LIST: 'list',
  POST: 'write',
  PUT: 'write',
  PATCH: 'patch',
  DELETE: 'delete',
}
const FIXED_HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Content-Type': 'application/json',
}
const MERGE_PATCH = 'application/merge-patch+json'

class Api {
  bound: Address | undefined
  readonly #config: ApiDeliveryConfig
  readonly #source: SecretSource
  readonly #token: string | undefined
  readonly #tokenHash: Buffer
  readonly #host: SecretsApiHost
  readonly #startedMs: number
  readonly #requests: ReturnType<SecretsApiHost['metrics']['counter']>

  constructor(
    config: ApiDeliveryConfig,
    source: SecretSource,
    token: string | undefined,
    host: SecretsApiHost,
  ) {
    this.#config = config
    this.#source = source
    this.#token = token
    this.#tokenHash = hash(token ?? '')
    this.#host = host
    this.#startedMs = host.clock.now()
    this.#requests = host.metrics.counter('api_requests_total', 'Requests to the API for secrets.', [
      'operation',
      'status',
    ])
  }

  readonly handle: Handler = async (request, response) => {
    const operation = operationOf(request)
    try {
      send(response, await this.#answer(request, operation, response.signal))
    } finally {
      this.#requests.with(operation ?? 'other', String(response.status || 500)).inc()
    }
  }

  async #answer(
    request: ServerRequest,
    operation: Operation | undefined,
    signal: AbortSignal,
  ): Promise<ApiAnswer> {
    try {
      this.#guard(request)
      return await this.#route(await this.#parse(request, operation), request, signal)
    } catch (error) {
      if (error instanceof ApiRefusal) return error.answer
      if (error instanceof SourceFailure) return refusalOf(error).answer
      if (error instanceof StoreError) return errors(503, error.message)
      const { status } = error as { status?: number }
      if (status === 413) return errors(413, 'http: request body too large')
      throw error
    }
  }

  /** Before anything of the request is looked at. */
  #guard(request: ServerRequest): void {
    const { hosts, requireHeader } = this.#config
    const asked = { authority: request.authority, header: (name: string) => request.headers.get(name) }
    if (!request.fromLoopback) throw new ApiRefusal(DENIED)
    if (!isOurName(request.authority, this.bound!, hosts))
      throw new ApiRefusal(
        errors(
          421,
          `${JSON.stringify(request.authority)} is not a name of this listener; \`hosts\` can add it`,
        ),
      )
    if (isCrossOrigin(asked)) throw new ApiRefusal(DENIED)
    if (requireHeader && request.headers.get('x-vault-request') !== 'true')
      throw new ApiRefusal(errors(412, 'missing "X-Vault-Request" header'))
    if (request.headers.get('x-vault-wrap-ttl'))
      throw new ApiRefusal(errors(400, 'response wrapping is not served here'))
  }

  async #parse(request: ServerRequest, operation: Operation | undefined): Promise<ApiRequest> {
    if (operation === undefined) throw new ApiRefusal(errors(405))
    if (!request.path.startsWith('/v1/')) throw new ApiRefusal(NOT_FOUND)
    const contentType = (request.headers.get('content-type') ?? '').replace(/;.*/s, '').trim().toLowerCase()
    const takesBody = operation === 'write' || operation === 'patch'
    const body = takesBody ? (await request.body.bytes(this.#config.maxBodyBytes)).toString() : ''
    return {
      operation,
      path: decodedPath(request.path.slice('/v1/'.length)),
      query: request.query,
      fields: parseBody(body, contentType),
      contentType,
    }
  }

  async #route(request: ApiRequest, { headers }: ServerRequest, signal: AbortSignal): Promise<ApiAnswer> {
    const facts: SystemFacts = {
      mount: this.#config.mount,
      token: this.#token ?? '',
      startedMs: this.#startedMs,
      sealed: this.#source.health().state === 'failed',
    }
    const open = publicAnswer(request, facts, this.#host.clock.now())
    if (open !== undefined) return open
    if (!this.#knows(headers.get('x-vault-token') ?? bearer(headers.get('authorization')))) return DENIED
    if (headers.get('x-vault-namespace'))
      return noRoute(`${headers.get('x-vault-namespace')}/${request.path}`)
    const system = systemAnswer(request, facts)
    if (system !== undefined) return system
    const { mount } = this.#config
    if (request.path !== mount && !request.path.startsWith(`${mount}/`)) return noRoute(request.path)
    return this.#kv(request, request.path.slice(mount.length + 1), signal)
  }

  async #kv(request: ApiRequest, pathInMount: string, signal: AbortSignal): Promise<ApiAnswer> {
    const place = kvPlace(pathInMount)
    if (request.operation === 'patch' && request.contentType !== MERGE_PATCH)
      return errors(415, `PATCH requires Content-Type of ${MERGE_PATCH}, provided ${request.contentType}`)
    const source = this.#source
    const nowMs = this.#host.clock.now()
    if (!isWrite(request)) {
      const content =
        source instanceof StoreSource
          ? await source.store.read()
          : await contentOfSource(source, request, place, this.#startedMs, signal)
      return answerKv(request, place, content, nowMs)
    }
    if (!(source instanceof StoreSource) || !this.#config.writable) return DENIED
    return source.store.update(content => {
      const answer = answerKv(request, place, content, nowMs)
      if (answer.status >= 400) throw new ApiRefusal(answer)
      return answer
    })
  }

  #knows(given: string | undefined): boolean {
    if (!this.#config.requireToken) return true
    return (
      given !== undefined &&
      process.getBuiltinModule('node:crypto').timingSafeEqual(hash(given), this.#tokenHash)
    )
  }
}

async function tokenOf(config: ApiDeliveryConfig, host: SecretsApiHost): Promise<string | undefined> {
  if (!config.requireToken) return undefined
  if (config.token !== undefined) return config.token.reveal()
  const token = `hvs.${process.getBuiltinModule('node:crypto').randomBytes(24).toString('base64url')}`
  const path = config.tokenFile ?? join(await host.dataDir(), `${config.name ?? 'api'}.token`)
  await replaceFile(path, `${token}\n`)
  host.log.info('api_token_written', `the token of the API for secrets is in ${path}`, { path })
  return token
}

function operationOf({ method, path, query }: ServerRequest): Operation | undefined {
  if (method === 'HEAD' && path === '/v1/sys/health') return 'read'
  if (method === 'GET' && query.get('list') === 'true') return 'list'
  return Object.hasOwn(OPERATIONS, method) ? OPERATIONS[method] : undefined
}

function bearer(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : /^Bearer +(\S+)$/i.exec(authorization)?.[1]
}

function decodedPath(path: string): string {
  if (/(?:^|\/)\/|(?:^|\/)\.{1,2}(?:\/|$)/.test(path))
    throw new ApiRefusal(errors(400, 'the path has empty parts or dots'))
  try {
    return decodeURIComponent(path)
  } catch {
    throw new ApiRefusal(errors(400, 'the path is not percent-encoded'))
  }
}

function send(response: ServerResponse, { status, body }: ApiAnswer): void {
  if (body === undefined) response.send(status, FIXED_HEADERS)
  else response.send(status, FIXED_HEADERS, `${writeLossless(withRequestId(body))}\n`)
}

function withRequestId(body: LosslessJson): LosslessJson {
  if (!(body instanceof Map) || !body.has('request_id')) return body
  return new Map(body).set('request_id', process.getBuiltinModule('node:crypto').randomUUID())
}

function hash(text: string): Buffer {
  return process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest()
}
