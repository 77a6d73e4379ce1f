import { HttpServerError } from '../../../http/server/error.ts'
import type { ServerResponse } from '../../../http/server/response.ts'
import type { Refusal } from '../refusal.ts'

/** gRPC's own words for a status (the project's document "HTTP to gRPC Status Code Mapping"). */
const GRPC_STATUS: Readonly<Record<number, number>> = { 400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 504: 4 }
const UNAVAILABLE = 14

/** Answers a request that got no answer: the code in `outrigger-error`; for a gRPC caller, an answer that gRPC reads. */
export function answerFailure(
  response: ServerResponse,
  { code, status, detail, headers: more }: Refusal,
  isGrpc: boolean,
): void {
  const headers: Record<string, string> = { 'outrigger-error': code }
  for (let at = 0; at < more.length; at += 2) headers[more[at]!] = more[at + 1]!
  if (isGrpc) {
    headers['Content-Type'] = 'application/grpc'
    headers['grpc-status'] = String(GRPC_STATUS[status] ?? UNAVAILABLE)
    headers['grpc-message'] = encodeURIComponent(`${code}: ${detail}`)
    response.send(200, headers)
    return
  }
  headers['Content-Type'] = 'text/plain; charset=utf-8'
  response.send(status, headers, `${code}: ${detail}\n`)
}

/** Answers a request whose body was no HTTP, or too slow; to a client that went away there is nothing to say. */
export function answerBroken(response: ServerResponse, error: Error): void {
  if (!(error instanceof HttpServerError) || error.code === 'client_gone') return
  const headers = { 'outrigger-error': 'bad_request', Connection: 'close' }
  response.send(error.status, headers, `${error.message}\n`)
}
