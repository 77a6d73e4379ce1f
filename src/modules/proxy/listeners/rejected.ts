import type { HttpServerOptions } from '../../../http/server/server.ts'
import type { Watchable } from '../observation/observation.ts'
import type { ListenerParts } from './listener.ts'

/** Counts and tells what the HTTP server of a listener refuses before anybody else sees it. */
export function rejectedInput(
  listener: string,
  { metrics, failures, host }: Pick<ListenerParts, 'metrics' | 'failures' | 'host'>,
  watched: Watchable,
): NonNullable<HttpServerOptions['onRejected']> {
  return (error, client, refused) => {
    metrics.rejected.with(listener, error.reason).inc()
    const failure = refused?.status === 408 ? 'request_timeout' : 'bad_request'
    failures.tell({ listener, client }, failure, error.message)
    if (refused === undefined || watched.observer === undefined) return
    const { status, ...known } = refused
    const nowMs = host.clock.monotonic()
    watched.observer.beginOther({ client, ...known }, nowMs).end({
      ...{ view: undefined, scheme: 'http', match: undefined, backend: undefined, endpoint: undefined },
      ...{ status, failure, detail: error.message },
      ...{ bytesReceived: 0, bytesSent: 0, endMs: nowMs },
    })
  }
}
