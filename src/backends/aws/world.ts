import { readFile } from 'node:fs/promises'
import { createHttpClient } from '../../http/client/client.ts'
import { HttpClientError } from '../../http/client/error.ts'
import type { Clock } from '../../kernel/clock/clock.ts'
import { CredentialsError } from './credentials.ts'

/** What the places of credentials see of the world. */
export interface AwsWorld {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Gives a file's text; undefined when there is no such file. */
  readonly readFile: (path: string) => Promise<string | undefined>
  readonly ask: (request: AwsQuestion) => Promise<AwsReply>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface AwsQuestion {
  readonly url: URL
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly timeoutMs: number
  /** The longest answer that is read. Default 64 KiB. */
  readonly maxReplyBytes?: number
}

/** `unreachable`: there was no answer, and why. */
export type AwsReply = { readonly status: number; readonly body: string } | { readonly unreachable: string }

const MAX_REPLY_BYTES = 64 * 1024

/** The real one. */
export function awsWorld(clock: Clock, env: AwsWorld['env']): AwsWorld {
  return {
    env,
    now: () => clock.now(),
    readFile: async path => {
      try {
        return await readFile(path, 'utf8')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw new CredentialsError(`${path} cannot be read: ${(error as Error).message}`)
      }
    },
    ask: async ({ url, method = 'GET', headers = {}, body, timeoutMs, maxReplyBytes = MAX_REPLY_BYTES }) => {
      const client = createHttpClient({ origin: url, clock, maxConnections: 1, connectTimeoutMs: timeoutMs })
      try {
        const path = `${url.pathname}${url.search}`
        const bytes = body === undefined ? {} : { body: Buffer.from(body) }
        const response = await client.request({ method, path, headers, ...bytes, timeoutMs })
        return { status: response.status, body: (await response.body.bytes(maxReplyBytes)).toString() }
      } catch (error) {
        if (error instanceof HttpClientError) return { unreachable: error.message }
        throw error
      } finally {
        client.close()
      }
    },
  }
}

/** The JSON that container and instance endpoints give out. `where`: for messages. */
export function readEndpointCredentials(text: string, where: string) {
  let answer: Record<string, unknown>
  try {
    answer = JSON.parse(text) as Record<string, unknown>
  } catch {
    throw new CredentialsError(`${where} gave no JSON`, { passing: true })
  }
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = answer ?? {}
  if (typeof AccessKeyId !== 'string' || typeof SecretAccessKey !== 'string') {
    const said = answer?.['Message'] ?? answer?.['message'] ?? answer?.['Code']
    throw new CredentialsError(`${where} gave no keys${typeof said === 'string' ? `: ${said}` : ''}`)
  }
  const expiresAtMs = typeof Expiration === 'string' ? Date.parse(Expiration) : Number.NaN
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    ...(typeof Token === 'string' ? { sessionToken: Token } : {}),
    ...(Number.isNaN(expiresAtMs) ? {} : { expiresAtMs }),
  }
}

/** What an answer that is no success says, on one line. */
export function said({ status, body }: { readonly status: number; readonly body: string }): string {
  const text = body.slice(0, 200).replace(/\s+/g, ' ').trim()
  return text === '' ? `answered ${status}` : `answered ${status}: ${text}`
}
