/**
 * A Kubernetes API server in memory, over HTTPS, as strict as the real one where our product meets it: objects of the
 * kinds in kinds.ts with optimistic concurrency, lists and watches, all kinds of patches, RBAC by the stored roles,
 * and the admission loop with real webhooks. Faults can be ordered. There are no controllers behind it.
 */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { Authority } from '../certificates.ts'
import { allows, forbidden, serviceAccount, type User } from './access.ts'
import type { ServiceMapping } from './admission/call.ts'
import { WebhookAdmission, type WebhookCall } from './admission/webhooks.ts'
import { internal, send, statusFault, success } from './answers.ts'
import { Ownership } from './apply.ts'
import { discovered } from './discovery.ts'
import { badRequest, Failure } from './failure.ts'
import { type Fault, Faults, type RequestSeen } from './faults.ts'
import { findKind } from './kinds.ts'
import { Lists, listOf } from './lists.ts'
import { OWN_AUDIENCE, reviewed, type Token } from './reviews.ts'
import { matchesLabels } from './selectors.ts'
import { Store } from './store.ts'
import { tableOf, wantsTable } from './table.ts'
import type { Tree } from './tree.ts'
import { Watching } from './watching.ts'
import { type Route, routeOf, wishOf } from './wish.ts'
import { create, patch, remove, replace, typed, type Write } from './writes.ts'

export interface ApiServerOptions {
  /** Its clock. Default: that of the machine. */
  readonly now?: () => number
  /** Where `name.namespace.svc:port` of webhooks is. Default: nowhere. */
  readonly services?: ServiceMapping
  /** Between bookmarks of a watch. Default a minute. */
  readonly bookmarkMs?: number
  /** The namespaces that are there from the beginning, besides `default` and `kube-system`. */
  readonly namespaces?: readonly string[]
}

const MAX_BODY_BYTES = 3 * 1024 * 1024

export class ApiServer implements AsyncDisposable {
  readonly url: URL
  /** PEM of the authority that its certificate is checked against. */
  readonly ca: string
  /** Signs certificates of clients: the common name is the user. */
  readonly clients = new Authority('kubernetes clients')
  /** A token that may do anything. */
  readonly adminToken = 'admin'
  readonly store: Store
  readonly faults = new Faults()
  /** false: an authenticator that leaves audiences out of its reviews of tokens. */
  knowsAudiences = true
  /** All requests, oldest first. */
  readonly requests: RequestSeen[] = []
  readonly #webhooks: WebhookAdmission
  readonly #tokens = new Map<string, Token>()
  readonly #lists: Lists
  readonly #ownership = new Ownership()
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #watching: Watching
  readonly #now: () => number

  static async start(options: ApiServerOptions = {}): Promise<ApiServer> {
    const api = new ApiServer(options)
    await api.#listen(0)
    return api
  }

