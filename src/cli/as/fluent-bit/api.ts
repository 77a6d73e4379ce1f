import { hostname } from 'node:os'
import { createHttpServer, type Handler } from '../../../http/server/server.ts'
import type { AnyModule } from '../../../kernel/config/load.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import type { Sidecar } from '../../../kernel/lifecycle/sidecar.ts'
import { errorText } from '../../../kernel/log/format.ts'
import type { Address, Host } from '../../../kernel/module.ts'
import {
  type Counters,
  countersOf,
  type PipelineNames,
} from '../../../personalities/fluent-bit/api/counters.ts'
import {
  buildDocument,
  metricsDocument,
  pluginsDocument,
  storageDocument,
  uptimeDocument,
} from '../../../personalities/fluent-bit/api/documents.ts'
import {
  metricsV2,
  type ProcessFacts,
  prometheusV1,
  prometheusV2,
  textV2,
} from '../../../personalities/fluent-bit/api/exposition.ts'
import type { Service } from '../../../personalities/fluent-bit/service.ts'
import { HealthCheck } from './health-check.ts'

/** What the API tells of; asked at each request, because a reload changes it. */
export interface ApiSubject {
  readonly sidecar: Sidecar
  readonly names: PipelineNames
  readonly service: Service
}

const apiConfig = s.object(
  { listen: s.address({ about: 'Where the HTTP API listens; nowhere unless given.', optional: true }) },
  { about: 'What Fluent Bit tells of itself: as metrics, and by its HTTP API.' },
)

type ApiConfig = Infer<typeof apiConfig>

/** Fluent Bit's own metrics and its HTTP API as a module of the same kernel, so that it starts, reloads and ends with the others. */
export function apiModule(subject: () => ApiSubject): AnyModule {
  return {
    name: 'fluent-bit',
    config: apiConfig,
    async start({ listen }: ApiConfig, host: Host) {
      host.metrics.contribute(own => metricsV2(countersOf(own, subject().names), factsOf(subject())))
      if (listen !== undefined) await serve(listen, subject, host)
      return { offer: undefined, health: () => ({ ready: true, state: 'ok' as const }) }
    },
  }
}

async function serve(listen: Address, subject: () => ApiSubject, host: Host): Promise<void> {
  const health = new HealthCheck(
    host.clock,
    () => counters(subject()),
    () => subject().service.healthCheck,
  )
  host.scope.use(health)
  const routes = routesOf(subject, health)
  const server = createHttpServer({
    clock: host.clock,
    limits: { maxConnections: 256 },
    handler: async (request, response) => {
      const path = request.path.replace(/(?<=.)\/+$/, '')
      const route = routes[path] ?? (subject().service.chunkTrace ? tracing(path) : undefined)
      const handler = route?.[request.method === 'HEAD' ? 'GET' : request.method]
      if (handler) await handler(request, response)
      else response.send(route === undefined ? 404 : 405, { 'Content-Type': 'text/plain' }, '')
    },
    onError: (error, request) =>
      host.log.error('request_failed', `${request.method} ${request.path} failed`, { error }),
  })
  host.scope.defer(() => server.close())
  try {
    await host.listen(listen, server.accept)
  } catch (error) {
    throw new Error(`http_server: ${errorText(error)}`, { cause: error })
  }
}

type Routes = Readonly<Record<string, Readonly<Record<string, Handler>>>>

function routesOf(subject: () => ApiSubject, health: HealthCheck): Routes {
  const json =
    (document: () => object): Handler =>
    (_, response) =>
      response.send(200, { 'Content-Type': 'application/json' }, `${JSON.stringify(document())}\n`)
  const text =
    (document: () => string): Handler =>
    (_, response) =>
      response.send(200, { 'Content-Type': 'text/plain; version=0.0.4' }, document())
  const healthy: Handler = (_, response) => {
    const ok = health.isOk()
    response.send(ok ? 200 : 500, { 'Content-Type': 'text/plain' }, ok ? 'ok\n' : 'error\n')
  }
  const reload: Handler = async (_, response) => {
    const { sidecar, service } = subject()
    if (!service.hotReload)
      return response.send(
        400,
        { 'Content-Type': 'application/json' },
        '{"reload":"not enabled","status":-1}\n',
      )
    const { outcome } = await sidecar.reload('request')
    const done = outcome === 'applied' || outcome === 'unchanged'
    response.send(
      done ? 200 : 400,
      { 'Content-Type': 'application/json' },
      `${JSON.stringify({ reload: done ? 'done' : 'failed', status: done ? 0 : -1 })}\n`,
    )
  }
  const now = () => counters(subject())
  return {
    '/': { GET: json(buildDocument) },
    '/api/v1/uptime': { GET: json(() => uptimeDocument(subject().sidecar.uptimeMs())) },
    '/api/v1/metrics': { GET: json(() => metricsDocument(now())) },
    '/api/v1/metrics/prometheus': { GET: text(() => prometheusV1(now(), factsOf(subject()))) },
    '/api/v1/storage': { GET: json(() => storageDocument(now())) },
    '/api/v1/plugins': { GET: json(pluginsDocument) },
    '/api/v1/health': { GET: healthy },
    '/api/v2/health': { GET: healthy },
    '/api/v2/metrics': { GET: text(() => textV2(now(), factsOf(subject()))) },
    '/api/v2/metrics/prometheus': { GET: text(() => prometheusV2(now(), factsOf(subject()))) },
    '/api/v2/reload': {
      GET: json(() => ({ hot_reload_count: reloadsOf(subject()) })),
      POST: reload,
      PUT: reload,
    },
  }
}

const noTracing: Handler = (_, response) =>
  response.send(
    503,
    { 'Content-Type': 'application/json' },
    '{"status":"error","message":"chunks are not traced; outrigger logs tail shows what passes"}\n',
  )

/** The endpoints that chunk tracing has where it is switched on. */
function tracing(path: string): Routes[string] | undefined {
  if (!/^\/api\/v1\/(traces$|trace\/)/.test(path)) return undefined
  return { GET: noTracing, POST: noTracing, DELETE: noTracing }
}

function counters({ sidecar, names }: ApiSubject): Counters {
  return countersOf(sidecar.registry.collect(), names)
}

function reloadsOf({ sidecar }: ApiSubject): number {
  return sidecar.reloads.filter(({ outcome }) => outcome === 'applied' || outcome === 'unchanged').length
}

function factsOf(subject: ApiSubject): ProcessFacts {
  const { startedAtMs } = subject.sidecar
  return {
    startedAtMs,
    uptimeMs: subject.sidecar.uptimeMs(),
    hostname: hostname(),
    reloads: reloadsOf(subject),
  }
}
