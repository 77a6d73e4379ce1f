import type { ServerRequest } from '../../http/server/request.ts'
import type { ServerResponse } from '../../http/server/response.ts'
import { createHttpServer } from '../../http/server/server.ts'
import { formatAddress } from '../config/address.ts'
import { deadlineIn } from '../lifecycle/deadline.ts'
import type { Address, Host } from '../module.ts'
import { sendJson } from './answer.ts'
import { refusal } from './guard.ts'
import type { Route, RouteTable } from './routes.ts'

export interface AdminServerOptions {
  readonly host: Host
  readonly routes: RouteTable
  readonly address: Address
  /** Names that it answers to besides its own; they may change while it runs. */
  readonly hosts: () => readonly string[]
  /** Only routes that are public, and only reading. */
  readonly isPublic: boolean
}

/** One listener of the admin API. */
export interface AdminServer {
  /** What it is bound to. */
  readonly address: Address
  /** Lets the address go; requests under way are answered. */
  leave(): Promise<void>
  /** Breaks what is left. */
  close(): void
}

/** How long requests on an address that was given up may take. */
const LEAVE_MS = 30_000

export async function serveAdmin({
  host,
  routes,
  address,
  hosts,
  isPublic,
}: AdminServerOptions): Promise<AdminServer> {
  const requests = host.metrics.counter('requests_total', 'Requests to the admin API.', ['route', 'status'])
  let bound = address
  const server = createHttpServer({
    clock: host.clock,
    limits: { maxConnections: 256 },
    handler: async (request, response) => {
      const route = routes.find(request.path)
      const known = route && (route.isPublic || !isPublic) ? route : undefined
      try {
        await answer(request, response, known)
      } finally {
        requests.with(known?.path ?? 'none', String(response.status || 500)).inc()
      }
    },
    onError: (error, request) =>
      host.log.error('request_failed', `${request.method} ${request.path} failed`, { error }),
  })

  const answer = (request: ServerRequest, response: ServerResponse, route: Route | undefined) => {
    const { method, authority, fromLoopback } = request
    const asked = { method, authority, fromLoopback, header: (name: string) => request.headers.get(name) }
    const refused = isPublic ? undefined : refusal(asked, bound, hosts())
    if (refused) return sendJson(response, refused.status, { error: refused.message })
    if (!route)
      return sendJson(response, 404, {
        error: `there is no ${request.path}`,
        paths: pathsOf(routes, isPublic),
      })
    const handler =
      isPublic && !isReading(method) ? undefined : route.methods[method === 'HEAD' ? 'GET' : method]
    if (handler) return handler(request, response)
    const allowed = allowedMethods(route)
    return sendJson(response, 405, { error: `${route.path} takes ${allowed}` }, { Allow: allowed })
  }

  host.scope.defer(() => server.close())
  const listening = await host.listen(address, server.accept)
  bound = listening.address
  const what = isPublic ? 'health and metrics are public' : 'the admin API is'
  host.log.info('listening', `${what} at ${formatAddress(bound)}`, {
    address: formatAddress(bound),
    public: isPublic,
  })
  return {
    address: bound,
    close: () => server.close(),
    leave: async () => {
      await listening.close()
      const deadline = deadlineIn(host.clock, LEAVE_MS)
      void server.drain(deadline).finally(() => deadline[Symbol.dispose]())
    },
  }
}

function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

function allowedMethods({ methods }: Route): string {
  return Object.keys(methods)
    .flatMap(method => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    .join(', ')
}

function pathsOf(routes: RouteTable, isPublic: boolean): string[] {
  return routes.all.filter(route => route.isPublic || !isPublic).map(({ path }) => path)
}
