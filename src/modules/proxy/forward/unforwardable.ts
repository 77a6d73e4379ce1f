import type { ServerRequest } from '../../../http/server/request.ts'
import { type Refusal, refusal } from '../refusal.ts'
import type { RequestView } from '../request.ts'
import type { Decisions } from './forwarder.ts'
import { hasPassed, hasUnderscores } from './request-fields.ts'

const CLOSE = ['Connection', 'close']

/** Why a request goes nowhere, whatever its route. */
export function unforwardable(
  { body }: ServerRequest,
  { headers }: RequestView,
  { hop, underscores, maxBodyBytes }: Decisions,
): Refusal | undefined {
  if (hasPassed(headers, hop)) return refusal('loop_detected', 'Via names this listener')
  if (underscores === 'refuse' && hasUnderscores(headers))
    return refusal('bad_request', 'a header has an underscore in its name')
  if (body.declaredBytes !== undefined && body.declaredBytes > maxBodyBytes)
    return refusal('body_too_large', `the body is larger than ${maxBodyBytes} bytes`, CLOSE)
  return undefined
}
