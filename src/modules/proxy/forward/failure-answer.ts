import type { ServerResponse } from '../../../http/server/response.ts'
import type { Refusal } from '../refusal.ts'
import { grpcFailure } from './grpc.ts'

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
    response.send(200, Object.assign(headers, grpcFailure(code, detail)))
    return
  }
  headers['Content-Type'] = 'text/plain; charset=utf-8'
  response.send(status, headers, `${code}: ${detail}\n`)
}
