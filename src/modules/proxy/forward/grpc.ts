import type { HeaderList } from '../../../wire/http1/headers.ts'
import { FAILURES, type FailureCode } from '../failure.ts'

/** gRPC's own words for a status (the project's document "HTTP to gRPC Status Code Mapping"). */
const STATUS: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  413: 8,
  429: 14,
  499: 1,
}
const DEADLINE_EXCEEDED = 4
const UNAVAILABLE = 14

const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 0.001,
  n: 0.000001,
}

export function isGrpc(headers: HeaderList): boolean {
  return headers.get('content-type')?.startsWith('application/grpc') === true
}

/** What the caller says in `grpc-timeout`: the whole call may take no longer. undefined: nothing that can be read. */
export function grpcTimeoutMs(headers: HeaderList): number | undefined {
  const match = /^([0-9]{1,8})([HMSmun])$/.exec(headers.get('grpc-timeout') ?? '')
  return match === null ? undefined : Number(match[1]) * UNIT_MS[match[2]!]!
}

/** A failure as gRPC reads it: headers of an answer without messages, or trailers of one that had begun. */
export function grpcFailure(code: FailureCode, detail: string): Record<string, string> {
  const status = code === 'timeout' ? DEADLINE_EXCEEDED : (STATUS[FAILURES[code].status] ?? UNAVAILABLE)
  return { 'grpc-status': String(status), 'grpc-message': encodeURIComponent(`${code}: ${detail}`) }
}
