import type { ServerRequest } from '../../../http/server/request.ts'
import type { Level, Log } from '../../../kernel/log/log.ts'
import { FAILURES, type FailureCode } from '../failure.ts'
import type { Conclusion, Observed } from '../observation/observed.ts'

/** How much somebody should look at a failure: those of backends are ours to mend, those of clients are theirs. */
const LEVEL: Readonly<Partial<Record<FailureCode, Level>>> = {
  client_gone: 'debug',
  bad_request: 'info',
  request_timeout: 'info',
  route_not_found: 'info',
  denied: 'info',
  unauthenticated: 'info',
  rate_limited: 'info',
  body_too_large: 'info',
  fault_injected: 'info',
  draining: 'info',
}

/** Whom and what a failure concerns. Queries may hold secrets, so they are left out. */
export interface FailureScene {
  readonly listener: string
  readonly route?: string | undefined
  readonly upstream?: string | undefined
  readonly endpoint?: string | undefined
  readonly client: string
  readonly identity?: string | undefined
  readonly method?: string
  readonly host?: string
  readonly path?: string
  readonly status?: number
  readonly request_id?: string | undefined
  readonly trace_id?: string | undefined
}

/**
 * Says in the sidecar's log why requests fail. The event is the failure's code, the same as in the answer and in the
 * metric, so that the log's limit holds for each code by itself.
 */
export class FailureLog {
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  request(
    listener: string,
    request: ServerRequest,
    code: FailureCode,
    how: Conclusion,
    observed: Observed | undefined,
  ): void {
    const scene = {
      listener,
      route: how.match?.rule.name,
      upstream: how.backend?.cluster,
      endpoint: how.endpoint?.key,
      client: request.remoteAddress,
      identity: how.view?.peer.identity,
      method: request.method,
      host: request.authority,
      path: request.path,
      status: how.status,
      request_id: observed?.requestId,
      trace_id: observed?.trace?.traceId,
    }
    this.tell(scene, code, how.detail)
  }

  tell(scene: FailureScene, code: FailureCode, detail: string): void {
    const level = LEVEL[code] ?? 'warn'
    const { about } = FAILURES[code]
    const message = detail === '' || detail.startsWith(about) ? detail || about : `${about}: ${detail}`
    const fields: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(scene))
      if (value !== undefined && value !== '') fields[name] = value
    this.#log[level](code, message, fields)
  }
}
