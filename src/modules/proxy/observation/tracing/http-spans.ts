import type { Attributes, Span } from '../../../../wire/otlp/span.ts'
import type { CallResult, Endpoint } from '../../clusters/cluster.ts'
import { protocolOf } from '../access-log/facts.ts'
import type { Conclusion, Observed } from '../observed.ts'
import type { Redaction } from '../redaction.ts'
import type { Attempt } from './attempt.ts'
import type { RequestTrace } from './request-trace.ts'

/** Other methods are `_OTHER`, so that a client cannot make up names without end. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'])

/** The request as we served it (OpenTelemetry, "Semantic conventions for HTTP spans", server). */
export function serverSpan(
  trace: RequestTrace,
  observed: Observed,
  how: Conclusion,
  redaction: Redaction,
): Span {
  const request = observed.request!
  const { head } = request
  const { status, failure } = how
  const failed = failure ?? (status >= 500 ? String(status) : undefined)
  const attributes: Attributes = {
    ...method(head.method),
    'url.scheme': how.scheme,
    'url.path': how.view?.path ?? head.path,
    'url.query': head.search === '' ? undefined : redaction.query(head.search),
    'server.address': how.view?.host,
    'server.port': how.view?.port,
    'client.address': request.remoteAddress,
    'network.peer.address': request.remoteAddress,
    'network.protocol.version': protocolOf(observed).slice(5),
    'user_agent.original': request.headers.get('user-agent'),
    'http.response.status_code': status,
    'http.request.body.size': how.bytesReceived,
    'http.response.body.size': how.bytesSent,
    'error.type': failed,
    'outrigger.listener': observed.listener,
    'outrigger.route': how.match?.rule.name || undefined,
    'outrigger.upstream': how.backend?.cluster,
    'outrigger.source': how.view?.peer.identity,
    'outrigger.request_id': observed.requestId,
  }
  return {
    ...span(trace, observed, observed.startMs, how.endMs),
    spanId: trace.spanId,
    parentSpanId: trace.incoming.context?.spanId ?? '',
    name: nameOf(head.method),
    kind: 'server',
    attributes,
    error: failed === undefined || (status < 500 && failure === 'client_gone') ? undefined : how.detail,
  }
}

/** One try with an endpoint (the same document, client). */
export function clientSpan(
  trace: RequestTrace,
  observed: Observed,
  { spanId, endpoint, secure, number, startMs }: Attempt,
  { outcome, status }: CallResult,
  endMs: number,
): Span {
  const { head } = observed.request!
  const failed = outcome === 'answered' ? (status! >= 400 ? String(status) : undefined) : outcome
  const attributes: Attributes = {
    ...method(head.method),
    'url.full': `${secure ? 'https' : 'http'}://${hostOf(endpoint)}${head.path}`,
    'server.address': endpoint.socketPath ?? endpoint.host,
    'server.port': endpoint.socketPath === undefined ? endpoint.port : undefined,
    'http.response.status_code': status,
    'http.request.resend_count': number > 1 ? number - 1 : undefined,
    'error.type': failed,
  }
  return {
    ...span(trace, observed, startMs, endMs),
    spanId,
    parentSpanId: trace.spanId,
    name: nameOf(head.method),
    kind: 'client',
    attributes,
    error: failed === undefined ? undefined : '',
  }
}

/** From the clock that never jumps to the time of day. */
function span(trace: RequestTrace, { startMs, startedAtMs }: Observed, fromMs: number, toMs: number) {
  return {
    traceId: trace.traceId,
    traceState: trace.incoming.state,
    startMs: startedAtMs + (fromMs - startMs),
    endMs: startedAtMs + (toMs - startMs),
  }
}

function nameOf(method: string): string {
  return METHODS.has(method) ? method : 'HTTP'
}

function method(name: string): Attributes {
  return METHODS.has(name)
    ? { 'http.request.method': name }
    : { 'http.request.method': '_OTHER', 'http.request.method_original': name }
}

function hostOf({ host, port, socketPath }: Endpoint): string {
  if (socketPath !== undefined) return 'localhost'
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
