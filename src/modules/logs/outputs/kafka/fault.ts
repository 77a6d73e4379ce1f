import type { PartOutcome } from '../requests.ts'

/** What the library tells of a failure, and of those inside of it. */
interface Told {
  readonly code?: unknown
  readonly message?: string
  /** Kafka’s own name of the error, such as MESSAGE_TOO_LARGE. */
  readonly apiId?: unknown
  readonly errors?: readonly unknown[]
  readonly cause?: unknown
}

const REJECTED = [
  'INVALID_RECORD',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_TIMESTAMP',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
]
const TOO_LARGE = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']

/** What a failure means for the records of a batch. `key`: of the output, `logs.outputs[0].kafka`. */
export function faultOf(error: unknown, topic: string, key: string): PartOutcome {
  const all = flatten(error)
  // The library has its own words for what it finds in the metadata.
  const isUnknown = all.some(({ message }) => message?.startsWith('Unknown topic'))
  const kafka = isUnknown
    ? 'UNKNOWN_TOPIC_OR_PARTITION'
    : all.map(({ apiId }) => apiId).find(id => typeof id === 'string')
  const words = all.findLast(({ message }) => message)?.message ?? String(error)
  const reason =
    kafka === undefined ? `Kafka: ${words}` : `Kafka answered ${kafka} for the topic ${topic}: ${words}`
  if (kafka !== undefined) {
    if (TOO_LARGE.includes(kafka)) return { kind: 'too_large', reason: `${reason}; see ${key}.maxBatch` }
    if (REJECTED.includes(kafka)) return { kind: 'rejected', reason }
    if (/AUTHENTICATION|ILLEGAL_SASL|UNSUPPORTED_SASL/.test(kafka))
      return { kind: 'failed', reason: `${reason}; check ${key}.sasl`, refused: true }
    if (/AUTHORIZATION_FAILED/.test(kafka))
      return { kind: 'failed', reason: `${reason}; check what the user of ${key}.sasl may do`, refused: true }
    if (kafka === 'UNKNOWN_TOPIC_OR_PARTITION')
      return {
        kind: 'failed',
        reason: `${reason}; make the topic, or see ${key}.createTopics`,
        refused: true,
      }
    return { kind: 'failed', reason }
  }
  const text = all.map(({ code, message }) => `${code ?? ''} ${message ?? ''}`).join(' ')
  // Brokers end the connection of whom they refuse, which is all that the library tells then.
  if (/PLT_KFK_AUTHENTICATION|closed while waiting for ready/.test(text))
    return { kind: 'failed', reason: `${reason}; check ${key}.sasl`, refused: true }
  if (/certificate|ERR_TLS|ERR_SSL|altname|SELF_SIGNED|UNABLE_TO_VERIFY/i.test(text))
    return { kind: 'failed', reason: `${reason}; check ${key}.tls`, refused: true }
  return { kind: 'failed', reason: `${reason}; check ${key}.brokers` }
}

/** The error, what caused it and what it is made of, from the outside in. */
function flatten(error: unknown, depth = 0): Told[] {
  if (typeof error !== 'object' || error === null || depth > 8) return []
  const told = error as Told
  return [told, ...[...(told.errors ?? []), told.cause].flatMap(inner => flatten(inner, depth + 1))]
}
