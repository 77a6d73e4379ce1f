import { type Answer, jsonAnswer } from '../http-server/answer.ts'
import { type RefusalReason, Refused } from '../http-server/refusal.ts'

/** What the collector says: code, status and text (Splunk, "Possible error codes" of HEC). */
const CODES = {
  tokenRequired: { code: 2, status: 401, text: 'Token is required', reason: 'unauthorized' },
  invalidAuthorization: { code: 3, status: 401, text: 'Invalid authorization', reason: 'unauthorized' },
  invalidToken: { code: 4, status: 403, text: 'Invalid token', reason: 'unauthorized' },
  noData: { code: 5, status: 400, text: 'No data', reason: 'malformed' },
  invalidFormat: { code: 6, status: 400, text: 'Invalid data format', reason: 'malformed' },
  busy: { code: 9, status: 503, text: 'Server is busy', reason: 'busy' },
  channelMissing: { code: 10, status: 400, text: 'Data channel is missing', reason: 'malformed' },
  channelInvalid: { code: 11, status: 400, text: 'Invalid data channel', reason: 'malformed' },
  eventRequired: { code: 12, status: 400, text: 'Event field is required', reason: 'malformed' },
  eventBlank: { code: 13, status: 400, text: 'Event field cannot be blank', reason: 'malformed' },
  ackDisabled: { code: 14, status: 400, text: 'ACK is disabled', reason: 'not_supported' },
  invalidFields: { code: 15, status: 400, text: 'Error in handling indexed fields', reason: 'malformed' },
  queryTokenDisabled: {
    code: 16,
    status: 400,
    text: 'Query string authorization is not enabled',
    reason: 'unauthorized',
  },
} as const satisfies Record<string, { code: number; status: number; text: string; reason: RefusalReason }>

export type HecCode = keyof typeof CODES

/** A refusal with its code; `event` is the number of the event at fault, from 0. */
export function refuse(name: HecCode, event?: number): Refused {
  const { code, status, text, reason } = CODES[name]
  const body = { text, code, ...(event !== undefined && { 'invalid-event-number': event }) }
  return new Refused(reason, status, text, { answer: jsonAnswer(status, body) })
}

export function healthAnswer(isStuck: boolean): Answer {
  return isStuck
    ? jsonAnswer(503, { text: 'HEC is unhealthy, queues are full', code: 18 })
    : jsonAnswer(200, { text: 'HEC is healthy', code: 17 })
}

/** What is refused before the collector looks at it, in its words. */
export function refusalAnswer({ reason, status, message, headers, record }: Refused): Answer {
  if (reason === 'busy')
    return jsonAnswer(CODES.busy.status, { text: CODES.busy.text, code: CODES.busy.code }, headers)
  if (status === 404)
    return jsonAnswer(404, { text: 'The requested URL was not found on this server.', code: 404 })
  const event = record === undefined ? {} : { 'invalid-event-number': record }
  const text = reason === 'malformed' ? CODES.invalidFormat.text : message
  return jsonAnswer(
    status,
    { text, code: CODES.invalidFormat.code, ...event, ...(reason === 'malformed' && { detail: message }) },
    headers,
  )
}
