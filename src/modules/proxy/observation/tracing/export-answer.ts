import type { ClientResponse } from '../../../../http/client/response.ts'
import type { Clock } from '../../../../kernel/clock/clock.ts'
import { decodePartialSuccess } from '../../../../wire/otlp/response.ts'

/** What came of a batch. */
export type Answer =
  | { readonly kind: 'taken'; readonly rejected: number; readonly message: string }
  /** For good. */
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string; readonly retryAfterMs: number | undefined }

/** An answer holds a few numbers; what is longer is not read. */
const MAX_BYTES = 64 * 1024
/** OTLP specification, "Retryable Response Codes". */
const RETRYABLE = new Set([429, 502, 503, 504])

/** Reads a collector's answer as the OTLP specification says. */
export async function answerOf(
  response: ClientResponse,
  encoding: 'protobuf' | 'json',
  clock: Pick<Clock, 'now'>,
): Promise<Answer> {
  const { status, headers } = response
  const body = await response.body.bytes(MAX_BYTES).catch(() => Buffer.alloc(0))
  if (status >= 200 && status < 300) return { kind: 'taken', ...rejectedOf(body, encoding) }
  const message = `it answered ${status}`
  if (!RETRYABLE.has(status)) return { kind: 'refused', message }
  return { kind: 'failed', message, retryAfterMs: retryAfterMs(headers.get('retry-after'), clock) }
}

function rejectedOf(body: Buffer, encoding: 'protobuf' | 'json') {
  if (encoding === 'protobuf') return decodePartialSuccess(body)
  try {
    const { rejectedSpans = 0, errorMessage = '' } = JSON.parse(body.toString()).partialSuccess ?? {}
    const rejected = Number(rejectedSpans)
    return {
      rejected: Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0,
      message: String(errorMessage),
    }
  } catch {
    return { rejected: 0, message: '' }
  }
}

/** Seconds or a date (RFC 9110 section 10.2.3). */
function retryAfterMs(text: string | undefined, clock: Pick<Clock, 'now'>): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - clock.now())
}
