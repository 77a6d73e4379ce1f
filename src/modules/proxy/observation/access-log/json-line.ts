import type { Conclusion, Observed } from '../observed.ts'
import type { Redaction } from '../redaction.ts'
import { jsonName, jsonText } from './escape.ts'
import { durationMs, fieldValue, grpcStatus, identityOf, protocolOf, TimeText, upstreamMs } from './facts.ts'

/** Makes a whole line, with its line feed. */
export type LineFormat = (observed: Observed, conclusion: Conclusion) => string

/**
 * Our own line: one JSON object. `failure` and `detail` are there when the request failed, `route`, `upstream`,
 * `endpoint` and `upstream_ms` when it came that far, `audits` when it met audit rules; what is empty is left out.
 */
export function jsonLines(redaction: Redaction): LineFormat {
  const time = new TimeText()
  return (observed, conclusion) => {
    const { request, other } = observed
    const { view, match, backend, endpoint, failure } = conclusion
    let line = `{"time":"${time.of(observed.startedAtMs)}","listener":${jsonName(observed.listener)}`
    if (request === undefined) {
      line += given('method', other!.method) + given('path', other!.path)
      line += `,"protocol":"${other!.protocol}"${given('server_name', other!.serverName)}`
    } else {
      const { head } = request
      line += `,"method":${jsonText(head.method)},"path":${jsonText(view?.path ?? head.path)}`
      if (head.search !== '') line += `,"query":${jsonText(redaction.query(head.search))}`
      line += `,"protocol":"${protocolOf(observed)}","host":${jsonText(head.authority)}`
    }
    if (conclusion.status !== 0) line += `,"status":${conclusion.status}`
    const ofGrpc = grpcStatus(observed)
    if (ofGrpc !== undefined) line += `,"grpc_status":${ofGrpc}`
    if (failure !== undefined) line += `,"failure":"${failure}","detail":${jsonName(conclusion.detail)}`
    line += `,"duration_ms":${durationMs(observed, conclusion)}`
    const waitedMs = upstreamMs(observed)
    if (waitedMs !== undefined) line += `,"upstream_ms":${waitedMs}`
    line += `,"bytes_received":${conclusion.bytesReceived},"bytes_sent":${conclusion.bytesSent}`
    if (match !== undefined && match.rule.name !== '') line += `,"route":${jsonName(match.rule.name)}`
    if (backend !== undefined) line += `,"upstream":${jsonName(backend.cluster)}`
    if (endpoint !== undefined) line += `,"endpoint":${jsonName(endpoint.key)}`
    if (observed.tries > 1) line += `,"tries":${observed.tries}`
    line += `,"client":${jsonText(observed.client)}`
    line += given('identity', identityOf(observed, conclusion))
    if (view?.audits !== undefined) line += `,"audits":[${view.audits.map(jsonName).join()}]`
    const headers = request?.headers
    line += given('user_agent', fieldValue(headers, 'user-agent', redaction))
    line += given('request_id', observed.requestId ?? fieldValue(headers, 'x-request-id', redaction))
    line += given('trace_id', observed.trace?.traceId)
    return `${line}}\n`
  }
}

function given(name: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${name}":${jsonText(value)}`
}
