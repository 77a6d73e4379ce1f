/** What JetStream made of one message. */
export type Ack =
  | { readonly kind: 'stored' }
  /** busy: the same again later. refused: whatever the record. rejected: this record. */
  | { readonly kind: 'busy' | 'refused' | 'rejected'; readonly reason: string }

const STORED: Ack = { kind: 'stored' }
/** Error codes of JetStream that speak of the message itself: too large, its header too large. */
const REJECTS = [10054, 10097]

/** Reads the answer to a publish (`PubAck` of JetStream's API). `key`: of the output. */
export function readAck(status: number | undefined, text: string, key: string): Ack {
  if (status === 503)
    return { kind: 'refused', reason: `no stream listens on the subject; make one, or check ${key}.subject` }
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    return { kind: 'busy', reason: `JetStream answered what is no acknowledgement: ${text.slice(0, 100)}` }
  }
  const { stream, error } = (answer ?? {}) as {
    stream?: unknown
    error?: { code?: number; err_code?: number; description?: string }
  }
  if (error === undefined && typeof stream === 'string') return STORED
  const { code = 0, err_code: number = 0, description = '' } = error ?? {}
  const reason = `JetStream answered ${code}: ${description} (${number})`
  if (REJECTS.includes(number)) return { kind: 'rejected', reason }
  if (code === 503 || code === 500 || code === 408 || code === 429 || code === 0)
    return { kind: 'busy', reason }
  return { kind: 'refused', reason: `${reason}; check ${key}.stream and ${key}.subject` }
}