  private constructor(options: ApiServerOptions) {
    const authority = new Authority('kubernetes')
    const { cert, key } = authority.issue('kube-apiserver', [
      'localhost',
      '127.0.0.1',
      'kubernetes.default.svc',
    ])
    this.#now = options.now ?? Date.now
    this.ca = authority.cert
    this.url = new URL('https://127.0.0.1')
    this.store = new Store(this.#now)
    this.#lists = new Lists(this.store)
    this.#watching = new Watching(this.store, this.#now, options.bookmarkMs ?? 60_000)
    this.#webhooks = new WebhookAdmission(this.store, options.services ?? (() => undefined))
    this.#tokens.set(this.adminToken, {
      user: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
      audiences: [OWN_AUDIENCE],
    })
    for (const name of ['default', 'kube-system', ...(options.namespaces ?? [])]) this.#addNamespace(name)
    this.#server = createServer({
      cert,
      key,
      ca: this.clients.cert,
      requestCert: true,
      rejectUnauthorized: false,
    })
    this.#server.on('connection', socket => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    this.#server.on('request', (request, response) => void this.#serve(request, response))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.goAway()
  }

  /** What webhooks were asked and have said. */
  get webhookCalls(): readonly WebhookCall[] {
    return this.#webhooks.calls
  }

  /** A token of a user, of whatever groups. */
  addToken(token: string, user: User, audiences: readonly string[] = [OWN_AUDIENCE]): void {
    this.#tokens.set(token, { user, audiences })
  }

  /** A token of a service account, which need not be stored. */
  tokenOf(namespace: string, account: string, audiences: readonly string[] = [OWN_AUDIENCE]): string {
    const token = `token-of-${namespace}-${account}-${this.#tokens.size}`
    this.addToken(token, serviceAccount(namespace, account), audiences)
    return token
  }

  revoke(token: string): void {
    this.#tokens.delete(token)
  }

  whoseToken(token: string): Token | undefined {
    return this.#tokens.get(token)
  }

  /** Stores a ClusterRole with these rules, and binds the user to it. */
  grant(username: string, rules: readonly Tree[]): void {
    const kind = (resource: string) => findKind('rbac.authorization.k8s.io', 'v1', resource)!
    const metadata = { name: `test:${username}` }
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name }
    this.store.create(kind('clusterroles'), { metadata, rules })
    this.store.create(kind('clusterrolebindings'), {
      metadata,
      roleRef,
      subjects: [{ kind: 'User', name: username }],
    })
  }

  /** Nothing listens any more, and all connections are broken. */
  async goAway(): Promise<void> {
    this.#watching.end()
    const closed = this.#server.listening ? once(this.#server, 'close') : undefined
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  /** On the same port. */
  async comeBack(): Promise<void> {
    await this.#listen(Number(this.url.port))
  }

  /** Breaks the connections of all watches. */
  cutWatches(): void {
    this.#watching.cut()
  }

  get watches(): number {
    return this.#watching.size
  }

  /** Tells all watches how far the history is. */
  bookmark(): void {
    this.#watching.bookmark()
  }

  /** Forgets the history: older versions are gone (410) for watches and for pages of lists. */
  compact(): void {
    this.store.compact()
    this.#lists.forget()
  }

  async #listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.url.port = String((this.#server.address() as AddressInfo).port)
  }

  #addNamespace(name: string): void {
    this.store.create(findKind('', 'v1', 'namespaces')!, {
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url)
    const outcome = { warnings: [], auditAnnotations: {} }
    const seen: RequestSeen = {
      method: request.method ?? '',
      path: url.pathname,
      user: '',
      code: 0,
      ...outcome,
    }
    this.requests.push(seen)
    response.setHeader('Date', new Date(this.#now()).toUTCString())
    response.on('error', () => {})
    let fault: Fault | undefined
    try {
      const text = await textOf(request)
      const user = this.#authenticated(request)
      seen.user = user.username
      const route = routeOf(request.method ?? '', url)
      const wish = route ? wishOf(route) : { verb: (request.method ?? '').toLowerCase(), path: url.pathname }
      Object.assign(seen, { wish, text })
      if (!allows(this.store, user, wish)) throw forbidden(user, wish)
      fault = await this.faults.next(seen)
      if (fault?.kind === 'reset' && fault.when === 'before') return void response.destroy()
      if (fault?.kind === 'status') throw statusFault(fault, response)
      if (fault?.kind === 'slow') await sleep(fault.ms)
      if (route === undefined) this.#discover(url.pathname, request, response)
      else if (route.verb === 'watch')
        this.#watching.serve(route, wantsTable(request.headers.accept ?? ''), response)
      else {
        const contentType = (request.headers['content-type'] ?? 'application/json').split(';')[0]!.trim()
        const body = await this.#act(
          route,
          { route, user, text, contentType, outcome },
          request.headers.accept ?? '',
        )
        if (fault?.kind === 'reset') return void response.destroy()
        send(response, route.verb === 'create' ? 201 : 200, body, outcome.warnings)
      }
    } catch (error) {
      const failure = error instanceof Failure ? error : internal(error)
      if (!response.headersSent) send(response, failure.code, failure.status, outcome.warnings)
      else response.destroy()
    } finally {
      seen.code = response.statusCode
    }
  }

  async #act(route: Route, write: Write, accept: string): Promise<Tree> {
    const { kind, namespace, name, verb } = route
    const context = { store: this.store, webhooks: this.#webhooks, ownership: this.#ownership }
    const shown = (object: Tree): Tree =>
      wantsTable(accept) ? tableOf(kind, [object], {}, this.#now()) : typed(kind, object)
    switch (verb) {
      case 'get':
        return shown(this.store.get(kind, namespace, name))
      case 'list': {
        const page = this.#lists.page(route)
        if (wantsTable(accept)) return tableOf(kind, page.items, page.metadata, this.#now())
        return listOf(kind, page)
      }
      case 'create':
        mustBeJson(write)
        if (route.subresource === 'eviction') {
          heldByBudget(this.store, namespace, name)
          await remove(context, {
            ...write,
            text: JSON.stringify(JSON.parse(write.text).deleteOptions ?? {}),
          })
          return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }
        }
        if (kind.review) return reviewed(kind, readReview(write.text, kind.kind), write.user, this)
        return shown(await create(context, write))
      case 'update':
        mustBeJson(write)
        return shown(await replace(context, write))
      case 'patch':
        return shown(await patch(context, write))
      case 'delete': {
        const object = await remove(context, write)
        if (kind.kind === 'Namespace' && write.route.query.get('dryRun') === null) this.#empty(name)
        return object['metadata'].deletionTimestamp === undefined
          ? success(route, object)
          : typed(kind, object)
      }
      default: {
        const page = this.#lists.page(route)
        for (const { metadata } of page.items)
          await remove(
            context,
            { ...write, route: { ...route, namespace: metadata.namespace ?? '' } },
            metadata.name,
          )
        return listOf(kind, page)
      }
    }
  }

  #discover(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'GET')
      throw new Failure(405, 'MethodNotAllowed', 'the server does not allow this method')
    const found = discovered(path)
    if (found === undefined)
      throw new Failure(404, 'NotFound', 'the server could not find the requested resource')
    if (typeof found === 'string') response.writeHead(200, { 'Content-Type': 'text/plain' }).end(found)
    else send(response, 200, found, [])
  }

  #authenticated({ headers, socket }: IncomingMessage): User {
    const { authorization } = headers
    if (authorization !== undefined) {
      const known = this.#tokens.get(/^Bearer (\S+)$/.exec(authorization)?.[1] ?? '')
      if (!known?.audiences.includes(OWN_AUDIENCE)) throw new Failure(401, 'Unauthorized', 'Unauthorized')
      return known.user
    }
    const tls = socket as TLSSocket
    if (tls.authorized) {
      const username = String(tls.getPeerCertificate().subject.CN)
      return {
        username,
        groups: ['system:authenticated', ...(username === 'admin' ? ['system:masters'] : [])],
      }
    }
    return { username: 'system:anonymous', groups: ['system:unauthenticated'] }
  }

  /** What was in a namespace goes with it. */
  #empty(namespace: string): void {
    for (const kind of namespacedKinds())
      for (const { metadata } of this.store.list(kind, namespace))
        this.store.delete(kind, namespace, metadata.name)
  }
}

