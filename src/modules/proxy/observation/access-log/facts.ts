import type { HeaderList } from '../../../../wire/http1/headers.ts'
import type { Conclusion, Observed } from '../observed.ts'
import { REDACTED, type Redaction } from '../redaction.ts'

/** HTTP/1.0, HTTP/1.1 or HTTP/2, as the client speaks it; TCP or TLS for what is passed on as it is. */
export function protocolOf({ request, other }: Observed): string {
  if (request === undefined) return other!.protocol
  const { head } = request
  if ('protocol' in head) return 'HTTP/2'
  return head.minor === 1 ? 'HTTP/1.1' : 'HTTP/1.0'
}

/** The status of a gRPC call, from the trailers or from an answer that is trailers alone. */
export function grpcStatus({ trailers, answer }: Observed): number | undefined {
  const text = trailers?.get('grpc-status') ?? answer?.get('grpc-status')
  return text !== undefined && /^\d{1,3}$/.test(text) ? Number(text) : undefined
}

/** From the request to the end of the answer, whole milliseconds. */
export function durationMs({ startMs }: Observed, { endMs }: Conclusion): number {
  return Math.round(endMs - startMs)
}

/** From the beginning of the last try to the head of its answer; undefined without one. */
export function upstreamMs({ tryStartMs, headMs }: Observed): number | undefined {
  return headMs === 0 ? undefined : Math.round(headMs - tryStartMs)
}

/** A field's values as one list, without secrets. */
export function fieldValue(
  headers: HeaderList | undefined,
  lowerName: string,
  redaction: Redaction,
): string | undefined {
  const first = headers?.get(lowerName)
  if (first === undefined) return undefined
  return redaction.hides(lowerName) ? REDACTED : headers!.combined(lowerName)
}

/** Path, normalised where it could be, and query, without secrets. */
export function pathOf(
  { request, other }: Observed,
  { view }: Conclusion,
  redaction: Redaction,
): string | undefined {
  if (request === undefined) return other!.path
  const { head } = request
  const path = view?.path ?? head.path
  return head.search === '' ? path : `${path}?${redaction.query(head.search)}`
}

/** The identity that the client has proved. */
export function identityOf({ other }: Observed, { view }: Conclusion): string | undefined {
  return other === undefined ? view?.peer.identity : other.identity
}

/** Gives times as `2026-01-31T12:00:00.000Z`; what stays the same for a second is made once. */
export class TimeText {
  #second = -1
  #text = ''

  of(ms: number): string {
    const second = Math.floor(ms / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#text = new Date(second * 1000).toISOString().slice(0, 20)
    }
    return `${this.#text}${String(Math.floor(ms) - second * 1000).padStart(3, '0')}Z`
  }
}
