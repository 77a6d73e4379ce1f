import type { ServerRequest } from '../../http/server/request.ts'
import type { ServerResponse } from '../../http/server/response.ts'
import type { Handler } from '../../http/server/server.ts'
import { openMetricsText, prometheusText } from '../../wire/prometheus/exposition.ts'
import { negotiateExposition } from '../../wire/prometheus/negotiate.ts'
import type { Sidecar } from '../lifecycle/sidecar.ts'
import type { Level } from '../log/log.ts'
import { LEVELS } from '../log/logger.ts'
import { sendJson, sendText } from './answer.ts'
import { page } from './page.ts'
import type { Route } from './routes.ts'
import { statusOf } from './status.ts'

/** The kernel's own routes. */
export function adminRoutes(sidecar: Sidecar): Route[] {
  const get = (path: string, about: string, handler: Handler, isPublic = false): Route => ({
    path,
    about,
    methods: { GET: handler },
    isPublic,
  })
  const post = (path: string, about: string, handler: Handler): Route => ({
    path,
    about,
    methods: { POST: handler },
  })
  return [
    get('/', 'This page', (_, response) => sendPage(sidecar, response)),
    get(
      '/healthz',
      'Whether the process is alive',
      (_, response) => sendJson(response, 200, sidecar.health()),
      true,
    ),
    get(
      '/readyz',
      'Whether every module is ready: 200, else 503',
      (_, response) => sendReadiness(sidecar, response),
      true,
    ),
    get('/status', 'Modules, health, versions and reloads', (_, response) =>
      sendJson(response, 200, statusOf(sidecar)),
    ),
    get('/config', 'The configuration that runs, with defaults, without secrets', (_, response) =>
      sendJson(response, 200, sidecar.configuration.effective()),
    ),
    get(
      '/metrics',
      'Metrics for Prometheus',
      (request, response) => sendMetrics(sidecar, request, response),
      true,
    ),
    {
      path: '/log-level',
      about: "The level of the sidecar's own log; PUT changes it",
      methods: {
        GET: (_, response) => sendJson(response, 200, { level: sidecar.logger.level }),
        PUT: (request, response) => putLevel(sidecar, request, response),
      },
    },
    post('/reload', 'Take the configuration file over as it is now', (_, response) =>
      reload(sidecar, response),
    ),
    post('/drain', 'Stop taking in, finish what is under way, be ready no more', (_, response) =>
      drain(sidecar, response),
    ),
    post('/quitquitquit', 'End the process in good order', (_, response) => quit(sidecar, response)),
  ]
}

function sendPage(sidecar: Sidecar, response: ServerResponse): void {
  const policy =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
  sendText(response, 'text/html; charset=utf-8', page(statusOf(sidecar), sidecar.routes.all), {
    'Content-Security-Policy': policy,
  })
}

function sendReadiness(sidecar: Sidecar, response: ServerResponse): void {
  const health = sidecar.health()
  sendJson(response, health.ready ? 200 : 503, health)
}

function sendMetrics(sidecar: Sidecar, request: ServerRequest, response: ServerResponse): void {
  const { format, contentType } = negotiateExposition(request.headers.get('accept'))
  const families = sidecar.registry.collect()
  sendText(response, contentType, format === 'text' ? prometheusText(families) : openMetricsText(families), {
    Vary: 'Accept',
  })
}

/** The level as a bare word, in quotes, or as `{"level": "debug"}`. */
async function putLevel(sidecar: Sidecar, request: ServerRequest, response: ServerResponse): Promise<void> {
  const text = (await request.body.bytes(1024)).toString()
  const level = /^\s*(?:\{\s*"level"\s*:\s*)?"?([a-z]+)"?\s*\}?\s*$/i.exec(text)?.[1]?.toLowerCase()
  if (!isLevel(level)) {
    sendJson(response, 400, { error: `expected one of ${LEVELS.join(', ')}, got ${JSON.stringify(text)}` })
    return
  }
  sidecar.setLogLevel(level)
  sendJson(response, 200, { level })
}

function isLevel(text: string | undefined): text is Level {
  return (LEVELS as readonly (string | undefined)[]).includes(text)
}

async function reload(sidecar: Sidecar, response: ServerResponse): Promise<void> {
  const result = await sidecar.reload('request')
  const status = { applied: 200, unchanged: 200, rejected: 422, rolled_back: 500 }[result.outcome]
  sendJson(response, status, result)
}

function drain(sidecar: Sidecar, response: ServerResponse): void {
  void sidecar.drain()
  sendJson(response, 202, sidecar.health())
}

function quit(sidecar: Sidecar, response: ServerResponse): void {
  sendJson(response, 202, { message: 'the sidecar ends' })
  sidecar.quit()
}