function namespacedKinds() {
  return ['pods', 'services', 'secrets', 'configmaps', 'serviceaccounts', 'events'].map(
    each => findKind('', 'v1', each)!,
  )
}

/** 429 when a PodDisruptionBudget that says so holds the pod. */
function heldByBudget(store: Store, namespace: string, name: string): void {
  const pod = store.get(findKind('', 'v1', 'pods')!, namespace, name)
  const budgets = store.list(findKind('policy', 'v1', 'poddisruptionbudgets')!, namespace)
  const holds = ({ spec, status }: Tree): boolean =>
    matchesLabels(spec?.selector, pod['metadata'].labels ?? {}) && status?.disruptionsAllowed === 0
  if (!budgets.some(holds)) return
  const message = "Cannot evict pod as it would violate the pod's disruption budget."
  throw new Failure(429, 'TooManyRequests', message)
}

function mustBeJson({ contentType }: Write): void {
  if (contentType !== 'application/json')
    throw new Failure(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: application/json`,
    )
}

function readReview(text: string, kind: string): Tree {
  const review = JSON.parse(text) as Tree
  if (review['kind'] !== kind) throw badRequest(`${review['kind']} cannot be handled as a ${kind}`)
  return review
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES)
      throw new Failure(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BODY_BYTES}`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
