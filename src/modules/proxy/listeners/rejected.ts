import type { HttpServerOptions } from '../../../http/server/server.ts'
import type { FailureCode } from '../failure.ts'
import type { Watchable } from '../observation/observation.ts'
import type { ListenerParts } from './listener.ts'

/** What the HTTP server of a listener refuses before anybody else sees it: counted, told, and answered with its code. */
export function rejectedInput(
  listener: string,
  { metrics, failures, host }: Pick<ListenerParts, 'metrics' | 'failures' | 'host'>,
  watched: Watchable,
): Required<Pick<HttpServerOptions, 'onRejected' | 'refusalFields'>> {
  return {
    refusalFields: status => ({ 'outrigger-error': codeOf(status) }),
    onRejected(error, client, refused) {
      const failure = codeOf(refused?.status)
      metrics.rejected.with(listener, error.reason, failure).inc()
      // Where a handler has the request it tells of its end, with the same code.
      if (refused === undefined) return
      failures.tell({ listener, client }, failure, error.message)
      if (watched.observer === undefined) return
      const { status, ...known } = refused
      const nowMs = host.clock.monotonic()
      watched.observer.beginOther({ client, ...known }, nowMs).end({
        ...{ view: undefined, scheme: 'http', match: undefined, backend: undefined, endpoint: undefined },
        ...{ status, failure, detail: error.message },
        ...{ bytesReceived: 0, bytesSent: 0, endMs: nowMs },
      })
    },
  }
}

function codeOf(status: number | undefined): FailureCode {
  return status === 408 ? 'request_timeout' : 'bad_request'
}
