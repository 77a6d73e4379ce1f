import { createHttpClient } from '../../../http/client/client.ts'
import { HttpClientError } from '../../../http/client/error.ts'
import type { Clock } from '../../../kernel/clock/clock.ts'
import { VaultError } from '../error.ts'

export interface MetadataQuestion {
  /** Who is asked, for messages: `the metadata service of Azure`. */
  readonly name: string
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  /** A form to send, by POST. */
  readonly form?: URLSearchParams
  /** It may well be away: asked once, and not for long. */
  readonly isOptional?: boolean
}

const TIMEOUT_MS = 5000
const OPTIONAL_TIMEOUT_MS = 1000
const TRIES = 2
const MAX_REPLY_BYTES = 64 * 1024
const TOLD_CHARACTERS = 200

/**
 * Asks those who know of a cloud who we are. Rejects with a VaultError; the answers are secrets, and only what is no
 * success is told.
 */
export async function askMetadata(
  question: MetadataQuestion,
  clock: Clock,
  signal: AbortSignal,
): Promise<string> {
  for (let left = question.isOptional ? 0 : TRIES - 1; ; left--) {
    const reply = await askOnce(question, clock, signal)
    if (typeof reply === 'string') return reply
    if (left === 0 || !reply.isPassing) throw reply
  }
}

async function askOnce(
  { name, url, headers = {}, form, isOptional }: MetadataQuestion,
  clock: Clock,
  signal: AbortSignal,
): Promise<string | VaultError> {
  const timeoutMs = isOptional ? OPTIONAL_TIMEOUT_MS : TIMEOUT_MS
  const client = createHttpClient({ origin: url, clock, maxConnections: 1, connectTimeoutMs: timeoutMs })
  try {
    const response = await client.request({
      method: form === undefined ? 'GET' : 'POST',
      path: `${url.pathname}${url.search}`,
      headers: { ...headers, ...(form && { 'content-type': 'application/x-www-form-urlencoded' }) },
      ...(form && { body: Buffer.from(String(form)) }),
      timeoutMs,
      signal,
    })
    const body = (await response.body.bytes(MAX_REPLY_BYTES)).toString()
    if (response.status === 200) return body
    const words = body.slice(0, TOLD_CHARACTERS).replace(/\s+/g, ' ').trim()
    const passes = response.status >= 500 || response.status === 429
    return new VaultError(
      passes ? 'unavailable' : 'invalid',
      `${name} answered ${response.status}${words === '' ? '' : `: ${words}`}`,
    )
  } catch (error) {
    if (error instanceof HttpClientError) return new VaultError('unavailable', `${name}: ${error.message}`)
    throw error
  } finally {
    client.close()
  }
}

/** A member of a JSON object. Throws a VaultError where there is none. */
export function memberOf(text: string, path: readonly string[], name: string): string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new VaultError('unavailable', `${name} gave no JSON`)
  }
  for (const key of path) value = (value as Record<string, unknown> | null | undefined)?.[key]
  if (typeof value !== 'string') throw new VaultError('unavailable', `${name} gave no ${path.join('.')}`)
  return value
}
