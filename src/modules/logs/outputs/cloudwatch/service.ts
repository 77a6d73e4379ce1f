import type { Credentials } from '../../../../backends/aws/credentials.ts'
import { CredentialsError } from '../../../../backends/aws/credentials.ts'
import { type Hashes, sign } from '../../../../wire/sigv4/sign.ts'
import type { HttpPeer } from '../http-peer.ts'
import type { FailedOutcome } from '../output.ts'
import { parseRetryAfter } from '../retry-after.ts'
import { type AwsVerdict, judgeAws } from './put-answer.ts'

export interface ServiceOptions {
  readonly peer: HttpPeer
  readonly endpoint: URL
  readonly region: string
  readonly credentials: Credentials
  /** The option that gives credentials, for messages. */
  readonly credentialsKey: string
  readonly hashes: Hashes
  readonly now: () => number
}

/** The JSON 1.1 protocol of CloudWatch Logs: every action is a signed POST to the root. */
export class LogsService {
  readonly #options: ServiceOptions
  readonly #path: string

  constructor(options: ServiceOptions) {
    this.#options = options
    this.#path = options.endpoint.pathname
  }

  /** The service's verdict, or why there is none. */
  async call(action: string, text: string, signal: AbortSignal): Promise<AwsVerdict | FailedOutcome> {
    const { peer, credentials, credentialsKey, now } = this.#options
    const body = Buffer.from(text)
    let headers: Record<string, string>
    try {
      headers = await this.#headers(action, body)
    } catch (error) {
      if (!(error instanceof CredentialsError)) throw error
      return { kind: 'failed', reason: `${error.message}; or give ${credentialsKey}`, refused: true }
    }
    const answer = await peer.request(
      { method: 'POST', path: this.#path, headers, body, maxAnswerBytes: 64 * 1024 },
      signal,
    )
    if ('failure' in answer) return answer.failure
    const verdict = judgeAws(answer.status, answer.body)
    if (verdict.kind === 'credentials') credentials.forget()
    const afterMs = parseRetryAfter(answer.header('retry-after'), now())
    return verdict.kind === 'failed' && afterMs !== undefined ? { ...verdict, afterMs } : verdict
  }

  async #headers(action: string, body: Buffer): Promise<Record<string, string>> {
    const { endpoint, region, credentials, hashes, now } = this.#options
    const headers = {
      host: endpoint.host,
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `Logs_20140328.${action}`,
    }
    const request = { method: 'POST', path: this.#path, query: '', headers, body }
    const keys = await credentials.get()
    return { ...headers, ...sign(request, { region, service: 'logs', timeMs: now() }, keys, hashes) }
  }
}
