/** The part of a Kubernetes API server that reviews tokens, as strict as the real one: what it does not know it refuses. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Authority } from '../certificates.ts'

export interface ApiServerOptions {
  /** What the bearer of a token may create, by its plural name. */
  readonly callers: Readonly<Record<string, readonly string[]>>
  /** Whose the tokens are that are reviewed, and for whom they were made. */
  readonly tokens: Readonly<
    Record<string, { readonly username: string; readonly audiences: readonly string[] }>
  >
}

/** The audience of tokens that ask for none. */
const OWN_AUDIENCE = 'https://kubernetes.default.svc'

export class FakeApiServer implements AsyncDisposable {
  readonly url: URL
  readonly ca: string
  /** false: an authenticator that leaves audiences out of its answer. */
  knowsAudiences = true
  readonly #server: Server

  static async start(options: ApiServerOptions): Promise<FakeApiServer> {
    const authority = new Authority('kubernetes')
    const { cert, key } = authority.issue('kube-apiserver', ['localhost', '127.0.0.1'])
    const server = createServer({ cert, key })
    const fake = new FakeApiServer(server.listen(0, '127.0.0.1'), authority.cert, options)
    await once(server, 'listening')
    fake.url.port = String((server.address() as AddressInfo).port)
    return fake
  }

  private constructor(server: Server, ca: string, options: ApiServerOptions) {
    this.url = new URL('https://127.0.0.1')
    this.ca = ca
    this.#server = server
    server.on('request', async (request, response) => {
      const [code, body] = this.#answer(request, await textOf(request), options)
      response.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  #answer(request: IncomingMessage, text: string, { callers, tokens }: ApiServerOptions): [number, object] {
    const caller = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    if (!Object.hasOwn(callers, caller)) return failure(401, 'Unauthorized', 'Unauthorized')
    if (request.url !== '/apis/authentication.k8s.io/v1/tokenreviews')
      return failure(404, 'NotFound', 'the server could not find the requested resource')
    if (request.method !== 'POST')
      return failure(405, 'MethodNotAllowed', 'the server does not allow this method')
    if (!callers[caller]!.includes('tokenreviews'))
      return failure(
        403,
        'Forbidden',
        'tokenreviews.authentication.k8s.io is forbidden: cannot create resource',
      )
    if (request.headers['content-type'] !== 'application/json')
      return failure(415, 'UnsupportedMediaType', 'the body of the request was in an unknown format')
    const review = JSON.parse(text)
    const { apiVersion, kind, spec = {} } = review
    if (apiVersion !== 'authentication.k8s.io/v1' || kind !== 'TokenReview')
      return failure(400, 'BadRequest', `${kind} in version ${apiVersion} cannot be handled as a TokenReview`)
    if (typeof spec.token !== 'string' || spec.token === '')
      return failure(422, 'Invalid', 'spec.token: Required value')
    return [201, { ...review, metadata: {}, status: this.#review(spec, tokens) }]
  }

  #review(
    { token, audiences = [OWN_AUDIENCE] }: { token: string; audiences?: readonly string[] },
    tokens: ApiServerOptions['tokens'],
  ): object {
    const known = Object.hasOwn(tokens, token) ? tokens[token] : undefined
    const shared = known?.audiences.filter(one => audiences.includes(one)) ?? []
    if (known === undefined || (this.knowsAudiences && shared.length === 0))
      return { user: {}, error: '[invalid bearer token, token lookup failed]' }
    const user = { username: known.username, uid: 'd2c7…', groups: ['system:authenticated'] }
    return { authenticated: true, user, ...(this.knowsAudiences && { audiences: shared }) }
  }
}

function failure(code: number, reason: string, message: string): [number, object] {
  return [code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code }]
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const part of request) text += part
  return text
}
